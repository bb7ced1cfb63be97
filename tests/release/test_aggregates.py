"""The open tier: nothing that it shows, alone or with what came before, tells of a few patients."""

import json
import os
import stat
from dataclasses import replace

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from builders import PairOf, pairs_of, release_of, write_pair, write_pairs
from onconcord.errors import InputError
from onconcord.release.aggregate import (
    ALL_DIAGNOSES,
    ROUNDED_TO,
    SMALLEST,
    SMALLEST_COHORT,
    shown,
)
from onconcord.release.cohorts import check_cohort, note_cohort, read_ledger
from onconcord.verify import verify_release

VARIANT = {"reference_id": "GRCh37", "variant_key": "chr20:1:A:G"}


def counted(cells):
    """Counts of one variant from patients by diagnosis: with it, without it."""
    return pl.DataFrame(
        [
            VARIANT | {"diagnosis": code, "n_tested": with_it + without, "n_mutated": with_it}
            for code, (with_it, without) in cells.items()
        ],
        schema_overrides={"n_tested": pl.Int64, "n_mutated": pl.Int64},
    )


def seen(cells):
    rows = shown(counted(cells)).select("diagnosis", "n_mutated", "n_tested").rows()
    return {code: (with_it, tested) for code, with_it, tested in rows}


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        pytest.param({"BRCA": (9, 41)}, {"BRCA": (5, 50), "ALL": (5, 50)}, id="rounded down"),
        pytest.param({"BRCA": (4, 46)}, {}, id="few have it"),
        pytest.param({"BRCA": (46, 4)}, {}, id="few have it not"),
        pytest.param({"BRCA": (46, 0)}, {}, id="all have it"),
        pytest.param({"BRCA": (0, 46)}, {}, id="none has it looks like few"),
        pytest.param(
            {"BRCA": (2, 28), "LUAD": (6, 22)}, {"LUAD": (5, 25)}, id="the total would tell of two"
        ),
        pytest.param(
            {"BRCA": (2, 28), "LUAD": (6, 22), "COAD": (3, 27)},
            {"LUAD": (5, 25)},
            id="five in two diagnoses of at most four each are in both",
        ),
        pytest.param(
            {"BRCA": (2, 28), "LUAD": (6, 22), "COAD": (3, 27), "GBM": (1, 9)},
            {"LUAD": (5, 25), "ALL": (10, 95)},
            id="six in three diagnoses may be in any two",
        ),
        pytest.param(
            {"BRCA": (2, 28), "LUAD": (6, 22), "COAD": (3, 27), "GBM": (1, 0)},
            {"LUAD": (5, 25)},
            id="the third was tested in too few",
        ),
        pytest.param(
            {"BRCA": (22, 3), "LUAD": (60, 22), "COAD": (22, 3)},
            {"LUAD": (60, 80)},
            id="few of the others have it not",
        ),
        pytest.param(
            {"BRCA": (0, 28), "LUAD": (6, 22)},
            {"LUAD": (5, 25), "ALL": (5, 55)},
            id="none of the others has it",
        ),
        pytest.param(
            {"BRCA": (0, 3), "LUAD": (6, 22)}, {"LUAD": (5, 25)}, id="few others were tested"
        ),
        pytest.param(
            {"BRCA": (12, 0), "LUAD": (6, 22)}, {"LUAD": (5, 25)}, id="all of the others have it"
        ),
    ],
)
def test_what_is_shown_of_a_variant(cells, expected):
    assert seen(cells) == expected


# A solver: what can be said of each hidden number from everything that is shown.

KNOWN_TESTED = 2 * SMALLEST
"""Patients of a diagnosis from which on some other variant may have a cell of it, which says how
many were tested; the solver is told exactly."""


