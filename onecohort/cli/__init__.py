"""The command line: what a data manager types; a module per command, each imported when it runs."""

from onecohort.cli.app import main

__all__ = ["main"]
