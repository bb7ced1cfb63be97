"""The transcript set: from tags of any spelling, from MANE's summary, from a centre's table."""

import gzip

import pytest

from annotated_vcf import write_fasta
from onconcord.errors import InputError
from onconcord.inputs.transcripts import read_choices
from onconcord.reference.genes import GeneModel
from onconcord.reference.sequence import Genome
from onconcord.reference.transcript_set import (
    choose_transcripts,
    read_set,
    set_digest,
    write_set,
)

SEQUENCE = "CCATGGCCGGATAAACC" + "ACGT" * 40
"""ATG GCC GGA TAA from base 3 on."""
PLACE = "20\tx\t{kind}\t{start}\t{end}\t.\t+\t{frame}\t"
PARTS = (("transcript", 1, 17, "."), ("exon", 1, 17, "."), ("CDS", 3, 14, "0"))
# Transcript, version and tag as Ensembl writes them, and the end of its CDS.
MODEL = (
    ("T1", "4", "MANE_Select", 14),
    ("T2", "1", "MANE_Plus_Clinical", 14),
    ("T3", "2", "Ensembl_canonical", 14),
    ("T4", "1", "basic", 14),
)


def attributes(spelling, name, version, tag):
    """The ninth column as Ensembl, GENCODE or RefSeq write it, GTF or GFF3."""
    if spelling == "Ensembl GTF":
        return (
            f'gene_id "ENSG1"; gene_version "7"; transcript_id "{name}"; '
            f'transcript_version "{version}"; gene_name "GENE"; tag "basic"; tag "{tag}";'
        )
    if spelling == "GENCODE GTF":
        return (
            f'gene_id "ENSG1.7"; transcript_id "{name}.{version}"; gene_name "GENE"; '
            f'level 2; tag "basic"; tag "{tag}";'
        )
    tag = {"Ensembl_canonical": "RefSeq Select"}.get(tag, tag.replace("_", " "))
    return (
        f'gene_id "ENSG1"; transcript_id "{name}.{version}"; gene "GENE"; gbkey "mRNA"; '
        f'note "isoform 1; tag "; product "x%3B y"; tag "{tag}"; transcript_biotype "mRNA";'
    )


def gtf(spelling, model=MODEL):
    lines = ["#!genome-build x\n"]
    for name, version, tag, end in model:
        for kind, start, last, frame in PARTS:
            last = end if kind == "CDS" else last
            place = PLACE.format(kind=kind, start=start, end=last, frame=frame)
            lines.append(place + attributes(spelling, name, version, tag) + "\n")
    return "".join(lines)


def gff3(spelling, model=MODEL):
    of_gene = "ID=gene:ENSG1;Name=GENE;gene_id=ENSG1"
    if spelling == "RefSeq GFF3":
        of_gene = "ID=gene-ENSG1;Name=GENE;gene=GENE"
    lines = [
        "##gff-version 3\n",
        PLACE.format(kind="gene", start=1, end=17, frame=".") + of_gene + "\n",
    ]
    gene = of_gene.split(";")[0].removeprefix("ID=")
    for name, version, tag, end in model:
        if spelling == "RefSeq GFF3":
            own = f"rna-{name}.{version}"
            tag = {"Ensembl_canonical": "RefSeq Select"}.get(tag, tag.replace("_", " "))
            words = f"ID={own};Parent={gene};transcript_id={name}.{version};tag={tag}"
        else:
            own = f"transcript:{name}"
            words = f"ID={own};Parent={gene};transcript_id={name};version={version};tag=basic,{tag}"
        for kind, start, last, frame in PARTS:
            last = end if kind == "CDS" else last
            kind = "mRNA" if kind == "transcript" else kind
            place = PLACE.format(kind=kind, start=start, end=last, frame=frame)
            lines.append(place + (words if kind == "mRNA" else f"Parent={own}") + "\n")
    return "".join(lines)


SPELLINGS = {
    **dict.fromkeys(("Ensembl GTF", "GENCODE GTF", "RefSeq GTF"), gtf),
    **dict.fromkeys(("Ensembl GFF3", "RefSeq GFF3"), gff3),
}


def chosen(tmp_path, text, given=None):
    (tmp_path / "model").write_text(text)
    table = GeneModel(tmp_path / "model", {"20": len(SEQUENCE)}).transcripts
    genome = Genome(write_fasta(tmp_path / "genome.fa", {"20": SEQUENCE}))
    return choose_transcripts(table, given, genome, frozenset())


