"""The gene model: a centre's GTF or GFF3 as one GTF, and the coding exons that targets reach."""

import csv
import gzip
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from onconcord.errors import Fault, InputError
from onconcord.files import whole_file
from onconcord.targets import MOST_FAULTS, Interval, Region, merged, stranger

CANONICAL_TAGS = ("MANE_Select", "Ensembl_canonical")
CODING = ("CDS", "stop_codon")
TRANSCRIPTS = ("transcript", "mRNA", "lnc_RNA", "ncRNA", "pseudogenic_transcript")
HEADER = ("gene_id", "gene_symbol", "transcript_id", "chrom", "start0", "end0")


@dataclass(frozen=True)
class Feature:
    """
    One line of a gene model.

    Args:
        line: 1-based line of the file.
        columns: its first eight columns, start and end 1-based and closed.
        attributes: values by key; a key that is there several times has them all.
    """

    line: int
    columns: tuple[str, ...]
    attributes: Mapping[str, tuple[str, ...]]

    @property
    def kind(self) -> str:
        """Third column: gene, mRNA, exon, CDS and so on."""
        return self.columns[2]

    @property
    def interval(self) -> Interval:
        """Contig, start and end, 0-based half-open."""
        return self.columns[0], int(self.columns[3]) - 1, int(self.columns[4])

    def get(self, *keys: str) -> str | None:
        """First value of the first of these keys that the line has, or None."""
        return next((self.attributes[key][0] for key in keys if key in self.attributes), None)


@dataclass(frozen=True)
class CodingTranscript:
    """A transcript with the bases that are translated, stop codon included: 0-based, merged."""

    gene_id: str
    gene_symbol: str
    transcript_id: str
    canonical: bool
    exons: tuple[Interval, ...]

    @property
    def coding_bp(self) -> int:
        """Bases that are translated."""
        return sum(end - start for _, start, end in self.exons)


def read_model(path: Path, lengths: Mapping[str, int]) -> tuple[Feature, ...]:
    """
    Every line of a gene model as GTF has it: with gene_id and transcript_id.

    Args:
        path: GTF or GFF3, plain or gzip; told apart by their attributes.
        lengths: bases by native contig name, of the genome the model is of.
    Raises:
        InputError: every line that is malformed or lies outside the genome.
    """
    features, faults = check_model(path, lengths)
    if faults:
        raise InputError(faults)
    return features


def check_model(path: Path, lengths: Mapping[str, int]) -> tuple[tuple[Feature, ...], list[Fault]]:
    """Good lines of a gene model, and its faults; see `read_model`."""
    features: list[Feature] = []
    faults: list[Fault] = []
    strangers: dict[str, int] = {}
    try:
        for number, line in _lines(path):
            columns = line.split("\t")
            numbers = columns[3:5] if len(columns) == 9 else []
            if not numbers or not all(number.isdecimal() for number in numbers):
                message = f'"{line[:60]}" is not a line of GTF or GFF3: expected nine columns.'
                faults.append(Fault(path.name, number, "", message))
                continue
            contig, start, end = columns[0], int(numbers[0]), int(numbers[1])
            if contig not in lengths:
                strangers.setdefault(contig, number)
            elif not 1 <= start <= end <= lengths[contig]:
                message = (
                    f'{start}-{end} is outside contig "{contig}", which has {lengths[contig]} '
                    "bases: is this the gene model of another build?"
                )
                faults.append(Fault(path.name, number, "", message))
            else:
                features.append(Feature(number, tuple(columns[:8]), _attributes(columns[8])))
    except (OSError, UnicodeDecodeError, EOFError) as error:
        return (), [Fault(path.name, 0, "", f"cannot be read as GTF or GFF3: {error}.")]
    # A whole-genome model beside a FASTA of some chromosomes is fine as long as they share names.
    if not features and not faults:
        faults += [
            Fault(path.name, number, "", stranger(contig, lengths))
            for contig, number in strangers.items()
        ]
    if not features and not faults:
        message = "has no feature: give a gene model, or leave reference.genes null."
        faults.append(Fault(path.name, 0, "", message))
    if any("Parent" in feature.attributes for feature in features):
        features, orphan_faults = _with_gtf_ids(path.name, features)
        faults += orphan_faults
    if len(faults) > MOST_FAULTS:
        more = f"{len(faults) - MOST_FAULTS} more lines are at fault."
        faults = [*sorted(faults)[:MOST_FAULTS], Fault(path.name, 0, "", more)]
    return tuple(features), faults


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    with path.open("rb") as raw:
        compressed = raw.read(2) == b"\x1f\x8b"
    with (gzip.open if compressed else open)(path, "rt", encoding="utf-8") as handle:
        for number, line in enumerate(handle, start=1):
            if line.startswith("##FASTA"):
                return
            if line.strip() and not line.startswith("#"):
                yield number, line.rstrip("\r\n")


def _attributes(text: str) -> dict[str, tuple[str, ...]]:
    """Ninth column: `key "value";` in GTF, `key=value;` in GFF3, where values are a list."""
    found: dict[str, tuple[str, ...]] = {}
    gff3 = "=" in text.split('"', 1)[0]
    for part in text.split(";"):
        key, _, value = part.strip().partition("=" if gff3 else " ")
        if not key:
            continue
        if gff3:
            values = tuple(unquote(one) for one in value.split(","))
        else:
            values = (value.strip().strip('"'),)
        found[key] = found.get(key, ()) + values
    return found


