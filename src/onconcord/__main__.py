"""`python -m onconcord` is the command line."""

from onconcord.cli import main

main()
