"""Prefect's side of the house: flows over the engine's functions, and nothing of their own about data."""

import logging

# Prefect hands on what `extra_loggers` names, at the level that they have.
logging.getLogger("onecohort").setLevel(logging.INFO)
