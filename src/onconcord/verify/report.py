"""What verify found, could not look at, and looked at."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from onconcord.errors import Fault


@dataclass
class Report:
    """
    What was checked, what could not be and why, and every fault by its check.

    Args:
        release: name of the release, or what else was verified.
        tier: tier of the release; None for what is not a release.
        checked: ids of the checks that ran to their end.
        not_checked: id of a check -> why it could not be made.
        faults: id of the check and what it found: file or table, column, row key, what to expect.
    """

    release: str
    tier: str | None
    checked: list[str] = field(default_factory=list)
    not_checked: dict[str, str] = field(default_factory=dict)
    faults: list[tuple[str, Fault]] = field(default_factory=list)

    def check(self, name: str, faults: Iterable[Fault]) -> None:
        """Note a check that was made, with what it found."""
        self.faults += [(name, fault) for fault in faults]
        self.checked.append(name)

    def of(self, name: str) -> list[Fault]:
        """What one check found."""
        return [fault for check, fault in self.faults if check == name]

    def as_dict(self) -> dict[str, object]:
        """The report as `--json` prints it."""
        return {
            "release": self.release,
            "tier": self.tier,
            "checked": self.checked,
            "not_checked": self.not_checked,
            "faults": [
                {
                    "check": check,
                    "source": fault.source,
                    "column": fault.column,
                    "message": fault.message,
                }
                for check, fault in self.faults
            ],
        }

    def as_json(self) -> str:
        """The same as text."""
        return json.dumps(self.as_dict(), indent=1)
