"""One module per center: how it writes down its patients, and what went wrong there."""
