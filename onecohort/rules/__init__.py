"""The verbs of the mapping language: each a function of the distinct texts of its source columns."""
