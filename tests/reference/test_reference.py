"""Stage 1: contigs and identity of the reference, targets, gene model."""

import base64
import csv
import gzip
import hashlib
import json
import random
from pathlib import Path

import polars as pl
import pytest

import reference_describe as describe_script
import reference_genes as genes_script
import reference_resources as resources_script
import reference_targets as targets_script
from annotated_vcf import write_fasta
from compressed_forms import bgzip
from onconcord.errors import InputError
from onconcord.reference import builds
from onconcord.reference.contigs import ContigRow, read_contigs, table_chrom
from onconcord.reference.genes import GeneModel, write_gtf
from onconcord.reference.intervals import IntervalSet, first_met, merged, padded
from onconcord.reference.prepare import (
    describe_reference,
    prepare_genes,
    prepare_targets,
    reference_identity,
    write_checksums,
)
from onconcord.reference.targets import check_bed

LENGTHS = {"1": 1000, "20": 500}
SEQUENCES = {
    name: "".join(random.Random(name).choices("ACGT", k=length)) for name, length in LENGTHS.items()
}


def table(path):
    with path.open(newline="") as handle:
        return list(csv.DictReader(handle, delimiter="\t"))


def described(tmp_path, sequences=SEQUENCES, build="custom"):
    fasta = write_fasta(tmp_path / "genome.fa", sequences)
    out = [tmp_path / name for name in ("contigs.tsv", "reference.json")]
    describe_reference(fasta, build, *out)
    return table(out[0]), json.loads(out[1].read_text())


@pytest.mark.parametrize(
    ("native", "expected"),
    [
        ("20", "chr20"),
        ("chr20", "chr20"),
        ("X", "chrX"),
        ("MT", "chrM"),
        ("chrM", "chrM"),
        ("M", "chrM"),
        ("23", "23"),
        ("01", "01"),
        ("chr20_alt", "chr20_alt"),
        ("GL000207.1", "GL000207.1"),
    ],
)
def test_the_name_of_a_contig_in_the_tables(native, expected):
    assert table_chrom(native) == expected


def test_contigs_have_their_digests_whatever_the_case_of_the_bases(tmp_path):
    contigs, _ = described(tmp_path, {"20": "acgtNN", "decoy": "ACGT"})
    truncated = base64.urlsafe_b64encode(hashlib.sha512(b"ACGTNN").digest()[:24])
    assert contigs == [
        {
            "chrom": "chr20",
            "source_name": "20",
            "length_bp": "6",
            "md5": hashlib.md5(b"ACGTNN").hexdigest(),
            "refget_sq": f"SQ.{truncated.decode()}",
            "is_primary": "1",
            "masked_bp": "2",
        },
        {
            "chrom": "decoy",
            "source_name": "decoy",
            "length_bp": "4",
            "md5": "f1f8f4bf413b16ad135722aa4591043e",
            # The published example of GA4GH refget.
            "refget_sq": "SQ.aKF498dAxcJAqme6QYQ7EZ07-fiw8Kw2",
            "is_primary": "0",
            "masked_bp": "0",
        },
    ]


def test_a_genome_without_chromosomes_is_primary_as_a_whole(tmp_path):
    contigs, _ = described(tmp_path, {"demo20": "ACGT"})
    assert [row["is_primary"] for row in contigs] == ["1"]


def test_the_identity_of_a_custom_genome_does_not_depend_on_the_order_of_contigs(tmp_path):
    rows = [ContigRow(f"chr{n}", str(n), 4, "", f"SQ.{n}", 1, 0) for n in (1, 2)]
    digest = hashlib.sha256(b"chr1\tSQ.1\nchr2\tSQ.2\n").hexdigest()
    expected = {"reference_id": f"custom-{digest[:16]}", "build": "custom", "digest": digest}
    assert reference_identity(rows, "custom") == expected
    assert reference_identity(rows[::-1], "custom") == expected


def test_resources_are_recorded_by_name_and_checksum_never_by_path(tmp_path):
    (tmp_path / "sites.vcf").write_bytes(b"abc")
    write_checksums({"population": tmp_path / "sites.vcf"}, tmp_path / "resources.tsv")
    assert table(tmp_path / "resources.tsv") == [
        {"name": "population", "bytes": "3", "sha256": hashlib.sha256(b"abc").hexdigest()}
    ]


