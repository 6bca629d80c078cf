"""Nine centers' exports in, one validated cohort out, and nothing lost on the way."""