def _with_gtf_ids(name: str, features: list[Feature]) -> tuple[list[Feature], list[Fault]]:
    """
    GFF3 lines with the gene and transcript that their Parent chain names, once per transcript.

    Lines that belong to no gene (chromosomes, regulatory regions) are left out.
    """
    by_id = {found: one for one in features if (found := one.get("ID"))}
    done = []
    faults = []
    for feature in features:
        parents = feature.attributes.get("Parent", ())
        for parent in parents:
            if parent not in by_id:
                message = f'its Parent "{parent}" is not in the file: give the whole gene model.'
                faults.append(Fault(name, feature.line, "Parent", message))
        above = [by_id[parent] for parent in parents if parent in by_id]
        if feature.kind.endswith("gene") and not parents:
            done.append(_gtf_line(feature, feature, None))
        elif feature.kind in TRANSCRIPTS or "transcript" in feature.kind:
            done.append(_gtf_line(feature, above[0] if above else feature, feature))
        else:
            for transcript in above:
                gene = by_id.get(transcript.get("Parent") or "", transcript)
                done.append(_gtf_line(feature, gene, transcript))
    return done, faults


def _gtf_line(feature: Feature, gene: Feature, transcript: Feature | None) -> Feature:
    found: dict[str, tuple[str, ...]] = {"gene_id": (_plain_id(gene, "gene_id"),)}
    symbol = gene.get("gene_name", "Name", "gene")
    found["gene_name"] = (symbol,) if symbol else found["gene_id"]
    if biotype := gene.get("gene_biotype", "gene_type", "biotype"):
        found["gene_biotype"] = (biotype,)
    columns = feature.columns
    if transcript:
        found["transcript_id"] = (_plain_id(transcript, "transcript_id"),)
        if biotype := transcript.get("transcript_biotype", "transcript_type", "biotype"):
            found["transcript_biotype"] = (biotype,)
        if tags := transcript.attributes.get("tag"):
            found["tag"] = tags
        if transcript is feature:
            columns = (*columns[:2], "transcript", *columns[3:])
    return Feature(feature.line, columns, found)


def _plain_id(feature: Feature, key: str) -> str:
    """Ensembl writes ID=transcript:ENST1; the part before the colon says nothing more."""
    return feature.get(key) or (feature.get("ID") or "").removeprefix(f"{key[:-3]}:")


def canonical_transcripts(features: Iterable[Feature]) -> tuple[CodingTranscript, ...]:
    """
    One coding transcript per gene, sorted by gene id: the tagged one, else the longest.

    Genes without a coding base are left out. Of several equals the first id in order is taken.
    """
    exons: dict[tuple[str, str], list[Interval]] = defaultdict(list)
    tags: dict[tuple[str, str], set[str]] = defaultdict(set)
    symbols: dict[str, str] = {}
    for feature in features:
        gene, transcript = feature.get("gene_id"), feature.get("transcript_id")
        if not gene or not transcript:
            continue
        tags[gene, transcript] |= set(feature.attributes.get("tag", ()))
        if feature.kind in CODING:
            exons[gene, transcript].append(feature.interval)
            symbols[gene] = feature.get("gene_name", "gene") or gene
    best: dict[str, CodingTranscript] = {}
    for (gene, transcript), found in sorted(exons.items()):
        candidate = CodingTranscript(
            gene_id=gene,
            gene_symbol=symbols[gene],
            transcript_id=transcript,
            canonical=not tags[gene, transcript].isdisjoint(CANONICAL_TAGS),
            exons=merged(found, sorted({contig for contig, _, _ in found})),
        )
        before = best.get(gene)
        rank = (candidate.canonical, candidate.coding_bp)
        if before is None or rank > (before.canonical, before.coding_bp):
            best[gene] = candidate
    return tuple(best[gene] for gene in sorted(best))


def write_gtf(features: Iterable[Feature], out: Path) -> None:
    """Write a gene model as GTF, in the order it was read."""
    with whole_file(out) as temporary, temporary.open("w", encoding="utf-8") as handle:
        for feature in features:
            attributes = " ".join(
                f'{key} "{value}";'
                for key, values in feature.attributes.items()
                for value in values
            )
            handle.write("\t".join((*feature.columns, attributes)) + "\n")


def write_gene_regions(
    transcripts: Iterable[CodingTranscript], targets: Iterable[Interval], out: Path
) -> None:
    """
    Write gene_regions.tsv: coding exons of each gene cut to the targets, 0-based half-open.

    A gene of which no base is a target has one line with start0 = end0 = 0.
    """
    region = Region(targets)
    with whole_file(out) as temporary, temporary.open("w", newline="") as handle:
        writer = csv.writer(handle, dialect="excel-tab", lineterminator="\n")
        writer.writerow(HEADER)
        for one in transcripts:
            names = (one.gene_id, one.gene_symbol, one.transcript_id)
            parts = [part for exon in one.exons for part in region.cut(exon)]
            writer.writerows((*names, *part) for part in parts or [(one.exons[0][0], 0, 0)])