def test_two_contigs_of_one_name_in_the_tables_are_refused(tmp_path):
    with pytest.raises(InputError) as error:
        described(tmp_path, {"20": "ACGT", "chr20": "ACGT"})
    assert str(error.value) == (
        'genome.fa: the contigs "20" and "chr20" are both chr20 in the tables: keep one of them.'
    )


def test_a_fasta_of_another_length_than_its_build_is_refused(tmp_path):
    with pytest.raises(InputError) as error:
        described(tmp_path, {"20": "ACGT"}, build="GRCh37")
    assert str(error.value) == (
        'genome.fa: contig "20" has 4 bases, but GRCh37 has 63025520: give the FASTA of GRCh37, '
        'or write "build: custom" under reference.'
    )
    assert not (tmp_path / "contigs.tsv").exists()


def test_a_fasta_without_a_contig_of_its_build_is_refused(tmp_path):
    with pytest.raises(InputError, match="no contig of GRCh38 is in it"):
        described(tmp_path, {"scaffold": "ACGT"}, build="GRCh38")


@pytest.mark.parametrize(
    ("md5", "expected"),
    [
        pytest.param("fdfd811849cc2fadebc929bb925902e5", 0, id="hs37d5"),
        pytest.param("641e4338fa8d52a5b781bd2a2c08d3c3", 0, id="hg19 with its ambiguity codes"),
        pytest.param("0" * 32, 1, id="changed"),
    ],
)
def test_a_build_knows_its_sequence_by_checksum(md5, expected):
    row = ContigRow("chr3", "3", 198022430, md5, "", 1, 0)
    faults = builds.digest_faults("genome.fa", "GRCh37", [row])
    assert [fault.message for fault in faults] == [
        f'contig "3" has MD5 {md5}, but GRCh37 has fdfd811849cc2fadebc929bb925902e5 or '
        "641e4338fa8d52a5b781bd2a2c08d3c3: give the FASTA of GRCh37, or write "
        '"build: custom" under reference.'
    ] * expected


@pytest.mark.parametrize("build", ["GRCh37", "GRCh38"])
def test_a_known_build_has_its_25_primary_contigs(build):
    known = builds.known_contigs(build)
    assert len(known) == 25
    assert all(len(md5) == 32 for contig in known.values() for md5 in contig.md5s)


def test_targets_are_sorted_as_the_genome_is_and_merged_where_they_touch():
    intervals = [("20", 5, 9), ("1", 30, 40), ("1", 10, 20), ("1", 20, 25), ("1", 12, 15)]
    assert merged(intervals, LENGTHS) == (("1", 10, 25), ("1", 30, 40), ("20", 5, 9))


def test_the_first_interval_that_each_one_meets():
    draw = random.Random(9)

    def some(count):
        starts = [draw.randrange(100) for _ in range(count)]
        ends = [start + draw.randint(1, 12) for start in starts]
        chrom = draw.choices(("chr1", "chr2", "chrX"), k=count)
        return pl.DataFrame(
            {"chrom": chrom, "start0": starts, "end0": ends},
            schema={"chrom": pl.String, "start0": pl.Int64, "end0": pl.Int64},
        )

    for count in (0, 1, 12):
        intervals, others = some(500), some(count).filter(pl.col("chrom") != "chrX")
        expected = []
        for chrom, start, end in intervals.rows():
            meets = [
                (start0, row)
                for row, (name, start0, end0) in enumerate(others.rows())
                if name == chrom and start0 < end and end0 > start
            ]
            expected.append(min(meets)[1] if meets else None)
        assert first_met(intervals, others).to_list() == expected


def test_padding_stops_at_the_ends_of_a_contig():
    assert padded([("20", 5, 9), ("20", 480, 495)], 10, LENGTHS) == (
        ("20", 0, 19),
        ("20", 470, 500),
    )


def test_an_interval_is_cut_to_a_region():
    region = IntervalSet([("1", 10, 20), ("1", 30, 40), ("1", 50, 60)])
    assert region.cut(("1", 15, 50)) == (("1", 15, 20), ("1", 30, 40))
    assert region.cut(("1", 20, 30)) == ()
    assert region.cut(("20", 0, 500)) == ()


