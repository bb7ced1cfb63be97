"""
Which patients the open releases of a centre were made of: nobody learns of fewer than a few.

Two releases tell of the patients that one of them has and the other has not, or has under another
diagnosis or with other tables. The centre keeps who they were, under its local ids, with the
diagnosis they were counted under and a digest of what was counted, beside its tables: a file that
its owner alone can read.
"""

import json
import os
from pathlib import Path

from onconcord.errors import InputError
from onconcord.files import whole_file
from onconcord.release.aggregate import SMALLEST, SMALLEST_COHORT


def check_cohort(ledger: Path, name: str, patients: frozenset[str]) -> None:
    """
    Hold that an open release tells of no few patients, alone or beside an earlier one.

    Args:
        ledger: JSON of the patients of each open release by its name; it may not be there yet.
        name: name of the release to be made. One of that name is the one it takes the place of,
            and counts like any other: somebody may have it.
        patients: "ID DIAGNOSIS DIGEST" of each of its patients; the digest is of the tables that
            are counted.
    Raises:
        InputError: too few patients, or an earlier release that differs by too few.
    """
    if len(patients) < SMALLEST_COHORT:
        message = (
            f"{len(patients)} patients; expected at least {SMALLEST_COHORT} with a normal that "
            "passed QC: release the tier consortium until there are as many"
        )
        raise InputError.at(name, message, column="--tier")
    for earlier, them in read_ledger(ledger).items():
        # ledgers of before say nothing of digests, nor of diagnoses
        known = min((patient.count(" ") for patient in them), default=0)
        for words in range(1, known + 2):
            ours, theirs = _first(words, patients), _first(words, them)
            for change, apart in (("more", ours - theirs), ("fewer", theirs - ours)):
                if 0 < len(apart) < SMALLEST:
                    message = (
                        f"{len(apart)} patients {change} than the open release {earlier}, or under "
                        "another diagnosis, or with other variants, which would tell of them: wait "
                        f"until {SMALLEST} or more came, went or changed. {earlier} stays"
                    )
                    raise InputError.at(name, message, column="--tier")


def _first(words: int, patients: frozenset[str]) -> frozenset[str]:
    """The first words of what the ledger says of each patient."""
    return frozenset(" ".join(patient.split(" ")[:words]) for patient in patients)


def read_ledger(ledger: Path) -> dict[str, frozenset[str]]:
    """
    Patients of each open release that was made, by its name and a number.

    Raises:
        InputError: the file is damaged: without it nothing is known of earlier releases.
    """
    if not ledger.exists():
        return {}
    try:
        raw = json.loads(ledger.read_text(encoding="utf-8"))
        return {str(name): frozenset(map(str, patients)) for name, patients in raw.items()}
    except (OSError, ValueError, AttributeError, TypeError) as why:
        message = (
            f"cannot be read ({type(why).__name__}): it says which patients were released. Take it "
            "from a backup; without it a release may tell of single patients"
        )
        raise InputError.at(ledger, message) from why


def note_cohort(ledger: Path, name: str, patients: frozenset[str]) -> None:
    """Add a release to the ledger, unless one of the same patients is there."""
    known = read_ledger(ledger)
    if patients in known.values():
        return
    number = sum(1 for release in known if release.split(" ")[0] == name)
    known[f"{name} ({number + 1})" if number else name] = patients
    text = json.dumps({release: sorted(them) for release, them in known.items()}, indent=1)
    with whole_file(ledger) as path:
        path.touch(mode=0o600)
        os.chmod(path, 0o600)
        path.write_text(f"{text}\n", encoding="utf-8")
