"""Small valid harmonised pairs of made-up patients, written as the pipeline writes them."""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from onconcord import contract
from onconcord.contract.digest import table_digest
from onconcord.harmonised.event_ids import event_id
from onconcord.release import Order, build_release, read_release
from onconcord.release.finish import write_descriptions
from onconcord.release.manifest import Part
from onconcord.release.tiers import PairTables
from real_ids import MODEL, TUMOUR_DEPTH, metric_id, rule_definitions
from written_tables import prepared_table, write_table

KEY_TEXT = hashlib.sha256(b"a secret for tests").hexdigest()
"""A centre's secret for tests; tests write it outside the checkout."""

REFERENCE = "GRCh37"
TARGETS = (("chr20", 1000, 2000), ("chr20", 5000, 5600))
ANALYSES = tuple(contract.load().vocabularies["analysis"])
CALLERS = ("freebayes", "mutect2")

Row = dict[str, Any]


@dataclass(frozen=True)
class PairOf:
    """One made-up pair; its tables are `tables()`, to be changed and then written."""

    centre: str = "ONE"
    pair: str = "TUM-0001"
    patient: str = "PAT-0001"
    normal: str | None = "NRM-0001"
    qc: str = "PASS"
    diagnosis: str | None = "BRCA"
    reference: str = REFERENCE

    @property
    def run_id(self) -> str:
        return hashlib.sha256(f"{self.centre}/{self.pair}".encode()).hexdigest()[:16]

    def tables(self) -> dict[str, list[Row]]:
        """Every table that has rows, by name, without center_id."""
        variants = self._variants()
        samples = [(self.pair, "tumor"), *([(self.normal, "normal")] if self.normal else [])]
        return {
            "subject": [
                {"subject_id": self.patient, "sex_karyotypic": "XX", "age_years_at_index": 61}
            ],
            "sample": [
                {
                    "sample_id": sample,
                    "subject_id": self.patient,
                    "role": role,
                    "diagnosis_oncotree": self.diagnosis if role == "tumor" else None,
                    "library_id": f"LIB-{sample}",
                }
                for sample, role in samples
            ],
            "assay": [
                {
                    "assay_id": "exome",
                    "strategy": "WES",
                    "target_size_bp": sum(end - start for _, start, end in TARGETS),
                    "callable_padding_bp": 100,
                    "alteration_types": ["small_variant"],
                }
            ],
            "assay_region": [
                {
                    "assay_id": "exome",
                    "reference_id": self.reference,
                    "chrom": chrom,
                    "start0": start,
                    "end0": end,
                    "gene_id": "ENSG01",
                    "gene_symbol": "GNAS",
                    "feature": "exon",
                    "purpose": ["variant"],
                }
                for chrom, start, end in TARGETS
            ],
            "reference_contig": [
                {
                    "reference_id": self.reference,
                    "chrom": chrom,
                    "source_name": chrom[3:],
                    "length_bp": 63_025_520,
                    "md5": hashlib.md5(chrom.encode()).hexdigest(),
                    "refget_sq": f"SQ.{chrom:x<32}",
                    "is_primary": True,
                    "masked_bp": 0,
                }
                for chrom in ("chr20", "chrY")
            ],
            "pair": [
                {
                    "pair_id": self.pair,
                    "tumor_sample_id": self.pair,
                    "normal_sample_id": self.normal,
                    "assay_id": "exome",
                    "design": "matched" if self.normal else "tumor_only",
                    "reference_id": self.reference,
                    "run_id": self.run_id,
                    "purity_status": "not_run",
                    "qc_status": self.qc,
                    "qc_reasons": [metric_id("mean_target_coverage")] if self.qc == "FAIL" else [],
                }
            ],
            "run": [
                {
                    "run_id": self.run_id,
                    "pair_id": self.pair,
                    "pipeline_version": "0.1.0",
                    "contract_version": contract.CONTRACT_VERSION,
                    "config_sha256": "c0" * 32,
                    "lock_sha256": "10" * 32,
                    "reference_digest": "4e" * 32,
                    "exit_status": "ok",
                    "host": "secrethost",
                }
            ],
            "tool": [
                {
                    "run_id": self.run_id,
                    "step": "align",
                    "tool": "bwa",
                    "version": "0.7.17-r1188",
                    "version_source": "cli",
                    "command_template": "bwa mem -K {K} {reference} {reads}",
                },
                {
                    "run_id": self.run_id,
                    "step": "resource",
                    "tool": "population",
                    "version": "9090909090909090",
                    "version_source": "header",
                    "resource_name": "population",
                    "resource_sha256": "90" * 32,
                },
            ],
            "input_file": [
                {
                    "run_id": self.run_id,
                    "sample_id": sample,
                    "file_role": "fastq_1",
                    "ordinal": 1,
                    "format": "fastq.gz",
                    "bytes": 1234,
                    "sha256": hashlib.sha256(f"reads of {sample}".encode()).hexdigest(),
                    "reads": 10,
                }
                for sample, _ in samples
            ],
            "qc_metric": [
                {
                    "run_id": self.run_id,
                    "subject_kind": "sample",
                    "entity_id": sample,
                    "metric_id": metric_id("mean_target_coverage"),
                    "value": 98.5,
                    "unit": "1",
                    "status": self.qc if role == "tumor" else "PASS",
                    "tool": "mosdepth",
                }
                for sample, role in samples
            ],
            "gene_callability": [
                {
                    "pair_id": self.pair,
                    "gene_id": "ENSG01",
                    "gene_symbol": "GNAS",
                    "target_bp": 1600,
                    "callable_frac": 0.9,
                    "status": "partial",
                }
            ],
            "callable_region": [
                {
                    "pair_id": self.pair,
                    "reference_id": self.reference,
                    "chrom": chrom,
                    "start0": start,
                    "end0": end,
                    "state": state,
                }
                for chrom, start, end, state in (
                    ("chr20", 1000, 1900, "CALLABLE"),
                    ("chr20", 1900, 2000, "LOW_TUMOR"),
                    ("chr20", 5000, 5600, "CALLABLE"),
                )
            ],
            "analysis_scope": [
                {
                    "pair_id": self.pair,
                    "analysis": analysis,
                    "status": "done" if analysis == "small_variant" else "not_run",
                    "reason_code": None if analysis == "small_variant" else "no_caller",
                    "callers": list(CALLERS) if analysis == "small_variant" else [],
                }
                for analysis in ANALYSES
            ],
            "filter_definition": rule_definitions(),
            "rejected_record": [
                {
                    "pair_id": self.pair,
                    "caller": "freebayes",
                    "line_sha256": "ab" * 32,
                    "reference_id": self.reference,
                    "reason": "star_allele",
                    "chrom": "chr20",
                    "pos": 1234,
                }
            ],
            "vocabulary": contract.vocabulary_rows(self.centre),
            **variants,
        }

    def _variants(self) -> dict[str, list[Row]]:
        somatic = "matched_normal" if self.normal else "tumor_only_model"
        rows = [
            self._variant(1100, "A", "G", somatic),
            self._variant(1200, "AC", "TG", somatic, klass="MNV"),
            self._variant(1300, "C", "CTT", somatic, klass="INS", length=2),
            self._variant(1400, "G", "T", somatic, origin="germline_likely", passed=False, af=0.31),
            self._variant(1500, "T", "C", somatic, origin="artefact", passed=False),
        ]
        out: dict[str, list[Row]] = {
            "small_variant": [],
            "small_variant_atom": [],
            "variant_call_evidence": [],
            "variant_consequence": [],
            "variant_annotation": [],
            "oncogenicity": [],
            "decision": [],
        }
        for row in rows:
            self.add(out, row)
        return out

    def add(self, tables: dict[str, list[Row]], row: Row) -> None:
        """Add one variant with everything that hangs on it."""
        place = {
            name: row[name] for name in ("pair_id", "reference_id", "chrom", "pos", "ref", "alt")
        }
        by_variant = {"reference_id": row["reference_id"], "variant_key": row["variant_key"]}
        tables["small_variant"].append(row)
        for index, (pos, ref, alt) in enumerate(_atoms(row), start=1):
            tables["small_variant_atom"].append(
                {
                    "pair_id": row["pair_id"],
                    "event_id": row["event_id"],
                    "atom_index": index,
                    "reference_id": row["reference_id"],
                    "chrom": row["chrom"],
                    "pos": pos,
                    "ref": ref,
                    "alt": alt,
                    "tumor_alt_count": row["tumor_alt_count"],
                    "origin": row["origin"],
                    "gnomad_af_max": row["gnomad_af_max"],
                    "normal_depth": row["normal_depth"],
                    "normal_alt_count": row["normal_alt_count"],
                }
            )
        tables["variant_call_evidence"] += [
            {
                **place,
                "caller": caller,
                "match": "exact",
                "raw_record_key": row["variant_key"],
                "is_pass": caller in row["callers_pass"],
                "filters": [],
                "normal_alt_count": row["normal_alt_count"],
            }
            for caller in CALLERS
        ]
        tables["variant_consequence"].append(
            {
                **by_variant,
                "transcript_id": "ENST01",
                "consequence_so": "missense_variant",
                "gene_id": "ENSG01",
                "hgvsp": "p.Arg201Cys",
                "impact": "MODERATE",
                "is_picked": True,
                "annotator": "snpeff",
                "annotator_version": "5.1d",
            }
        )
        tables["variant_annotation"].append(
            {**by_variant, "source": "clinvar", "field": "significance", "value_text": "benign"}
        )
        tables["oncogenicity"].append(
            {
                **by_variant,
                "tool": "onconcord",
                "tool_version": "1",
                "points": 1,
                "class": "vus",
                "criteria": ["OP4"],
                "criteria_not_assessed": ["OS1", "OVS1"],
            }
        )
        tables["decision"].append(
            {**place, "ordinal": 1, "rule_id": TUMOUR_DEPTH, "outcome": "keep", "detail_json": "{}"}
        )

    def _variant(
        self,
        pos: int,
        ref: str,
        alt: str,
        method: str,
        origin: str = "somatic",
        passed: bool = True,
        klass: str = "SNV",
        length: int = 0,
        af: float | None = None,
        chrom: str = "chr20",
    ) -> Row:
        callers = ["mutect2"] if passed else []
        row = {
            "pair_id": self.pair,
            "reference_id": self.reference,
            "chrom": chrom,
            "pos": pos,
            "ref": ref,
            "alt": alt,
            "variant_key": f"{chrom}:{pos}:{ref}:{alt}",
            "variant_class": klass,
            "length_bp": length,
            "origin": origin,
            "origin_method": method,
            "tumor_depth": 120,
            "tumor_ref_count": 90,
            "tumor_alt_count": 30,
            "normal_depth": 80 if self.normal else None,
            "normal_ref_count": 79 if self.normal else None,
            "normal_alt_count": 1 if self.normal else None,
            "counts_source": "recount",
            "tumor_vaf": 0.25,
            "n_callers_pass": len(callers),
            "n_callers_called": 2,
            "n_callers_capable": 2,
            "callers_pass": callers,
            "consensus_rule_id": MODEL,
            "is_pass": passed,
            "filters": [] if passed else [MODEL],
            "in_target": True,
            "n_source_records": 2,
            "gnomad_af_max": af,
            "gene_symbol": "GNAS",
            "hgvsp": "p.Arg201Cys",
        }
        atoms = [f"{chrom}:{pos}:{ref}:{alt}" for pos, ref, alt in _atoms(row)]
        return {**row, "event_id": event_id(self.pair, atoms)}

    def hotspot(self, pos: int, ref: str, alt: str, status: str = "mutated") -> Row:
        """A row of hotspot_status of the pair."""
        return {
            "pair_id": self.pair,
            "hotspot_id": f"GNAS_{pos}",
            "alt": alt,
            "reference_id": self.reference,
            "chrom": "chr20",
            "pos": pos,
            "ref": ref,
            "tumor_depth": 120,
            "tumor_alt_count": 30 if status == "mutated" else 1,
            "upper95_vaf": 0.33 if status == "mutated" else 0.04,
            "status": status,
            "list_version": "1",
        }

    def variant(self, pos: int, ref: str, alt: str, **what: Any) -> Row:
        """One more SNV of the pair, to be added with `add`."""
        method = what.pop("method", "matched_normal" if self.normal else "tumor_only_model")
        return self._variant(pos, ref, alt, method, **what)