def test_contigs_of_another_form_are_refused(tmp_path):
    path = tmp_path / "contigs.tsv"
    path.write_text("chrom\tsource_name\nchr20\t20\n")
    with pytest.raises(InputError, match=r"line 1: the columns are chrom, source_name; exp"):
        read_contigs(path)


def test_every_faulty_line_of_targets_is_named(tmp_path):
    (tmp_path / "t.bed").write_text("track x\n1\t5\t4\n# no\nchr20\t1\t2\n1\t900\t1001\n")
    _, faults = check_bed(tmp_path / "t.bed", LENGTHS)
    assert [(fault.line, fault.message.split(":")[0]) for fault in sorted(faults)] == [
        (2, "start 5 is not before end 4"),
        (4, 'contig "chr20" is not in the FASTA, which calls it "20"'),
        (5, 'end 1001 is outside contig "1", which has 1000 bases'),
    ]


GTF = """\
1	x	gene	100	600	.	+	.	gene_id "G1"; gene_name "ONE";
1	x	transcript	100	600	.	+	.	gene_id "G1"; gene_name "ONE"; transcript_id "T1";
1	x	CDS	101	200	.	+	0	gene_id "G1"; gene_name "ONE"; transcript_id "T1";
1	x	CDS	301	400	.	+	0	gene_id "G1"; gene_name "ONE"; transcript_id "T1";
1	x	transcript	100	600	.	+	.	gene_id "G1"; transcript_id "T2"; tag "basic";
1	x	CDS	101	150	.	+	0	gene_id "G1"; transcript_id "T2"; tag "basic";
1	x	stop_codon	151	153	.	+	0	gene_id "G1"; transcript_id "T2"; tag "basic";
20	x	CDS	11	40	.	-	0	gene_id "G2"; transcript_id "T3";
20	x	exon	50	90	.	-	.	gene_id "G3"; transcript_id "T4";
"""
GFF3 = """\
##gff-version 3
1	x	chromosome	1	1000	.	.	.	ID=chromosome:1
1	x	gene	100	600	.	+	.	ID=gene:G1;Name=ONE;biotype=protein_coding
1	x	mRNA	100	600	.	+	.	ID=transcript:T1;Parent=gene:G1
1	x	CDS	101	200	.	+	0	ID=CDS:P1;Parent=transcript:T1
1	x	exon	101	200	.	+	.	Parent=transcript:T1,transcript:T2
1	x	mRNA	100	600	.	+	.	ID=transcript:T2;Parent=gene:G1;tag=basic,Ensembl_canonical
1	x	CDS	101	150	.	+	0	ID=CDS:P2;Parent=transcript:T2
"""


NO_TRANSCRIPT = (
    "has no transcript: expected lines of exon or CDS, with gene_id and transcript_id in GTF, with "
    "a Parent in GFF3. Give the whole gene model."
)


def model(tmp_path, text):
    (tmp_path / "genes").write_bytes(text if isinstance(text, bytes) else text.encode())
    return GeneModel(tmp_path / "genes", LENGTHS)


def test_gff3_and_gtf_are_one_table(tmp_path):
    gtf = model(tmp_path, GTF.replace('tag "basic"', 'tag "basic"; tag "Ensembl_canonical"'))
    gff3 = model(tmp_path, GFF3)
    wanted = ("transcript_id", "gene_id", "gene_symbol", "notes", "cds_starts0", "cds_ends0")
    assert gff3.transcripts.select(wanted).rows() == [
        ("T1", "G1", "ONE", [], [100], [200]),
        ("T2", "G1", "ONE", ["canonical"], [100], [150]),
    ]
    assert gtf.transcripts.select(wanted).rows() == [
        ("T1", "G1", "ONE", [], [100, 300], [200, 400]),
        ("T2", "G1", "ONE", ["canonical"], [100], [153]),
        ("T3", "G2", "G2", [], [10], [40]),
        ("T4", "G3", "G3", [], None, None),
    ]


