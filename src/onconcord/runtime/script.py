"""What every script in `scripts/` does with an error."""

import functools
import sys
from collections.abc import Callable

from onconcord.errors import OnconcordError, ToolError
from onconcord.runtime.disk import full_disk


def script(work: Callable[[list[str] | None], None]) -> Callable[..., int]:
    """
    The `main` of a script: it returns the exit code of what `work` does.

    Args:
        work: parses the arguments (None = those of the process) and calls one function.
    Returns:
        A function of the same arguments: 0 where `work` ends well; a user's error is one message
        on standard error, never a traceback, and gives the error's own code; so is a full disk.
    """

    @functools.wraps(work)
    def main(argv: list[str] | None = None) -> int:
        try:
            work(argv)
        except OnconcordError as error:
            print(f"error: {error}", file=sys.stderr)
            return error.exit_code
        except Exception as error:
            if (reason := full_disk(error)) is None:
                raise
            print(f"error: {reason}", file=sys.stderr)
            return ToolError.exit_code
        return 0

    return main