def _atoms(row: Row) -> list[tuple[int, str, str]]:
    if row["variant_class"] != "MNV":
        return [(row["pos"], row["ref"], row["alt"])]
    steps = zip(row["ref"], row["alt"], strict=True)
    return [(row["pos"] + offset, ref, alt) for offset, (ref, alt) in enumerate(steps)]


def write_pair(folder: Path, pair: PairOf, tables: dict[str, list[Row]] | None = None) -> Path:
    """
    Write a pair below FOLDER/results/8_harmonised, and return its MANIFEST.json.

    Args:
        tables: its tables where they are to differ from `pair.tables()`.
    """
    tables = pair.tables() if tables is None else tables
    out = folder / "results/8_harmonised" / pair.pair
    out.mkdir(parents=True, exist_ok=True)
    written = {}
    for name, rows in _rows_of(pair, tables).items():
        path = out / f"{name}.parquet"
        digest = write_table(name, rows, path)
        written[name] = {
            "rows": digest.rows,
            "content_sha256": digest.sha256,
            "file_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
    manifest = {
        "pair": pair.pair,
        "centre": pair.centre,
        "run_id": pair.run_id,
        "contract_version": contract.CONTRACT_VERSION,
        "tables": written,
    }
    path = out / "MANIFEST.json"
    path.write_text(json.dumps(manifest, sort_keys=True))
    return path


def _rows_of(pair: PairOf, tables: dict[str, list[Row]]) -> dict[str, list[Row]]:
    """The rows of every table of the contract, with the centre."""
    return {
        name: [{"center_id": pair.centre, **row} for row in tables.get(name, [])]
        for name in contract.load().tables
    }


def pair_tables(pair: PairOf, tables: dict[str, list[Row]]) -> PairTables:
    """What is read of a finished pair that has these tables, without writing it."""
    rows = _rows_of(pair, tables)
    return PairTables(pair.pair, {name: prepared_table(name, rows[name]) for name in rows})


def pairs_of(centre: str, count: int, first: int = 1) -> list[PairOf]:
    """Pairs of different patients of one centre, named by the centre and their number."""
    return [
        PairOf(centre, f"TUM-{centre}-{n}", f"PAT-{centre}-{n}", f"NRM-{centre}-{n}")
        for n in range(first, first + count)
    ]


def write_pairs(folder: Path, pairs: Iterable[PairOf]) -> list[Path]:
    """Write pairs, and return their manifests."""
    return [write_pair(folder, pair) for pair in pairs]


def write_key(folder: Path, text: str = KEY_TEXT) -> Path:
    """A file with a centre's secret."""
    path = folder / "centre.key"
    path.write_text(f"# a comment\n{text}\n")
    path.chmod(0o600)
    return path


def release_of(folder: Path, manifests: Iterable[Path], centre: str, **what: Any) -> Path:
    """A release of one centre below FOLDER/releases, tier consortium unless said."""
    out = folder / "releases" / what.get("tier", "consortium") / centre
    order = {
        "manifests": tuple(manifests),
        "centre": centre,
        "name": "r2026-11",
        "tier": "consortium",
        "out": out,
        "ledger": folder / f"{centre}.json",
        "key_file": write_key(folder),
        **what,
    }
    build_release(Order(**order))
    return Path(order["out"])


def change(
    release: Path, table: str, centre: str, edit: Callable[[list[Row]], object], reseal: bool = True
) -> None:
    """
    Change the rows of one table of a release behind its back.

    Args:
        edit: changes the list of rows in place.
        reseal: whether digests and manifest are made again, as by one who hides the change.
    """
    path = release / table / f"center={centre}" / "part-0000.parquet"
    schema = pq.read_schema(path)
    rows = pq.ParquetFile(path).read().to_pylist()
    edit(rows)
    loose = pa.schema([column.with_nullable(True) for column in schema], schema.metadata)
    pq.write_table(pa.Table.from_pylist(rows, schema=loose), path)
    if reseal:
        seal(release)


def seal(release: Path) -> None:
    """Make digests, manifest and statement of a release again, from whatever its tables are now."""
    stated = read_release(release)
    parts = [
        Part(
            part.table,
            part.centre,
            part.path,
            table_digest(pq.ParquetFile(release / part.path).read()),
        )
        for part in stated.parts
    ]
    write_descriptions(release, replace(stated, parts=tuple(parts)), None)


def bytes_of(folder: Path) -> dict[str, bytes]:
    """Every file below a folder by relative name."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
