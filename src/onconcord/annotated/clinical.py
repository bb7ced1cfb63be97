"""What a clinical resource such as ClinVar says of variants: significance, review, conditions."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from onconcord.inputs.resource_vcf import vcf_lines

CLINICAL = (
    *("clinical_significance", "clinical_id", "clinical_review_status", "clinical_conditions"),
)
"""Fields of the annotated VCF that come from the clinical resource."""

STARS = {
    "practice_guideline": 4.0,
    "reviewed_by_expert_panel": 3.0,
    "criteria_provided,_multiple_submitters,_no_conflicts": 2.0,
    "criteria_provided,_multiple_submitters": 2.0,
    "criteria_provided,_conflicting_classifications": 1.0,
    "criteria_provided,_conflicting_interpretations": 1.0,
    "criteria_provided,_single_submitter": 1.0,
    "no_assertion_criteria_provided": 0.0,
    "no_classification_provided": 0.0,
    "no_assertion_provided": 0.0,
    "no_classification_for_the_individual_variant": 0.0,
    "no_interpretation_for_the_single_variant": 0.0,
}
"""Stars of a review status. Source: ClinVar, "Review status"; a status of no other has none."""

NOT_STATED = {"not_provided", "not_specified", "."}
"""Conditions that say nothing."""


@dataclass(frozen=True)
class Clinical:
    """
    A clinical resource.

    Args:
        source: ClinVar where its header says so, else clinical.
        version: its source and date as its header has them; None where it has neither.
    """

    source: str
    version: str | None

    @classmethod
    def of(cls, path: Path | None) -> "Clinical":
        """What the header of a VCF, plain, gzip or BCF, says; path None for no resource."""
        header: dict[str, str] = {}
        for _, line in vcf_lines(path) if path else ():
            if not line.startswith("##"):
                break
            key, _, value = line[2:].strip().partition("=")
            header.setdefault(key, value)
        words = [header[key] for key in ("source", "fileDate") if header.get(key)]
        version = " ".join(words) or None
        return cls("ClinVar" if "clinvar" in (version or "").lower() else "clinical", version)


def clinical_rows(sites: pl.DataFrame, of: Clinical) -> pl.DataFrame:
    """
    Rows of `variant_annotation` without centre and reference.

    Args:
        sites: variant_key and CLINICAL, null where the resource says nothing.
        of: the resource.
    """
    conditions = (
        pl.col("clinical_conditions")
        .str.split("|")
        .list.set_difference(sorted(NOT_STATED))
        .list.unique()
        .list.sort()
        .list.join("|")
        .replace("", None)
    )
    stars = pl.col("clinical_review_status").replace_strict(
        STARS, default=None, return_dtype=pl.Float64
    )
    nothing, no_number = pl.lit(None, pl.String), pl.lit(None, pl.Float64)
    of_variants = sites.with_columns(clinical_conditions=conditions)
    rows = [
        of_variants.select(
            "variant_key",
            field=pl.lit(name.removeprefix("clinical_")),
            value_text=pl.col(name),
            value_num=no_number,
        )
        for name in CLINICAL
    ]
    rows.append(
        of_variants.select(
            "variant_key", field=pl.lit("stars"), value_text=nothing, value_num=stars
        )
    )
    return (
        pl.concat(rows)
        .filter(pl.col("value_text").is_not_null() | pl.col("value_num").is_not_null())
        .select(
            "variant_key",
            source=pl.lit(of.source),
            field="field",
            source_version=pl.lit(of.version, pl.String),
            value_text="value_text",
            value_num="value_num",
        )
    )