class Programme:
    """
    An integer programme: what is known of the patients with and without a variant, by cell.

    Who reads releases knows the diagnoses of each centre, the rules of `aggregate.shown`, and what
    is shown. Cells of several centres stand in one programme, as they do in a pool.

    Args:
        centres: patients of one variant by diagnosis, with it and without it, for each centre.
    """

    def __init__(self, *centres):
        self.rows, self.low, self.high = [], [], []
        self.cells = [(at, code) for at, cells in enumerate(centres) for code in sorted(cells)]
        hidden = [(at, code) for at, code in self.cells if code not in seen(centres[at])]
        self.hidden = hidden
        # of each cell the patients with it and without it; of each hidden one, which of them is
        # few; of each centre, whether any hidden patient has it
        self.size = 2 * len(self.cells) + len(hidden) + len(centres)
        for at, cells in enumerate(centres):
            self._centre(at, cells)

    def _centre(self, at, cells):
        there = seen(cells)
        own = [cell for cell in self.cells if cell[0] == at]
        dark = [cell for cell in own if cell in self.hidden]
        for code, (mutated, tested) in there.items():
            of = own if code == ALL_DIAGNOSES else [(at, code)]
            self.say({(c, 0): 1 for c in of}, max(mutated, SMALLEST), mutated + ROUNDED_TO - 1)
            both = {(c, which): 1 for c in of for which in (0, 1)}
            self.say(both, tested, tested + ROUNDED_TO - 1)
            self.say({(c, 1): 1 for c in of}, SMALLEST, np.inf)
        for cell in own:
            tested = sum(cells[cell[1]])
            if tested >= KNOWN_TESTED:
                self.say({(cell, 0): 1, (cell, 1): 1}, tested, tested)
        for cell in dark:
            few = 2 * len(self.cells) + self.hidden.index(cell)
            self.say({(cell, 0): 1, few: -MOST}, -np.inf, SMALLEST - 1)
            self.say({(cell, 1): 1, few: MOST}, -np.inf, SMALLEST - 1 + MOST)
        if ALL_DIAGNOSES in there and dark:
            some = 2 * len(self.cells) + len(self.hidden) + at
            with_it = {(cell, 0): 1 for cell in dark}
            self.say(with_it | {some: -SMALLEST}, 0, np.inf)
            self.say(with_it | {some: -MOST}, -np.inf, 0)
            self.say({(cell, 1): 1 for cell in dark}, SMALLEST, np.inf)
            self.room(dark, cells)

    def room(self, dark, cells):
        """What it tells, beside a total, that each of the others may have none."""
        self.say({(cell, 0): 1 for cell in dark}, 0, (SMALLEST - 1) * (len(dark) - 1))
        for cell in dark:
            if sum(cells[cell[1]]) >= KNOWN_TESTED:
                self.say({(cell, 1): 1}, SMALLEST, np.inf)

    def say(self, numbers, least, most):
        row = np.zeros(self.size)
        for key, factor in numbers.items():
            row[key if isinstance(key, int) else 2 * self.cells.index(key[0]) + key[1]] = factor
        self.rows.append(row)
        self.low.append(least)
        self.high.append(most)

    def bounds(self):
        """Least and most of each hidden number, by centre, diagnosis and with it (0) or without."""
        limits = LinearConstraint(np.array(self.rows), self.low, self.high)
        upper = np.where(np.arange(self.size) < 2 * len(self.cells), MOST, 1)
        found = {}
        for cell in self.hidden:
            for which in (0, 1):
                objective = np.zeros(self.size)
                objective[2 * self.cells.index(cell) + which] = 1
                ends = []
                for sign in (1, -1):
                    done = milp(
                        sign * objective,
                        constraints=limits,
                        integrality=np.ones(self.size),
                        bounds=Bounds(0, upper),
                    )
                    assert done.success, "what is shown contradicts the rules"
                    ends.append(round(sign * done.fun))
                found[(*cell, which)] = tuple(ends)
        return found


MOST = 1000
"""More patients than any cell of the cohorts has."""


def opened(bounds):
    """Hidden numbers of which it is known that they are one to SMALLEST - 1."""
    return [one for one, (least, most) in bounds.items() if least >= 1 and most < SMALLEST]


class WithoutRoom(Programme):
    """The rules without the one that leaves each of the hidden diagnoses room to have none."""

    def room(self, dark, cells):
        pass