def test_a_gene_model_is_taken_however_it_was_packed(tmp_path):
    plain = model(tmp_path, GTF).transcripts
    mixed = gzip.compress(b"") + bgzip(GTF[:300].encode()) + gzip.compress(GTF[300:].encode())
    for text in (mixed, b"\xef\xbb\xbf" + GTF.encode(), GTF.replace("\n", "\r\n")):
        assert model(tmp_path, text).transcripts.equals(plain)


@pytest.mark.parametrize(
    ("strand", "parts", "expected"),
    [
        ("+", [(11, 20, 1), (31, 36, 0)], [("12", "20", "0"), ("31", "36", "0")]),
        ("+", [(11, 11, 2), (31, 36, 1)], [("32", "36", "0")]),
        ("-", [(11, 17, 0), (31, 38, 2)], [("11", "17", "0"), ("31", "36", "0")]),
        ("-", [(11, 17, 1), (31, 38, 0)], [("11", "17", "1"), ("31", "38", "0")]),
    ],
)
def test_a_cds_that_begins_within_a_codon_is_written_from_its_first_whole_one(
    tmp_path, strand, parts, expected
):
    contig = next(iter(LENGTHS))
    lines = [
        f"{contig}\tx\t{kind}\t{start}\t{end}\t.\t{strand}\t{frame}\t"
        'gene_id "G"; transcript_id "T";\n'
        for start, end, frame in parts
        for kind in ("exon", "CDS")
    ]
    write_gtf(model(tmp_path, "".join(lines)).transcripts, tmp_path / "out.gtf")
    cells = [line.split("\t") for line in (tmp_path / "out.gtf").read_text().splitlines()]
    assert [(cell[3], cell[4], cell[7]) for cell in cells if cell[2] == "CDS"] == expected