def told(found):
    return [(one.transcript, one.kind, one.source, one.cds_status) for one in found]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_of_a_gene_model_gives_the_same_set(tmp_path, spelling):
    found = chosen(tmp_path, SPELLINGS[spelling](spelling))
    assert told(found) == [
        ("T1.4", "mane_select", "tags", "ok"),
        ("T2.1", "mane_plus_clinical", "tags", "ok"),
    ]
    assert {(one.gene, one.gene_symbol, one.residues) for one in found} == {("ENSG1", "GENE", 3)}
    other = SPELLINGS["Ensembl GTF"]("Ensembl GTF")
    assert set_digest(found) == set_digest(chosen(tmp_path, other))


@pytest.mark.parametrize(
    ("spelling", "kind", "words"),
    [
        ("GENCODE GTF", "Selenocysteine", 'gene_id "ENSG1.7"; transcript_id "T1.4";'),
        (
            "Ensembl GFF3",
            "stop_codon_redefined_as_selenocysteine",
            "ID=x;Parent=transcript:T1;transcript_id=T1;version=4",
        ),
    ],
)
def test_a_selenocysteine_may_have_a_line_of_its_own(tmp_path, spelling, kind, words):
    line = PLACE.format(kind=kind, start=6, end=8, frame=".") + words + "\n"
    (tmp_path / "model").write_text(SPELLINGS[spelling](spelling, MODEL[:1]) + line)
    table = GeneModel(tmp_path / "model", {"20": len(SEQUENCE)}).transcripts
    assert table.select("transcript_id", "notes").rows() == [
        ("T1.4", ["mane_select", "selenocysteine"])
    ]


@pytest.mark.parametrize(
    ("spelling", "renamed", "expected"),
    [
        pytest.param(
            "RefSeq GFF3",
            {"20\t": "X\t", "rna-T1.4": "rna-T1.4-2", "gene-ENSG1": "gene-ENSG1-2"},
            [("ENSG1", "20", "T1.4"), ("ENSG1-2", "X", "T1.4-2")],
            id="RefSeq numbers the places",
        ),
        pytest.param(
            "RefSeq GFF3",
            {"rna-T1.4": "rna-T1.4-2", "gene-ENSG1": "gene-ENSG1-2"},
            [("ENSG1", "20", "T1.4"), ("ENSG1-2", "20", "T1.4-2")],
            id="on one contig",
        ),
        pytest.param(
            "Ensembl GTF",
            {"20\t": "X\t"},
            [("ENSG1", "20", "T1.4"), ("ENSG1", "X", "T1.4_X")],
            id="a GTF that numbers none",
        ),
    ],
)
def test_a_transcript_that_is_placed_twice_has_an_id_at_each_place(
    tmp_path, spelling, renamed, expected
):
    text = SPELLINGS[spelling](spelling, MODEL[:1])
    again = text
    for name, other in renamed.items():
        again = again.replace(name, other)
    (tmp_path / "model").write_text(text + again)
    table = GeneModel(tmp_path / "model", {"20": len(SEQUENCE), "X": len(SEQUENCE)}).transcripts
    assert table.select("gene_id", "chrom", "transcript_id").rows() == expected
    assert table["coding_bp"].to_list() == [12, 12]
    assert table["notes"].to_list() == [["mane_select"]] * 2


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_without_mane_the_canonical_transcript_is_chosen_and_then_the_longest(tmp_path, spelling):
    write = SPELLINGS[spelling]
    assert told(chosen(tmp_path, write(spelling, MODEL[2:]))) == [
        ("T3.2", "canonical", "tags", "ok")
    ]
    longer = (("T5", "1", "basic", 11), ("T4", "1", "basic", 14))
    assert told(chosen(tmp_path, write(spelling, longer))) == [
        ("T4.1", "longest_cds", "model", "ok")
    ]


def test_a_table_of_the_centre_wins_gene_by_gene(tmp_path):
    given = tmp_path / "ours.tsv"
    given.write_text("gene\ttranscript\tkind\nGENE\tT4\tMANE Select\nOTHER\tT9.1\tcanonical\n")
    text = gtf("GENCODE GTF") + gtf("GENCODE GTF").replace("ENSG1", "ENSG2").replace('"T', '"U')
    found = chosen(tmp_path, text, given)
    assert ("T4.1", "mane_select", "table", "ok") in told(found)
    assert "T1.4" not in [one.transcript for one in found]


