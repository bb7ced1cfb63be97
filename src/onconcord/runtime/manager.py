"""Snakemake as `onconcord run` starts it: ended by a signal it prints no traceback of its own."""

import sys

if __name__ == "__main__":
    try:
        from snakemake.cli import main  # Here, for a signal may come while it is read.

        main()
    except KeyboardInterrupt:
        # That the run was interrupted, and goes on from there, is said by whoever started this.
        sys.exit(130)