def test_the_solver_opens_what_the_rules_do_not_hide(monkeypatch):
    """Five in two diagnoses of at most four each: both have one at the least."""
    everything = pl.DataFrame(
        [
            VARIANT | {"diagnosis": code, "n_tested": tested, "n_mutated": mutated}
            for code, mutated, tested in ((ALL_DIAGNOSES, 10, 85), ("LUAD", 5, 25))
        ]
    )
    cells = {"BRCA": (2, 28), "LUAD": (6, 22), "COAD": (3, 27)}
    assert opened(Programme(cells).bounds()) == []
    monkeypatch.setattr("test_aggregates.shown", lambda _: everything)
    found = WithoutRoom(cells).bounds()
    assert found[0, "BRCA", 0] == found[0, "COAD", 0] == (1, 4)
    assert opened(found) == [(0, "BRCA", 0), (0, "COAD", 0)]


def cohort(draw):
    """Patients of one variant by diagnosis, from rare to common, in few and many."""
    share = draw.choice([0.01, 0.05, 0.2, 0.5, 0.9, 0.99])
    cells = {}
    for code in range(draw.integers(1, 6)):
        tested = int(draw.choice([1, 3, 6, 12, 25, 60, 200]))
        with_it = int(draw.binomial(tested, share))
        cells[f"D{code}"] = (with_it, tested - with_it)
    return cells


@pytest.mark.parametrize(
    "first",
    [
        pytest.param(0, id="25 cohorts"),
        *(
            pytest.param(start, id=f"cohorts from {start}", marks=pytest.mark.slow)
            for start in range(25, 1000, 65)
        ),
    ],
)
def test_no_hidden_cell_of_a_thousand_cohorts_can_be_solved(first):
    shown_cells = 0
    for seed in range(first, first + (25 if first == 0 else 65)):
        cells = cohort(np.random.default_rng(seed))
        shown_cells += len(seen(cells))
        assert opened(Programme(cells).bounds()) == [], (seed, cells)
    assert shown_cells > 0


def intervals(cells):
    """Least and most of each number by interval propagation over the cells and the total."""
    codes, there = sorted(cells), seen(cells)
    box = {}
    for code in codes:
        mutated, tested = there.get(code, (None, None))
        box[code] = (
            [(0, 10_000), (0, 10_000)]
            if mutated is None
            else [
                (max(mutated, SMALLEST), mutated + ROUNDED_TO - 1),
                (SMALLEST, tested + ROUNDED_TO - 1 - max(mutated, SMALLEST)),
            ]
        )
    if ALL_DIAGNOSES in there:
        mutated, tested = there[ALL_DIAGNOSES]
        for code in codes:
            others = [one for one in codes if one != code]
            for which, (low, high) in enumerate(
                [
                    (mutated, mutated + ROUNDED_TO - 1),
                    (tested - mutated - ROUNDED_TO + 1, tested - mutated + ROUNDED_TO - 1),
                ]
            ):
                least = low - sum(box[one][which][1] for one in others)
                most = high - sum(box[one][which][0] for one in others)
                was = box[code][which]
                box[code][which] = (max(was[0], least), min(was[1], most))
    return box


def test_a_pool_tells_no_more_than_its_centres():
    """Seven centres and one programme: their patients are others, and a pool adds no margin."""
    cells = [cohort(np.random.default_rng(5000 + at)) for at in range(7)]
    together = Programme(*cells).bounds()
    assert opened(together) == []
    apart = {
        (at, *one[1:]): bounds
        for at, own in enumerate(cells)
        for one, bounds in Programme(own).bounds().items()
    }
    assert together == apart


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, 140, 28))
def test_no_cell_of_seven_pooled_centres_can_be_solved(first):
    for seed in range(first, first + 28):
        draw = np.random.default_rng([7, seed])
        cells = [cohort(draw) for _ in range(7)]
        assert opened(Programme(*cells).bounds()) == [], (seed, cells)


