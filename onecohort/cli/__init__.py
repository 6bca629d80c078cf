"""The command line: what a data manager types. Each command is a module; each imports what it needs late."""

from onecohort.cli.app import main

__all__ = ["main"]
