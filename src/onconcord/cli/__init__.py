"""
The command line. Each module of this package registers the commands of one area.

A command imports what it works with when it is called, so that `--help` loads no data frames.

Exit codes: 0 fine; 1 finished, with faults found; 2 bad input; 3 a tool failed.
"""

import os
import signal
import sys
from types import FrameType

from onconcord.runtime.foreign import leave_foreign_modules

leave_foreign_modules()

import typer  # noqa: E402

from onconcord import __version__  # noqa: E402
from onconcord.errors import OnconcordError, ToolError  # noqa: E402
from onconcord.runtime.disk import full_disk  # noqa: E402
from onconcord.runtime.supervise import ENDING  # noqa: E402

app = typer.Typer(
    name="onconcord",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help=__doc__,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"onconcord {__version__}")
        raise typer.Exit


@app.callback(help="Raw tumour and normal reads to harmonised Parquet tables.")
def _root(
    version: bool = typer.Option(
        False, "--version", callback=_show_version, is_eager=True, help="Print the version."
    ),
) -> None:
    pass


def _end(number: int, _: FrameType | None) -> None:
    """End as an error does, so that what was laid down aside is removed."""
    os.write(sys.stderr.fileno(), f"error: ended by {signal.Signals(number).name}.\n".encode())
    sys.exit(128 + number)


def main() -> None:
    """Run the command line; a user's error is one message on standard error, never a traceback."""
    for number in ENDING:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _end)
    try:
        app()
    except OnconcordError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except Exception as error:
        if (reason := full_disk(error)) is None:
            raise
        print(f"error: {reason}", file=sys.stderr)
        sys.exit(ToolError.exit_code)


from onconcord.cli import (  # noqa: E402
    catalogue,  # noqa: F401
    certify,  # noqa: F401
    cohort,  # noqa: F401
    compare,  # noqa: F401
    contract,  # noqa: F401
    doctor,  # noqa: F401
    explain,  # noqa: F401
    fit,  # noqa: F401
    key,  # noqa: F401
    panel,  # noqa: F401
    release,  # noqa: F401
    report,  # noqa: F401
    reproduce,  # noqa: F401
)
