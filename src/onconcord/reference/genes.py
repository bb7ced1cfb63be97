"""The gene model: a centre's GTF or GFF3 as one GTF, and the coding exons that targets reach."""

import gzip
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from onconcord.errors import Fault, InputError
from onconcord.files import whole_file, write_tsv
from onconcord.reference.intervals import Interval, IntervalSet, merged
from onconcord.reference.targets import MOST_FAULTS, stranger

CANONICAL_TAGS = ("MANE_Select", "Ensembl_canonical")
CODING = ("CDS", "stop_codon")
PARTS = ("exon", "CDS", "UTR", "codon")
"""How the kinds of lines below a transcript end in GFF3; others are genes or transcripts."""
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


class GeneModel:
    """
    A gene model, GTF or GFF3, read from its file each time so that a whole genome's fits.

    Args:
        path: plain or gzip; GFF3 is told by its `key=value` attributes.
        lengths: bases by native contig name, of the genome the model is of.
    Raises:
        InputError: every line that is malformed or lies outside the genome, at most MOST_FAULTS.
    """

    def __init__(self, path: Path, lengths: Mapping[str, int]) -> None:
        self.path = path
        self._lengths = lengths
        self._parents: dict[str, Feature] = {}
        faults = self._check()
        if len(faults) > MOST_FAULTS:
            more = f"{len(faults) - MOST_FAULTS} more lines are at fault."
            faults = [*sorted(faults)[:MOST_FAULTS], Fault(path.name, more)]
        if faults:
            raise InputError(faults)

    def features(self) -> Iterator[Feature]:
        """
        Lines on contigs of the genome, as GTF has them: with gene_id and transcript_id.

        A GFF3 line of several transcripts comes once for each; lines that belong to no gene
        (chromosomes, regulatory regions) do not come at all.
        """
        for feature in self._raw():
            if self._parents:
                yield from self._as_gtf(feature)
            else:
                yield feature

    def _raw(self) -> Iterator[Feature]:
        for number, line in _lines(self.path):
            columns = line.split("\t")
            if columns[0] in self._lengths:
                yield Feature(number, tuple(columns[:8]), _attributes(columns[8]))

    def _check(self) -> list[Fault]:
        """One pass over the file: faults, and the genes and transcripts that GFF3 lines name."""
        name, faults = self.path.name, []
        strangers: dict[str, int] = {}
        children: dict[str, int] = {}
        good = 0
        try:
            for number, line in _lines(self.path):
                columns = line.split("\t")
                numbers = columns[3:5] if len(columns) == 9 else []
                if not numbers or not all(number.isdecimal() for number in numbers):
                    message = f'"{line[:60]}" is not a line of GTF or GFF3: expected nine columns.'
                    faults.append(Fault(name, message, number))
                    continue
                contig, start, end = columns[0], int(numbers[0]), int(numbers[1])
                length = self._lengths.get(contig)
                if length is None:
                    strangers.setdefault(contig, number)
                elif not 1 <= start <= end <= length:
                    message = (
                        f'{start}-{end} is outside contig "{contig}", which has {length} bases: '
                        "is this the gene model of another build?"
                    )
                    faults.append(Fault(name, message, number))
                else:
                    good += 1
                    self._note_parents(number, columns, children)
        except (OSError, UnicodeDecodeError, EOFError) as error:
            return [Fault(name, f"cannot be read as GTF or GFF3: {error}.")]
        # A model of the whole genome beside a FASTA of some of it is fine: they share names.
        if not good and not faults:
            faults += [
                Fault(name, stranger(contig, self._lengths), number)
                for contig, number in strangers.items()
            ]
        if not good and not faults:
            message = "has no feature: give a gene model, or leave reference.genes null."
            faults.append(Fault(name, message))
        for parent, number in children.items():
            if parent not in self._parents:
                message = f'its Parent "{parent}" is not in the file: give the whole gene model.'
                faults.append(Fault(name, message, number, "Parent"))
        return faults

    def _note_parents(self, line: int, columns: list[str], children: dict[str, int]) -> None:
        if "Parent=" not in columns[8] and not columns[8].startswith("ID="):
            return
        feature = Feature(line, tuple(columns[:8]), _attributes(columns[8]))
        for parent in feature.attributes.get("Parent", ()):
            children.setdefault(parent, line)
        own = feature.get("ID")
        if own and not feature.kind.endswith(PARTS):
            self._parents[own] = feature

    def _as_gtf(self, feature: Feature) -> Iterator[Feature]:
        above = [self._parents[parent] for parent in feature.attributes.get("Parent", ())]
        if feature.kind.endswith("gene") and not above:
            yield _gtf_line(feature, feature, None)
        elif above and not feature.kind.endswith(PARTS):
            yield _gtf_line(feature, above[0], feature)
        else:
            for transcript in above:
                gene = self._parents.get(transcript.get("Parent") or "", transcript)
                yield _gtf_line(feature, gene, transcript)


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
        if symbol := feature.get("gene_name", "gene"):
            symbols.setdefault(gene, symbol)
        if feature.kind in CODING:
            exons[gene, transcript].append(feature.interval)
    best: dict[str, CodingTranscript] = {}
    for (gene, transcript), found in sorted(exons.items()):
        candidate = CodingTranscript(
            gene_id=gene,
            gene_symbol=symbols.get(gene, gene),
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
    region = IntervalSet(targets)
    rows: list[tuple[Any, ...]] = []
    for one in transcripts:
        names = (one.gene_id, one.gene_symbol, one.transcript_id)
        parts = [part for exon in one.exons for part in region.cut(exon)]
        rows += ((*names, *part) for part in parts or [(one.exons[0][0], 0, 0)])
    write_tsv(out, HEADER, rows)
