"""The words that docs/samples.md says each wrong input is refused with are those of its message."""

import bz2
import gzip
import re

import pysam
import pytest

from compressed_forms import bgzip
from onconcord.runtime import checkout
from small_folder import SEQUENCE, configure, faults_of, write_bam, write_sheet, write_vcf

PAGE = (checkout.root() / "docs/samples.md").read_text(encoding="utf-8")
ROWS = dict(
    re.findall(r"^\| ([A-Za-z ]+), `[^|]*\| [^|]* \| ([^|]*) \|$", PAGE, re.M),
)
HEADER = "hotspot_id\tgene_symbol\tchrom\tpos\tref\talt\n"
REF, ALT = SEQUENCE[99], "A" if SEQUENCE[99] != "A" else "C"
EXON = 'chr20\tx\texon\t{}\t{}\t.\t{}\t.\tgene_id "G"; transcript_id "T";'
SITES = [("chr20", pos, SEQUENCE[pos - 1]) for pos in range(10, 200, 7)]


def fastq(first, second=None, read="r{}/{}", quality="I"):
    """Two mate files of ten reads, each changed by a function of its bytes."""

    def lay(folder):
        for mate, change in ((1, first), (2, second or bytes)):
            lines = (
                f"@{read.format(n, mate)}\n{SEQUENCE[n * mate :][:20]}\n+\n{quality * 20}\n"
                for n in range(10)
            )
            (folder / f"t_{mate}.gz").write_bytes(change("".join(lines).encode()))

    return lay


def without_the_third(data):
    lines = data.splitlines(keepends=True)
    return b"".join(lines[:8] + lines[12:])


def bam(**how):
    def lay(folder):
        write_bam(folder / "t.bam", **{"index": False, **how})
        write_sheet(folder, bam="t.bam")

    return lay


def bam_of_bytes(change):
    def lay(folder):
        bam()(folder)
        (folder / "t.bam").write_bytes(change((folder / "t.bam").read_bytes()))

    return lay


def two_samples(folder):
    header = {
        "HD": {"VN": "1.6", "SO": "coordinate"},
        "SQ": [{"SN": "chr20", "LN": 3000}],
        "RG": [{"ID": "1", "SM": "T1"}, {"ID": "2", "SM": "T2"}],
    }
    with pysam.AlignmentFile(str(folder / "t.bam"), "wb", header=header):
        pass
    write_sheet(folder, bam="t.bam")


def cram_of_another_genome(folder):
    (folder / "old.fa").write_text(f">chr20\n{SEQUENCE[::-1]}\n")
    pysam.faidx(str(folder / "old.fa"))
    header = {"SQ": [{"SN": "chr20", "LN": 3000}], "RG": [{"ID": "1", "SM": "T1"}]}
    with pysam.AlignmentFile(
        str(folder / "t.cram"), "wc", header=header, reference_filename=str(folder / "old.fa")
    ) as cram:
        read = pysam.AlignedSegment(cram.header)
        read.query_name, read.query_sequence = "r", SEQUENCE[::-1][5:55]
        read.reference_id, read.reference_start, read.cigarstring = 0, 5, "50M"
        cram.write(read)
    for path in folder.glob("old.fa*"):
        path.unlink()
    write_sheet(folder, bam="t.cram", realign="yes")


def contigs_in_another_order(folder):
    (folder / "genome.fa").write_text(f">chr19\n{SEQUENCE}\n>chr20\n{SEQUENCE}\n")
    bam(contigs=(("chr20", 3000), ("chr19", 3000)))(folder)


def copied_reads(folder):
    text = gzip.decompress((folder / "t_1.gz").read_bytes())
    (folder / "n_1.gz").write_bytes(gzip.compress(text))


def index_of_another_genome(folder):
    for suffix in (".amb", ".ann", ".bwt", ".pac", ".sa"):
        (folder / f"x{suffix}").write_text("9 1 11\n0 chr7 (null)\n0 9 0\n")
    configure(folder, reference={"bwa_index": "x"})


def sheet(change):
    return lambda folder: (folder / "samples.tsv").write_bytes(
        change((folder / "samples.tsv").read_bytes())
    )


