"""Whether the tools that index a genome left out any of it."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from onconcord.compressed import is_gzip, read_chunks
from onconcord.files import file_sha256
from onconcord.reference.contigs import ContigRow, read_contigs
from onconcord.runtime.conserved import broken


def check_genome(given: Path, fasta: Path, dictionary: Path, contigs: Path) -> None:
    """
    Hold that the run's FASTA is all of the centre's, and that its indexes have every contig.

    Args:
        given: the centre's FASTA, compressed or not.
        fasta: the run's, with its `.fai`.
        dictionary: sequence dictionary of it.
        contigs: contigs.tsv, whose digests are of the sequences.
    Raises:
        ToolError: naming the tool that left something out.
    """
    if is_gzip(given):
        digest = hashlib.sha256()
        for chunk in read_chunks(given):
            digest.update(chunk)
        if digest.hexdigest() != file_sha256(fasta):
            raise broken("bgzip", fasta, "it has not all bytes")
    _check_dictionary(dictionary, read_contigs(contigs))


def check_fasta_index(fasta: Path) -> None:
    """Hold that a `.fai` has every sequence of its FASTA, each with all of its bases."""
    index = Path(f"{fasta}.fai")
    with fasta.open("rb") as file:

        def next_header() -> bytes:
            line = file.readline()
            while line and not line.strip():
                line = file.readline()
            return line

        for line in index.read_text().splitlines():
            cells = line.split("\t")
            header = next_header()
            try:
                name, (length, offset, bases, width) = cells[0], map(int, cells[1:5])
            except ValueError as error:
                raise broken("samtools faidx", index, f"a line is cut off ({line})") from error
            named = header.startswith(b">") and header[1:].split()[:1] == [name.encode()]
            if not named or offset != file.tell():
                raise broken("samtools faidx", index, f"it disagrees with the FASTA at {name}")
            file.seek(offset + (length // bases * width + length % bases if bases else 0))
        if next_header():
            raise broken("samtools faidx", index, "it lacks sequences at the end of the FASTA")


def _check_dictionary(dictionary: Path, rows: Sequence[ContigRow]) -> None:
    listed = []
    text = dictionary.read_text()
    for line in text.splitlines():
        kind, *fields = line.split("\t")
        if kind == "@SQ":
            tags = dict(field.split(":", 1) for field in fields if ":" in field)
            listed.append((tags.get("SN"), tags.get("LN"), tags.get("M5")))
    wanted = [(row.source_name, str(row.length_bp), row.md5) for row in rows]
    if listed != wanted or not text.endswith("\n"):
        raise broken(
            "samtools dict",
            dictionary,
            f"{len(wanted)} contigs went in, and its {len(listed)} are not the same",
        )


def contigs_of_bwa(prefix: Path) -> list[tuple[str, int]]:
    """Names and bases of the contigs that an index of bwa has, as far as they can be read."""
    lines = Path(f"{prefix}.ann").read_text(errors="replace").splitlines()
    cells = [
        (name.split(), place.split()) for name, place in zip(lines[1::2], lines[2::2], strict=False)
    ]
    return [
        (name[1], int(place[1]))
        for name, place in cells
        if len(name) > 1 and len(place) > 1 and place[1].isdecimal()
    ]


def check_bwa_index(prefix: Path, fasta_index: Path) -> None:
    """
    Hold that an index of bwa is of the whole genome, and that each of its files has its size.

    Source: bwa 0.7.17, bntseq.c, bwt.c and bwtindex.c: four bases a byte; of both strands 16 bases
    a word, with counts of four letters, 8 words, every 128; every 32nd entry of the suffix array.
    """
    lines = fasta_index.read_text().splitlines()
    wanted = [(name, int(length)) for name, length in (line.split("\t")[:2] for line in lines)]
    bases = sum(length for _, length in wanted)
    listed = contigs_of_bwa(prefix)
    if listed != wanted:
        raise broken(
            "bwa index",
            f"{prefix}.ann",
            f"it has {len(listed)} contigs, which are not the {len(wanted)} of the genome",
        )
    holes = Path(f"{prefix}.amb").read_text().splitlines()
    if not holes or [str(len(holes) - 1)] != holes[0].split()[2:3]:
        raise broken("bwa index", f"{prefix}.amb", "it is not a whole file")
    both = 2 * bases
    sizes = {
        "pac": bases // 4 + 2,
        "bwt": 40 + 4 * ((both + 15) // 16 + 8 * ((both + 127) // 128 + 1)),
        "sa": 56 + 8 * ((both + 32) // 32 - 1),
    }
    for suffix, size in sizes.items():
        path = Path(f"{prefix}.{suffix}")
        if path.stat().st_size != size:
            raise broken("bwa index", path, f"it has {path.stat().st_size} of {size} bytes")
