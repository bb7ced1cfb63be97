"""What the model says of a variant, in a sentence."""

from collections.abc import Mapping
from typing import Any

MOST_SHARES = 3
"""Terms that a sentence names on each side."""


def judged(row: Mapping[str, Any], detail: Mapping[str, Any]) -> str:
    """
    Why the model takes a variant for what it does.

    Args:
        row: row of small_variant.
        told: detail of the model's rule in the trail: counts and shares.
    """
    counts = detail.get("counts", {})
    shares = sorted(detail.get("shares", {}).items(), key=lambda item: item[1])
    against = [name for name, value in shares if value < 0][:MOST_SHARES]
    support = [name for name, value in reversed(shares) if value > 0][:MOST_SHARES]
    named = "; ".join(
        f"{word} it: {', '.join(name.replace('_', ' ') for name in names)}"
        for word, names in (("for", support), ("against", against))
        if names
    )
    why = f"{_hypothesis(row, counts)} (p_somatic {row['p_somatic']:.3f}"
    return f"{why}; {named})" if named else f"{why})"


def _hypothesis(row: Mapping[str, Any], counts: Mapping[str, int]) -> str:
    alt, depth = row["tumor_alt_count"], row["tumor_depth"]
    f1r2 = counts.get("tumor_alt_f1r2", 0)
    f2r1 = alt - f1r2
    change = f"{row['ref']}>{row['alt']}"
    tumour = f"{alt} of {depth} fragments of the tumour"
    normal = f"{row['normal_alt_count']} of {row['normal_depth']} fragments of the normal"
    repeat = f"{row['repeat_count']} copies of {row['repeat_unit']}" if row["repeat_unit"] else None
    matched = row["normal_depth"] is not None
    known = f"allele frequency {row['gnomad_af_max']} in a population"
    texts = {
        "somatic": f"somatic: {tumour}" + (f", {normal}" if matched else ""),
        "germline_het": f"germline: {normal if matched else tumour} show it",
        "germline_hom": f"germline, both alleles: {normal if matched else tumour} show it",
        "germline_imbalanced": f"germline, lost or gained in the tumour: {tumour}, {normal}"
        if matched
        else f"germline, lost or gained in the tumour: {tumour}",
        "error": f"artefact: {tumour}, as the polymerase makes them in {repeat}"
        if repeat
        else f"artefact: {tumour}, as errors of sequencing make them",
        "shared": f"artefact: {tumour} and {normal} alike"
        if matched
        else f"artefact: {tumour}, at a low rate",
        "damage_f1r2": f"artefact: {_share(f1r2, alt)} alternate fragments are F1R2, {change}",
        "damage_f2r1": f"artefact: {_share(f2r1, alt)} alternate fragments are F2R1, {change}",
        "damage": f"artefact: damage of both orientations, {change}, {tumour}",
        "foreign": f"artefact: another person's germline variant, {tumour}, {known}",
    }
    return texts[row["hypothesis"]]


def _share(part: int, whole: int) -> str:
    return f"all {whole}" if part == whole else f"{part} of {whole}"