@pytest.mark.parametrize(("version", "expected"), [("1", "ok"), ("8", "other_version")])
def test_manes_summary_is_read_by_either_id(tmp_path, version, expected):
    given = tmp_path / "MANE.GRCh38.v1.3.summary.txt.gz"
    header = (
        "#NCBI_GeneID\tEnsembl_Gene\tHGNC_ID\tsymbol\tname\tRefSeq_nuc\tRefSeq_prot\tEnsembl_nuc"
    )
    ids = f"GeneID:1\tENSG1.9\tHGNC:1\tGENE\tx\tNM_1.1\tNP_1.1\tT4.{version}"
    line = f"{ids}\tENSP\tMANE Select\tchr20"
    text = f"{header}\tEnsembl_prot\tMANE_status\tGRCh38_chr\n{line}\n"
    for saved in (
        gzip.compress(text.encode()),
        text.replace("\n", "\r\n").encode("utf-16"),
        text.removeprefix("#").encode("utf-8-sig"),
    ):
        given.write_bytes(saved)
        assert told(chosen(tmp_path, gtf("GENCODE GTF"), given)) == [
            ("T4.1", "mane_select", "mane_summary", expected)
        ]


@pytest.mark.parametrize("asked", ["T1.4", "T1", "T1.4_PAR_Y"])
def test_a_choice_is_of_a_gene_at_each_of_its_places(tmp_path, asked):
    given = tmp_path / "ours.tsv"
    given.write_text(f"gene\ttranscript\tkind\nGENE\t{asked}\tMANE Select\n")
    text = gtf("GENCODE GTF", MODEL[:1])
    again = text.replace("ENSG1.7", "ENSG1.7_PAR_Y").replace("T1.4", "T1.4_PAR_Y")
    assert told(chosen(tmp_path, text + again, given)) == [
        ("T1.4", "mane_select", "table", "ok"),
        ("T1.4_PAR_Y", "mane_select", "table", "ok"),
    ]


def test_a_set_moves_to_a_model_without_tags_and_what_reads_otherwise_there_is_marked(tmp_path):
    write_set(chosen(tmp_path, gtf("GENCODE GTF")), tmp_path / "set.tsv")
    assert read_set(tmp_path / "set.tsv") == chosen(tmp_path, gtf("GENCODE GTF"))
    plain = [(name, "1", "basic", end) for name, _, _, end in MODEL]
    moved = chosen(tmp_path, gtf("GENCODE GTF", plain), tmp_path / "set.tsv")
    assert told(moved) == [
        ("T1.1", "mane_select", "table", "ok"),
        ("T2.1", "mane_plus_clinical", "table", "ok"),
    ]
    mutated = (tmp_path / "set.tsv").read_text().replace(moved[0].cds_sha256, "0" * 64)
    (tmp_path / "set.tsv").write_text(mutated.replace("T2.1", "T9.1"))
    assert told(chosen(tmp_path, gtf("GENCODE GTF", plain), tmp_path / "set.tsv")) == [
        ("T1.1", "mane_select", "table", "other_cds"),
        ("T9.1", "mane_plus_clinical", "table", "not_in_model"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "gene\tname\nG\tT\n",
            'ours.tsv, line 1, column "kind": this column is missing, and required.\n'
            'ours.tsv, line 1, column "transcript": this column is missing, and required.',
            id="columns",
        ),
        pytest.param(
            "gene\ttranscript\tkind\nGENE\tT1\tbest\nGENE\t\tcanonical\n",
            'ours.tsv, line 2, column "kind": "best" is not a kind: expected MANE Select, MANE '
            "Plus Clinical or canonical.\n"
            'ours.tsv, line 3, column "transcript": is empty: name it, or drop the line.',
            id="every fault at once",
        ),
    ],
)
def test_a_table_that_is_none_is_refused(tmp_path, text, expected):
    (tmp_path / "ours.tsv").write_text(text)
    with pytest.raises(InputError) as error:
        read_choices(tmp_path / "ours.tsv")
    assert str(error.value) == expected


def test_a_table_of_other_genes_is_refused(tmp_path):
    (tmp_path / "ours.tsv").write_text("gene\ttranscript\tkind\nNOGENE\tT1\tcanonical\n")
    with pytest.raises(InputError, match=r'ours.tsv, "gene": names no gene of the gene model'):
        chosen(tmp_path, gtf("GENCODE GTF"), tmp_path / "ours.tsv")