def hotspots(*rows):
    def lay(folder):
        (folder / "hs.tsv").write_text(HEADER + "".join(f"{row}\n" for row in rows))
        configure(folder, resources={"hotspots": "hs.tsv"})

    return lay


def hotspot_on_a_small_contig(folder):
    (folder / "genome.fa").write_text(f">chr20\n{SEQUENCE}\n>GL1\n{SEQUENCE}\n")
    hotspots(f"h\tG\tGL1\t100\t{REF}\t{ALT}")(folder)


def population(records=SITES, info="AF", change=str, key="population"):
    def lay(folder):
        write_vcf(folder / "p.vcf", records, info)
        (folder / "p.vcf").write_text(change((folder / "p.vcf").read_text()))
        configure(folder, resources={key: "p.vcf"})

    return lay


def targets(line, contig="chr20"):
    def lay(folder):
        (folder / "genome.fa").write_text(f">chr20\n{SEQUENCE}\n>GL1\n{SEQUENCE}\n")
        (folder / "t.bed").write_text(f"chr20\t1\t2\n{line}\n")
        configure(folder, assay={"targets": "t.bed"})

    return lay


def configuration(change):
    def lay(folder):
        text = (folder / "config.yaml").read_text()
        (folder / "config.yaml").write_text(change(text))

    return lay


def genome(text, build="custom"):
    def lay(folder):
        (folder / "genome.fa").write_text(text)
        configure(folder, reference={"build": build})

    return lay


def genes(line):
    def lay(folder):
        (folder / "g.gtf").write_text(f"{line}\n")
        configure(folder, reference={"genes": "g.gtf"})

    return lay


def withdrawn(*rows):
    return lambda folder: (folder / "retractions.tsv").write_text(
        "pair_id\tfrom_release\treason_code\n" + "".join(f"{row}\n" for row in rows)
    )


