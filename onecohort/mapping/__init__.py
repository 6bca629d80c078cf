"""A center's mapping: its language, its reading, its checking."""