@pytest.mark.slow
def test_what_changes_between_two_releases_is_never_told_of_a_few():
    """Patients come and go in groups that the ledger allows; the change of each cell stays open."""
    told = 0
    for seed in range(1000):
        draw = np.random.default_rng(seed)
        before = cohort(draw)
        after = {}
        group = int(draw.integers(SMALLEST, 40))
        share = draw.choice([0.0, 0.1, 0.5, 1.0])
        codes = sorted(before)
        at = codes[int(draw.integers(len(codes)))]
        new = int(draw.binomial(group, share))
        after = dict(before)
        after[at] = (before[at][0] + new, before[at][1] + group - new)
        one, two = intervals(before), intervals(after)
        for code in codes:
            for which in (0, 1):
                # who reads both knows that at least SMALLEST came, not how many or who
                least = two[code][which][0] - one[code][which][1]
                most = two[code][which][1] - one[code][which][0]
                told += least > 0
                assert not (least >= 1 and most < SMALLEST), (seed, code, which)
    assert told > 0


PATIENTS = frozenset(f"PAT-{n:03d}" for n in range(30))


@pytest.mark.parametrize(
    ("patients", "message"),
    [
        pytest.param(PATIENTS, None, id="the same"),
        pytest.param(
            PATIENTS | {"NEW-1"}, "1 patients more than the open release r2026-10", id="one more"
        ),
        pytest.param(PATIENTS - {"PAT-001"}, "1 patients fewer than", id="one fewer"),
        pytest.param(
            (PATIENTS - {"PAT-001"}) | {f"NEW-{n}" for n in range(9)},
            "1 patients fewer",
            id="nine for one",
        ),
        pytest.param(PATIENTS | {f"NEW-{n}" for n in range(SMALLEST)}, None, id="five more"),
        pytest.param(
            frozenset(sorted(PATIENTS)[:19]), "19 patients; expected at least 20", id="few"
        ),
    ],
)
def test_a_release_that_differs_by_a_few_patients_is_refused(tmp_path, patients, message):
    ledger = tmp_path / "ONE.json"
    note_cohort(ledger, "r2026-10", PATIENTS)
    assert stat.S_IMODE(os.stat(ledger).st_mode) == 0o600
    if message is None:
        check_cohort(ledger, "r2026-11", patients)
    else:
        with pytest.raises(InputError, match=message):
            check_cohort(ledger, "r2026-11", patients)


def test_a_ledger_of_before_that_names_patients_alone_still_holds(tmp_path):
    ledger = tmp_path / "ONE.json"
    note_cohort(ledger, "r2026-10", PATIENTS)
    now = frozenset(f"{one} BRCA" for one in PATIENTS)
    check_cohort(ledger, "r2026-11", now)
    with pytest.raises(InputError, match="1 patients fewer than the open release r2026-10"):
        check_cohort(ledger, "r2026-11", now - {min(now)})
    note_cohort(ledger, "r2026-11", now)
    later = frozenset(f"{one} 00ff" for one in now)
    check_cohort(ledger, "r2026-12", later)
    with pytest.raises(InputError, match="1 patients more than the open release r2026-11"):
        check_cohort(ledger, "r2026-12", later - {"PAT-001 BRCA 00ff"} | {"PAT-001 LUAD 00ff"})


def test_the_ledger_keeps_every_release_and_a_damaged_one_is_refused(tmp_path):
    ledger = tmp_path / "ONE.json"
    note_cohort(ledger, "r2026-10", PATIENTS)
    note_cohort(ledger, "r2026-10", PATIENTS)
    more = PATIENTS | {f"NEW-{n}" for n in range(9)}
    note_cohort(ledger, "r2026-10", more)
    assert read_ledger(ledger) == {"r2026-10": PATIENTS, "r2026-10 (2)": more}
    ledger.write_text("[")
    with pytest.raises(InputError, match="it says which patients were released"):
        check_cohort(ledger, "r2026-11", PATIENTS)


def without_variants(pair):
    tables = pair.tables()
    for name in ("small_variant", "small_variant_atom", "variant_call_evidence", "decision"):
        tables[name] = []
    for scope in tables["analysis_scope"]:
        scope["status"] = "not_run"
    return tables


