"""The synthetic sample: a truth of 100 invented patients and the nine deliveries made from it."""
