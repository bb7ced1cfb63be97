"""Candidates between the annotators: one that leaves some out is told by its name."""

import gzip

import pytest

from onconcord.annotated.conserved import check_annotated, check_predictor
from onconcord.errors import ToolError

ANN = '##INFO=<ID=ANN,Number=.,Type=String,Description="Consequences">\n'
AF = '##INFO=<ID=population_af,Number=1,Type=Float,Description="Frequency">\n'
TOLD = ("ANN=C|x", "ANN=C|y;population_af=0.1", "ANN=C|z")


def vcf(path, infos, header=""):
    lines = [f"20\t{pos}\t.\tA\tC\t.\t.\t{info}\n" for pos, info in enumerate(infos, 1)]
    text = (
        f"##fileformat=VCFv4.2\n##contig=<ID=20,length=100>\n{header}"
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    )
    path.write_text(text + "".join(lines))
    return path


def check(folder, consequences, annotated, header=ANN + AF, fields=("population_af",)):
    check_annotated(
        vcf(folder / "candidates.vcf", ["."] * 3),
        vcf(folder / "consequences.vcf", consequences, ANN),
        vcf(folder / "annotated.vcf", annotated, header),
        fields,
        has_genes=True,
    )


def test_all_candidates_annotated_are_taken(tmp_path):
    check(tmp_path, TOLD, TOLD)


@pytest.mark.parametrize(
    ("tool", "consequences", "annotated", "header"),
    [
        pytest.param("snpEff ann", TOLD[:1], TOLD[:1], ANN + AF, id="half after SnpEff"),
        pytest.param("snpEff ann", [], [], ANN + AF, id="none after SnpEff"),
        pytest.param("vcfanno or bgzip", TOLD, TOLD[:2], ANN + AF, id="half after vcfanno"),
        pytest.param("vcfanno", TOLD, TOLD, ANN, id="without vcfanno's field"),
        pytest.param("snpEff ann", TOLD, ["ANN=C|x", ".", "."], ANN + AF, id="without ANN"),
    ],
)
def test_an_annotator_that_leaves_something_out_is_told(
    tmp_path, tool, consequences, annotated, header
):
    with pytest.raises(ToolError, match=f"of {tool}, which ended without an error"):
        check(tmp_path, consequences, annotated, header)


def test_a_database_of_snpeff_has_every_transcript(tmp_path):
    genes, predictor = tmp_path / "genes.gtf", tmp_path / "snpEffectPredictor.bin"
    genes.write_text("".join(f"20\tx\t{kind}\t1\t9\n" for kind in ("gene", *["transcript"] * 400)))
    line = b"TRANSCRIPT\t5\t1\t0\t9\n"
    whole = gzip.compress(b"SnpEff\t5.1\nGENE\t1\n" + line * 400)
    predictor.write_bytes(whole)
    check_predictor(predictor, genes)
    check_predictor(predictor)
    for damaged in (
        gzip.compress(b"SnpEff\t5.1\nGENE\t1\n" + line * 200),
        gzip.compress(b"SnpEff\t5.1\n"),
        whole[: len(whole) // 2],
    ):
        predictor.write_bytes(damaged)
        with pytest.raises(ToolError, match="of snpEff build, which ended without an error"):
            check_predictor(predictor, genes)
