"""Centres of a pooled release whose genes are named on other transcripts."""

from onconcord import contract
from onconcord.release.transcript_sets import differing_genes


def row(centre, gene, transcript, digest="a" * 64, kind="canonical"):
    return {
        "center_id": centre,
        "reference_id": "GRCh38",
        "gene_id": gene,
        "transcript_id": transcript,
        "gene_symbol": f"SYMBOL{gene}",
        "chrom": "chr1",
        "kind": kind,
        "source": "tags",
        "cds_status": "ok",
        "residues": 3,
        "cds_sha256": digest,
    }


def written(folder, *rows):
    for centre in ("A", "B"):
        path = folder / f"transcript/center={centre}/part-0.parquet"
        path.parent.mkdir(parents=True)
        contract.write("transcript", [one for one in rows if one["center_id"] == centre], path)
    return folder


def test_genes_on_other_transcripts_or_another_cds_are_named(tmp_path):
    release = written(
        tmp_path,
        *(row("A", "G1", "T1.1"), row("B", "G1", "T1.1")),
        *(row("A", "G2", "T2.1"), row("B", "G2", "T3.1")),
        *(row("A", "G3", "T4.1"), row("B", "G3", "T4.1", "b" * 64)),
        *(row("A", "G4", "T5.1"), row("A", "G4", "T6.1", kind="mane_plus_clinical")),
        *(row("B", "G4", "T5.1"), row("A", "ALONE", "T7.1")),
    )
    assert differing_genes(release) == [
        "SYMBOLG2 on GRCh38: A T2.1 (CDS aaaaaaaa), B T3.1 (CDS aaaaaaaa)",
        "SYMBOLG3 on GRCh38: A T4.1 (CDS aaaaaaaa), B T4.1 (CDS bbbbbbbb)",
        "SYMBOLG4 on GRCh38: A T5.1 (CDS aaaaaaaa) and T6.1 (CDS aaaaaaaa), B T5.1 (CDS aaaaaaaa)",
    ]


def test_a_release_without_the_table_has_none(tmp_path):
    assert differing_genes(tmp_path) == []
