"""
A command and everything it starts, ended as one.

Snakemake waits for running jobs when it is asked to end, and leaves them running when it is
killed. So it gets a process group of its own, which ends with it, and with the process that
started it: a watcher outside the group sees that process end, however it ends.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType

from onconcord.errors import OnconcordError

GRACE_S = 30
"""How long Snakemake may take to end its jobs, those of a cluster too, before all is killed."""
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
WATCHER = f"""
trap '' INT TERM HUP
read -r group
read -r word && exit 0
kill -s INT -- "-$group" 2>/dev/null
for _ in $(seq {GRACE_S}); do
    kill -s 0 "$group" 2>/dev/null || break
    sleep 1
done
for word in TERM KILL; do
    kill -s "$word" -- "-$group" 2>/dev/null || exit 0
    sleep 1
done
"""


class InterruptedRun(OnconcordError):
    """The run was asked to end by a signal, and has ended."""

    def __init__(self, number: int) -> None:
        self.exit_code = 128 + number
        name = signal.Signals(number).name
        super().__init__(f"ended by {name}. What is finished is kept: run again to go on.")


def run_supervised(words: Sequence[str], lock: int | None = None) -> int:
    """
    Run a command to its end, and end with it all that it started.

    Args:
        words: the command.
        lock: open file of the folder's lock, held until all that was started has ended.
    Returns:
        Its exit code; negative where a signal killed it.
    Raises:
        InterruptedRun: this process got SIGINT, SIGTERM or SIGHUP; the command has ended.
    """
    with _watcher(lock) as watch, _Signals() as signals:
        process = subprocess.Popen(list(words), start_new_session=True)
        watch(process.pid)
        signals.group = process.pid
        code = process.wait()
        _end_group(process.pid)
    if signals.received:
        raise InterruptedRun(signals.received)
    return code


class _Signals:
    """While it is entered, the first ending signal is passed on as SIGINT, a second one kills."""

    def __init__(self) -> None:
        self.received = 0
        self.group = 0

    def __enter__(self) -> "_Signals":
        # What whoever started this has it ignore, as nohup does of SIGHUP, it goes on ignoring.
        heeded = [number for number in ENDING if signal.getsignal(number) != signal.SIG_IGN]
        self._before = {number: signal.signal(number, self._pass_on) for number in heeded}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _pass_on(self, number: int, _: FrameType | None) -> None:
        again = bool(self.received)
        self.received = self.received or number
        if self.group:
            with suppress(ProcessLookupError):
                os.killpg(self.group, signal.SIGKILL if again else signal.SIGINT)


@contextmanager
def _watcher(lock: int | None) -> Iterator[Callable[[object], None]]:
    """A process outside the group that ends the group where this process does not come back."""
    with subprocess.Popen(
        ["sh", "-c", WATCHER],
        stdin=subprocess.PIPE,
        start_new_session=True,
        text=True,
        pass_fds=() if lock is None else (lock,),
    ) as watcher:
        assert watcher.stdin is not None
        pipe = watcher.stdin

        def tell(word: object) -> None:
            pipe.write(f"{word}\n")
            pipe.flush()

        yield tell
        tell("done")


def _end_group(group: int) -> None:
    """End what a command left behind; most often nothing."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        for _ in range(50):
            try:
                os.killpg(group, number)
            except ProcessLookupError:
                return
            time.sleep(0.1)