WRONG = {
    "FASTQ": [
        fastq(without_the_third),
        fastq(bytes, lambda data: data.replace(b"@r", b"@x")),
        fastq(bytes, lambda data: b"".join(data.splitlines(keepends=True)[:-4])),
        fastq(bytes, read="r{0} 2:N:0:A", second=lambda data: data.replace(b" 2:", b" 1:")),
        fastq(lambda data: gzip.compress(data)[:-20]),
        fastq(lambda data: bgzip(data)[:-28]),
        fastq(bytes, quality="h"),
        fastq(lambda data: b"".join(data.splitlines(keepends=True)[:-2])),
        fastq(lambda data: b"\n"),
        fastq(bytes, read="@r{}/{}"),
        fastq(lambda data: data * 2),
        copied_reads,
        fastq(bz2.compress),
    ],
    "BAM and CRAM": [
        bam_of_bytes(lambda data: b"no BAM"),
        bam_of_bytes(lambda data: data[:-28]),
        two_samples,
        bam(sample=None),
        bam(order="queryname"),
        bam(contigs=(("chr7", 3000),)),
        cram_of_another_genome,
        bam(groups=[{"SM": "T1"}]),
        bam(groups=[{"ID": "1", "SM": "T1"}] * 2),
        bam(quality="*"),
        bam(quality="Bhhh"),
        contigs_in_another_order,
    ],
    "sheet and lists": [
        sheet(lambda data: data.replace(b"\t", b",")),
        sheet(lambda data: data.replace(b"P1", b"P\xe9")),
        sheet(lambda data: data.replace(b"realign", b"colour")),
        sheet(lambda data: data.replace(b"role", b"")),
        sheet(lambda data: data + b"\tone\ttoo\tmany"),
        sheet(lambda data: data.replace(b"n_2.gz\t", b"n_2.gz\tNA")),
        sheet(lambda data: data.replace(b"P1", b"P\0")),
        sheet(lambda data: data.replace(b"N1", b"N" * 90)),
    ],
    "hotspots": [
        hotspots(f"h\tG\tchr20\t100\t{ALT}\t{REF}"),
        hotspots(f"h\tG\tchr20\t9000\t{REF}\t{ALT}"),
        hotspots(f"h\tG\tchr20\t100\t{REF}\t-"),
        hotspots(*[f"h\tG\tchr20\t100\t{REF}\t{ALT}"] * 2),
        hotspots(f"BRAF V600E\tG\tchr20\t100\t{REF}\t{ALT}"),
        hotspot_on_a_small_contig,
        hotspots(f"h\t2-Sep\tchr20\t100\t{REF}\t{ALT}"),
    ],
    "resource VCFs": [
        population([("chr20", pos + 1, ref) for _, pos, ref in SITES]),
        population([("chr7", pos, ref) for _, pos, ref in SITES]),
        population(info="XX"),
        population(change=lambda text: text.replace("=0.1", "=2")),
        population(change=lambda text: text.replace("\t.\t.\t", " . . ")),
        population(key="clinical"),
    ],
    "targets": [
        targets("chr7\t1\t2"),
        targets("GL1\t1\t2"),
        targets("chr20\t1\t9000"),
        targets("chr20\t5\t5"),
        targets("@HD\tVN:1.6"),
    ],
    "configuration": [
        configuration(lambda text: f"{text}callrs: [mutect2]\n"),
        configuration(lambda text: text.replace("centre: A\n", "")),
        configuration(lambda text: f"{text}centre: B\n"),
        configuration(lambda text: f"{text}reads: @\n"),
        configuration(lambda text: f"{text}reads: {{trim: perhaps}}\n"),
        configuration(lambda text: text.replace("genome.fa", "another.fa")),
        configuration(lambda text: f"{text}decision: {{fdr: 1e-3}}\n"),
        configuration(lambda text: text.replace("genome.fa", '"{x}.fa"')),
        index_of_another_genome,
    ],
    "genome": [
        genome("ACGT\n"),
        genome(f">chr20\n{SEQUENCE}\n>20\n{SEQUENCE}\n"),
        genome(f">chr20\n{SEQUENCE}\n", build="GRCh38"),
        genome(f">chr20\n{SEQUENCE}\n" * 2),
        genome(f">chr20\n{SEQUENCE}\n>chr21\n"),
        genome(f">chr20\n{SEQUENCE}-\n"),
        genome(f">chr20\n{SEQUENCE}\n>a,b\nAC\n"),
        genome(f">chr20\n{SEQUENCE}\n\n{SEQUENCE}\n"),
        genome(f">chr20\n{SEQUENCE}\r\n"),
    ],
    "gene model": [
        genes('chr20\tx\texon\t1\t9000\t.\t+\t.\tgene_id "G"; transcript_id "T";'),
        genes("chr20 x exon 1 90"),
        genes("# nothing"),
        genes("chr20\tx\tmRNA\t1\t90\t.\t+\t.\tID=T;Parent=G"),
        genes('chr20\tx\tgene\t1\t90\t.\t+\t.\tgene_id "G";'),
        genes(EXON.format(1, 9, "+") + "\n" + EXON.format(20, 30, "-")),
        genes(EXON.format(1, 9, ".")),
        genes(EXON.format(1, 9, "+").replace("exon", "CDS").replace("+\t.", "+\t3")),
    ],
    "withdrawn pairs": [
        withdrawn("T1\tr1\tbored"),
        withdrawn("T1\tr1\tquality", "T1\tr2\tquality"),
        withdrawn("P1\tr1\tquality"),
    ],
}


def test_every_kind_of_the_page_is_held_to_its_messages():
    assert set(ROWS) == set(WRONG)


@pytest.mark.parametrize("kind", WRONG)
def test_the_page_has_the_words_of_the_messages(folder, kind):
    before = {path: path.read_bytes() for path in folder.iterdir()}
    said = []
    for lay in WRONG[kind]:
        for path in folder.iterdir():
            path.unlink()
        for path, content in before.items():
            path.write_bytes(content)
        lay(folder)
        said.append(" ".join(faults_of(folder)))
    words = re.findall("`([^`]+)`", ROWS[kind])
    assert [one for one in words if not any(one in message for message in said)] == []
    assert [message for message in said if not any(one in message for one in words)] == []
