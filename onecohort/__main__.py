"""`python -m onecohort` is the command `onecohort`."""

from onecohort.cli import main

main()
