"""What can go wrong, as one family of exceptions that carry the exit code of the command line."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Fault:
    """
    One fault of one input: where, what was found, what was expected and what to do.

    Args:
        source: file the fault is in, as the user wrote its name.
        line: 1-based line of the file, 0 where no single line is at fault.
        column: name of the column or dotted config key, "" where none is at fault.
        message: what was found, what was expected, what to do; full sentences.
    """

    source: str
    line: int
    column: str
    message: str

    def __str__(self) -> str:
        where = [self.source]
        if self.line:
            where.append(f"line {self.line}")
        if self.column:
            where.append(f'column "{self.column}"' if self.line else f'"{self.column}"')
        return f"{', '.join(where)}: {self.message}"


class OnconcordError(Exception):
    """Base of every error that is shown to a user as one message without a traceback."""

    exit_code = 2


class InputError(OnconcordError):
    """Bad input: every fault found, sorted by file, line and column, one a line."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(set(faults)))
        super().__init__("\n".join(str(fault) for fault in self.faults))


class ContractError(InputError):
    """A table breaks its contract: schema, key, sort, null rule or vocabulary."""


class ToolError(OnconcordError):
    """An external tool failed, or ended without the output it promised."""

    exit_code = 3