def test_a_gene_model_is_written_as_gtf_of_genes_transcripts_exons_and_coding_exons(tmp_path):
    write_gtf(model(tmp_path, GFF3).transcripts, tmp_path / "out.gtf")
    gene = 'gene_id "G1"; gene_name "ONE"; gene_biotype "protein_coding";'
    lines = [line.split("\t") for line in (tmp_path / "out.gtf").read_text().splitlines()]
    assert [(cells[2], cells[3], cells[4], cells[7]) for cells in lines] == [
        ("gene", "101", "200", "."),
        ("transcript", "101", "200", "."),
        ("exon", "101", "200", "."),
        ("CDS", "101", "200", "0"),
        ("transcript", "101", "200", "."),
        ("exon", "101", "200", "."),
        ("CDS", "101", "150", "0"),
    ]
    assert lines[0][8] == gene
    assert lines[1][8] == f'{gene} transcript_id "T1"; transcript_biotype "protein_coding";'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "1\tx\tgene\t900\t1001\t.\t+\t.\tgene_id",
            'genes, line 1: 900-1001 is outside contig "1", which has 1000 bases: is this the gene '
            "model of another build?",
            id="outside the contig",
        ),
        pytest.param(
            "chr1\tx\tgene\t1\t2\t.\t+\t.\tgene_id",
            'genes, line 1: contig "chr1" is not in the FASTA, which calls it "1": rename it, so '
            "that all files have the FASTA's names.",
            id="other names",
        ),
        pytest.param(
            "1 x gene",
            'genes, line 1: "1 x gene" is not a line of GTF or GFF3: expected nine columns.',
            id="no columns",
        ),
        pytest.param(
            "1\tx\tmRNA\t1\t2\t.\t+\t.\tID=transcript:T1;Parent=gene:G1",
            'genes, line 1, column "Parent": its Parent "gene:G1" is not in the file: give the '
            "whole gene model.",
            id="a part of a model",
        ),
        pytest.param(
            "# nothing\n",
            "genes: has no feature: give a gene model, or leave reference.genes null.",
            id="no feature",
        ),
        pytest.param(
            '1\tx\tgene\t1\t9\t.\t+\t.\tgene_id "G1";',
            f"genes: {NO_TRANSCRIPT}",
            id="genes without transcripts",
        ),
        pytest.param(
            '1\tx\texon\t1\t9\t.\t+\t.\tgene_id "G1";',
            f"genes: {NO_TRANSCRIPT}",
            id="no transcript_id",
        ),
        pytest.param(
            "1\tx\texon\t1\t9\t.\t+\t.\tID=e1",
            f"genes: {NO_TRANSCRIPT}",
            id="exons without a parent",
        ),
        pytest.param(
            '1\tx\texon\t1\t9\t.\t.\t.\tgene_id "G1"; transcript_id "T1";',
            'genes, line 1, column "strand": "." is not a strand: expected + or -.',
            id="no strand",
        ),
        pytest.param(
            '1\tx\tCDS\t1\t9\t.\t+\t7\tgene_id "G1"; transcript_id "T1";',
            'genes, line 1, column "frame": "7" is not a frame: expected 0, 1, 2 or a dot.',
            id="no frame",
        ),
        pytest.param(
            '1\tx\texon\t1\t9\t.\t+\t.\tgene_id "G1"; transcript_id "T1";\n'
            '1\tx\texon\t30\t40\t.\t-\t.\tgene_id "G1"; transcript_id "T1";',
            'genes, line 2, column "strand": the transcript "T1" is on both strands: give every '
            "place its own id.",
            id="one id at two places",
        ),
        pytest.param(
            'chr1\tx\texon\t1\t9\t.\t+\t.\tgene_id "G1"; transcript_id "T1";\n'
            '20\tx\texon\t1\t9\t.\t+\t.\tgene_id "G2"; transcript_id "T2";',
            'genes, line 1: contig "chr1" is not in the FASTA, which calls it "1": rename it, so '
            "that all files have the FASTA's names.",
            id="other names for some contigs",
        ),
        pytest.param(
            gzip.compress(GTF.encode())[:-20],
            "genes: cannot be read as GTF or GFF3: it stops in the middle of its gzip data.",
            id="cut off",
        ),
        pytest.param(
            gzip.compress(GTF.encode())[:-8] + bytes(8),
            "genes: cannot be read as GTF or GFF3: its gzip data are damaged (Error -3 while "
            "decompressing data: incorrect data check).",
            id="damaged",
        ),
        pytest.param(
            GTF.encode() + b'1\tx\texon\t1\t9\t.\t+\t.\tgene_id "\xe9";\n',
            f"genes, line {GTF.count(chr(10)) + 1}: is not UTF-8: save the file as UTF-8.",
            id="not UTF-8",
        ),
    ],
)
def test_a_gene_model_that_does_not_fit_is_refused(tmp_path, text, expected):
    with pytest.raises(InputError) as error:
        model(tmp_path, text)
    assert str(error.value) == expected


def prepare(tmp_path, *targets, genes=None, padding=10):
    if not (tmp_path / "contigs.tsv").exists():
        described(tmp_path)
    contigs = tmp_path / "contigs.tsv"
    of_genes = [tmp_path / n for n in ("genes.gtf", "transcripts.parquet", "transcript_set.tsv")]
    prepare_genes(tmp_path / "genome.fa", contigs, genes, None, *of_genes)
    names = ("targets.bed", "calling.bed", "gene_regions.tsv", "depth.bed")
    out = [tmp_path / name for name in names]
    prepare_targets(contigs, targets, padding, *of_genes[1:], *out)
    return out


def test_genes_are_cut_to_the_targets_and_one_without_a_target_base_is_kept(tmp_path):
    (tmp_path / "t.bed").write_text("1\t150\t160\n1\t190\t310\n")
    (tmp_path / "g.gtf").write_text(GTF)
    targets, calling, regions, depth = prepare(
        tmp_path, tmp_path / "t.bed", genes=tmp_path / "g.gtf"
    )
    assert targets.read_text() == "1\t150\t160\n1\t190\t310\n"
    assert calling.read_text() == "1\t140\t170\n1\t180\t320\n"
    assert depth.read_text() == "1\t150\t160\n1\t190\t200\n1\t200\t300\n1\t300\t310\n"
    assert [list(row.values()) for row in table(regions)] == [
        ["G1", "ONE", "T1", "1", "150", "160"],
        ["G1", "ONE", "T1", "1", "190", "200"],
        ["G1", "ONE", "T1", "1", "300", "310"],
        ["G2", "G2", "T3", "20", "0", "0"],
    ]


