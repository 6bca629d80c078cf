"""Prefect's side of the house: flows over the engine's functions, and nothing of their own about data."""
