"""What can go wrong, as one family of exceptions that carry the exit code of the command line."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True)
class Fault:
    """
    One fault of one input: where, what was found, what was expected and what to do.

    Faults are in the order of their file, line and column.

    Args:
        source: file the fault is in, as the user wrote its name.
        message: what was found, what was expected, what to do; full sentences.
        line: 1-based line of the file, 0 where no single line is at fault.
        column: name of the column or dotted config key, "" where none is at fault.
    """

    source: str
    message: str
    line: int = 0
    column: str = ""

    def __str__(self) -> str:
        where = [self.source]
        if self.line:
            where.append(f"line {self.line}")
        if self.column:
            of_table = self.line and not self.source.endswith((".yaml", ".yml"))
            where.append(f'column "{self.column}"' if of_table else f'"{self.column}"')
        return f"{', '.join(where)}: {self.message}"

    def __lt__(self, other: "Fault") -> bool:
        return self._order() < other._order()

    def _order(self) -> tuple[str, int, str, str]:
        return self.source, self.line, self.column, self.message


class OnconcordError(Exception):
    """Base of every error that is shown to a user as one message without a traceback."""

    exit_code = 2


class InputError(OnconcordError):
    """Bad input: every fault found, sorted by file, line and column, one a line."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(set(faults)))
        super().__init__("\n".join(str(fault) for fault in self.faults))

    @classmethod
    def at(cls, source: str | Path, message: str, line: int = 0, column: str = "") -> Self:
        """The error of one fault, to be raised; the arguments are those of a Fault."""
        return cls([Fault(str(source), message, line, column)])


class ContractError(InputError):
    """A table breaks its contract: schema, key, sort, null rule or vocabulary."""


class ToolError(OnconcordError):
    """An external tool failed, or ended without the output it promised."""

    exit_code = 3


class BusyError(OnconcordError):
    """Another process works in the place that this one was to write to."""

    exit_code = 3