def test_without_targets_and_genes_the_primary_contigs_are_the_targets(tmp_path):
    described(tmp_path, {**SEQUENCES, "decoy": "ACGT"})
    targets, calling, regions, depth = prepare(tmp_path)
    assert targets.read_text() == calling.read_text() == "1\t0\t1000\n20\t0\t500\n"
    assert depth.read_text() == targets.read_text()
    assert (tmp_path / "genes.gtf").read_text() == ""
    assert table(regions) == []


def test_two_kits_target_what_they_have_in_common(tmp_path):
    (tmp_path / "t.bed").write_text("1\t150\t160\n1\t190\t310\n20\t5\t50\n20\t50\t60\n")
    (tmp_path / "n.bed").write_text("20\t40\t90\n1\t100\t155\n1\t300\t400\n1\t200\t210\n")
    (tmp_path / "g.gtf").write_text(GTF)
    beds = (tmp_path / "t.bed", tmp_path / "n.bed")
    targets, calling, regions, _ = prepare(tmp_path, *beds, genes=tmp_path / "g.gtf", padding=1)
    both = [("1", 150, 155), ("1", 200, 210), ("1", 300, 310), ("20", 40, 60)]
    assert targets.read_text() == "".join(f"{c}\t{a}\t{b}\n" for c, a, b in both)
    assert calling.read_text() == "".join(f"{c}\t{a - 1}\t{b + 1}\n" for c, a, b in both)
    first = list(table(regions)[0].values())
    assert first == ["G1", "ONE", "T1", "1", "150", "155"]


def test_faults_of_all_targets_come_at_once(tmp_path):
    for name in ("t.bed", "n.bed"):
        (tmp_path / name).write_text("7\t1\t2\n")
    with pytest.raises(InputError) as error:
        prepare(tmp_path, tmp_path / "t.bed", tmp_path / "n.bed")
    assert [fault.source for fault in error.value.faults] == ["n.bed", "t.bed"]
    assert not (tmp_path / "targets.bed").exists()


def test_kits_that_have_no_base_in_common_are_refused(tmp_path):
    (tmp_path / "t.bed").write_text("1\t1\t20\n")
    (tmp_path / "n.bed").write_text("1\t20\t30\n")
    with pytest.raises(InputError, match=r"t\.bed: no base of it is in n\.bed: only what the kits"):
        prepare(tmp_path, tmp_path / "t.bed", tmp_path / "n.bed")


def test_the_scripts_write_what_the_functions_do(tmp_path, capsys):
    fasta = write_fasta(tmp_path / "genome.fa", SEQUENCES)
    words = ["--fasta", fasta, "--build", "custom"]
    words += ["--contigs", tmp_path / "contigs.tsv", "--identity", tmp_path / "reference.json"]
    assert describe_script.main([str(word) for word in words]) == 0
    words = ["--resource", f"fasta={fasta}", "--out", str(tmp_path / "resources.tsv")]
    assert resources_script.main(words) == 0
    assert table(tmp_path / "resources.tsv")[0]["bytes"] == str(fasta.stat().st_size)
    of_genes = ("genes", "transcripts", "transcript-set")
    words = ["--fasta", fasta, "--contigs", tmp_path / "contigs.tsv", "--genes", "--transcripts"]
    for name in of_genes:
        words += [f"--out-{name}", tmp_path / f"{name}.out"]
    assert genes_script.main([str(word) for word in words]) == 0
    words = ["--contigs", tmp_path / "contigs.tsv", "--targets", "--padding", 5]
    for name in of_genes[1:]:
        words += [f"--{name}", tmp_path / f"{name}.out"]
    for name in ("targets", "calling", "gene-regions", "depth"):
        words += [f"--out-{name}", tmp_path / f"{name}.out"]
    assert targets_script.main([str(word) for word in words]) == 0
    assert Path(tmp_path / "targets.out").read_text() == "1\t0\t1000\n20\t0\t500\n"
    words = ["--fasta", fasta, "--build", "GRCh37", "--contigs", "x", "--identity", "x"]
    assert describe_script.main([str(word) for word in words]) == 2
    assert 'error: genome.fa: contig "1" has 1000 bases' in capsys.readouterr().err