@pytest.mark.slow
def test_the_open_tier_has_aggregates_and_no_row_of_a_patient(tmp_path):
    first = pairs_of("ONE", 8)
    others = pairs_of("ONE", SMALLEST_COHORT, first=9)
    manifests = write_pairs(tmp_path, first)
    manifests += [write_pair(tmp_path, one, without_variants(one)) for one in others]
    # a second tumour of a patient, of another diagnosis, counts no second time
    again = PairOf("ONE", "TUM-AGAIN", first[0].patient, first[0].normal, diagnosis="LUAD")
    manifests.append(write_pair(tmp_path, again))
    # neither does a tumour without a normal, whose variants are withheld
    manifests.append(write_pair(tmp_path, PairOf("ONE", "TUM-ONLY", "PAT-ONLY", None)))
    out = release_of(tmp_path, manifests, "ONE", tier="open")
    tables = {path.name for path in out.iterdir() if path.is_dir()}
    assert not tables & {"small_variant", "run", "pair", "tool", "sample", "subject"}
    stated = json.loads((out / "release.json").read_text())
    assert stated["centres"] == [{"center_id": "ONE", "pairs": None}]
    found = (
        pq.ParquetFile(out / "aggregate_variant/center=ONE/part-0000.parquet").read().to_pylist()
    )
    cells = {
        (row["variant_key"], row["disease_oncotree"]): (row["n_mutated"], row["n_tested"])
        for row in found
    }
    assert cells["chr20:1100:A:G", "BRCA"] == cells["chr20:1100:A:G", "ALL"] == (5, 25)
    assert ("chr20:1100:A:G", "LUAD") not in cells
    assert verify_release(out).faults == []
    more = write_pairs(tmp_path, pairs_of("ONE", 1, first=99))
    with pytest.raises(InputError, match="1 patients more than the open release r2026-11"):
        release_of(tmp_path, [*manifests, *more], "ONE", tier="open", name="r2026-12")


@pytest.mark.slow
def test_a_patient_of_another_diagnosis_is_told_like_one_that_is_new(tmp_path):
    pairs = pairs_of("ONE", SMALLEST_COHORT)
    manifests = write_pairs(tmp_path, pairs)
    release_of(tmp_path, manifests, "ONE", tier="open")
    moved = replace(pairs[0], diagnosis="LUAD")
    write_pair(tmp_path, moved)
    with pytest.raises(InputError, match=r"1 patients more .* or under another diagnosis"):
        release_of(tmp_path, manifests, "ONE", tier="open", name="r2026-12")


@pytest.mark.slow
def test_a_patient_with_a_new_tumour_is_told_like_one_that_is_new(tmp_path):
    """The patients are the same, so that what changes between the two is of this one."""
    pairs = pairs_of("ONE", SMALLEST_COHORT)
    manifests = write_pairs(tmp_path, pairs)
    release_of(tmp_path, manifests, "ONE", tier="open")
    again = PairOf("ONE", "TUM-AGAIN", pairs[0].patient, pairs[0].normal)
    tables = again.tables()
    again.add(tables, again.variant(1700, "G", "C"))
    more = [*manifests, write_pair(tmp_path, again, tables)]
    with pytest.raises(InputError, match=r"1 patients more .* or with other variants"):
        release_of(tmp_path, more, "ONE", tier="open", name="r2026-12")
    # the same again tells nothing new
    release_of(tmp_path, manifests, "ONE", tier="open", name="r2026-12")
    # and of five with other variants it is not told which
    for pair in pairs[:SMALLEST]:
        others = pair.tables()
        pair.add(others, pair.variant(1700, "G", "C"))
        write_pair(tmp_path, pair, others)
    release_of(tmp_path, manifests, "ONE", tier="open", name="r2027-01")


def test_one_patient_is_no_open_release(tmp_path):
    with pytest.raises(InputError, match="1 patients; expected at least 20"):
        release_of(tmp_path, write_pairs(tmp_path, pairs_of("ONE", 1)), "ONE", tier="open")
