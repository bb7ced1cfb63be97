"""Whether SnpEff and vcfanno said something of every candidate."""

from collections.abc import Sequence
from pathlib import Path

import pysam

from onconcord.compressed import read_chunks
from onconcord.runtime.conserved import broken, conserve, record_count

_TRANSCRIPT = b"\nTRANSCRIPT\t"


def check_predictor(predictor: Path, genes: Path | None = None) -> None:
    """
    Hold that SnpEff's database is whole: it reads one that is cut off, and finds no gene.

    Args:
        predictor: snpEffectPredictor.bin, gzipped lines of which each begins with its kind.
        genes: GTF that it was built from; None where only the file itself is looked at.
    Raises:
        ToolError: it is not a whole gzip file, or has not every transcript.
    """
    stored, last = 0, b"\n"
    try:
        for chunk in read_chunks(predictor):
            text = last + chunk
            stored += text.count(_TRANSCRIPT)
            last = text[-len(_TRANSCRIPT) + 1 :]
    except (ValueError, OSError) as error:
        raise broken("snpEff build", predictor, f"it is not a whole file ({error})") from error
    if genes is not None:
        with genes.open("rb") as file:
            entered = sum(line.split(b"\t", 3)[2:3] == [b"transcript"] for line in file)
        conserve("snpEff build", predictor, "transcripts", entered, stored)
    elif not stored:
        raise broken("snpEff build", predictor, "it has no transcript")


def check_annotated(
    candidates: Path, consequences: Path, annotated: Path, fields: Sequence[str], has_genes: bool
) -> None:
    """
    Hold that every candidate went through each annotator, and that their fields are there.

    Args:
        candidates: VCF that went in.
        consequences: what came from SnpEff.
        annotated: what came from vcfanno after it.
        fields: INFO fields that vcfanno adds.
        has_genes: whether there is a gene model, so that every record has SnpEff's ANN.
    Raises:
        ToolError: naming the tool that left something out.
    """
    entered = record_count(candidates, "bcftools view")
    first = "snpEff ann" if has_genes else "bcftools view"
    between = record_count(consequences, first)
    conserve(first, consequences, "records", entered, between)
    tool = "vcfanno or bgzip" if fields else "bgzip"
    conserve(tool, annotated, "records", between, record_count(annotated, tool))
    with pysam.VariantFile(str(annotated)) as file:
        if missing := [name for name in fields if name not in file.header.info]:
            raise broken("vcfanno", annotated, f"its header has no {', '.join(missing)}")
        answered = sum("ANN" in record.info for record in file) if has_genes else 0
    if has_genes:
        conserve("snpEff ann", annotated, "records with ANN", entered, answered)
