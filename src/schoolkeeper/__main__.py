"""`python -m schoolkeeper` is the command `schoolkeeper`."""

from schoolkeeper.cli.main import main

main()
