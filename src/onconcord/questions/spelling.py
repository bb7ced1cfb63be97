"""
A variant as people write it, and the alleles of a pair that it is.

In a working folder the genome is at hand: every spelling of an allele is brought to its normal
form, c., n. and g. names are applied to the sequence. A release has none; there the names of its
tables are compared as text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import polars as pl

from onconcord.annotated.reading import event_of_coding, event_of_genomic, plain_change
from onconcord.errors import InputError
from onconcord.evidence.normal_form import Allele, normalise
from onconcord.inputs.transcripts import without_version
from onconcord.questions.sources import VARIANT_KEY, TableSource
from onconcord.reference.codons import THREE_LETTERS
from onconcord.reference.contigs import read_contigs, table_chrom
from onconcord.reference.sequence import ContigNames, Genome
from onconcord.reference.transcript_set import read_set
from onconcord.reference.transcripts import Transcript, transcript_of
from onconcord.sealed import sealed

Key = tuple[str, int, str, str]
"""chrom as in tables, 1-based pos, ref and alt of an allele."""

LOCUS = re.compile(
    r"(?P<chrom>[^:\s-]+)[:-](?P<pos>[0-9]+)[:-]?(?P<ref>[ACGTN]+)[:>-](?P<alt>[ACGTN]+)", re.I
)
NAMED = re.compile(r"(?P<name>[^:\s()]+)(?:\((?P<gene>[^:\s()]+)\))?:(?P<change>[cngmp]\.\S+)")
REFSEQ_CONTIG = re.compile(r"NC_0000(?P<number>[0-9]{2})(?:\.[0-9]+)?")
SEX_CHROMOSOMES = {23: "X", 24: "Y"}
RESIDUES = {**THREE_LETTERS, "X": "Ter"}
"""One-letter codes as people write them: X was a stop before * was."""
LONG = frozenset(THREE_LETTERS.values())
EXAMPLES = (
    "expected chrom:pos:ref:alt (chr20:57484420:C:T, 1-based, as in a VCF), chr20:g.57484420C>T, "
    "GENE:c.change or TRANSCRIPT:c.change (GNAS:c.601C>T), or GENE:p.change (GNAS:p.Arg201Cys or "
    "GNAS:p.R201C)"
)


@dataclass(frozen=True)
class Query:
    """
    What a user asked for: an allele, or a change of a contig, a gene or a transcript.

    Args:
        text: as typed.
        allele: None for a change that is not an allele yet.
        chrom: contig of a g. change, as in tables.
        gene: symbol or id of the gene, or id of the transcript, of a c., n. or p. change.
        change: c., n. or g. without what HGVS leaves out; p. in three-letter codes.
    """

    text: str
    allele: Key | None = None
    chrom: str | None = None
    gene: str | None = None
    change: str | None = None


def canonical_change(change: str) -> str:
    """
    A protein change in three-letter codes without brackets: p.R201C and p.(Arg201Cys) become
    p.Arg201Cys, p.V295V becomes p.Val295=, p.G646fs*12 and p.Gly646TrpfsTer12 become p.Gly646fs.
    """
    body = change.removeprefix("p.").replace("(", "").replace(")", "")
    words = r"[A-Z][a-z]{2}|fs|delins|del|ins|dup|ext|[A-Z*]|[0-9]+|[^A-Za-z0-9]"
    pieces = re.findall(words, body)
    if "".join(pieces) != body:
        return change
    spelt = [piece if piece in LONG else RESIDUES.get(piece, piece) for piece in pieces]
    text = "p." + "".join(spelt)
    if match := re.match(r"(p\.[A-Z][a-z]{2}[0-9]+)(?:[A-Z][a-z]{2})?fs", text):
        return f"{match[1]}fs"
    if match := re.fullmatch(r"p\.([A-Z][a-z]{2})([0-9]+)\1", text):
        return f"p.{match[1]}{match[2]}="
    return text


def parse_variant(text: str) -> Query:
    """
    Read VARIANT of the command line.

    Raises:
        InputError: it is none of EXAMPLES.
    """
    if match := LOCUS.fullmatch(text):
        chrom = _chrom(match["chrom"])
        return Query(text, (chrom, int(match["pos"]), match["ref"].upper(), match["alt"].upper()))
    if match := NAMED.fullmatch(text):
        name, change = match["name"], match["change"]
        if change[0] in "gm":
            return Query(text, chrom=_chrom(name), change=plain_change(change))
        if change[0] == "p":
            return Query(text, gene=name, change=canonical_change(change))
        return Query(text, gene=name, change=plain_change(change))
    raise InputError.at("VARIANT", f'"{text}" is not a variant: {EXAMPLES}')


def _chrom(name: str) -> str:
    """Name of a contig in the tables: 20, chr20, CHR20 and NC_000020.10 are chr20."""
    if match := REFSEQ_CONTIG.fullmatch(name):
        number = int(match["number"])
        return f"chr{SEX_CHROMOSOMES.get(number, number)}"
    if name.startswith("NC_012920"):
        return "chrM"
    return table_chrom(re.sub("^chr", "chr", name, flags=re.I))


def resolve(
    source: TableSource, pair: str, query: Query, variants: pl.DataFrame
) -> tuple[Query, list[Key]]:
    """
    The alleles of a pair that a user means.

    Args:
        variants: rows of small_variant of the pair.
    Returns:
        The question, with the allele in normal form where the genome tells one, and the alleles
        of `variants` that it is.
    Raises:
        InputError: the genome has other bases there than the question says.
    """
    reference = _Reference.of(source)
    if reference:
        query = reference.in_normal_form(query)
    if query.allele:
        if variants.filter(is_allele(query.allele)).height:
            return query, [query.allele]
        events = source.read("small_variant_atom", pair).filter(is_allele(query.allele))
        whole = variants.filter(pl.col("event_id").is_in(events["event_id"].implode()))
        return query, list(whole.select(VARIANT_KEY).iter_rows())
    if query.chrom:
        if reference:
            return query, []
        message = "a release has no genome to read this from: give it as chrom:pos:ref:alt"
        raise InputError.at("VARIANT", f'"{query.text}": {message}')
    keys = _keys_named(query, variants)
    if not keys:
        rows = source.read("variant_consequence").join(
            variants.select("variant_key", *VARIANT_KEY), on="variant_key"
        )
        keys = _keys_named(query, rows)
    return query, keys


def _keys_named(query: Query, rows: pl.DataFrame) -> list[Key]:
    """The alleles whose row has the name, on the gene or transcript of the question."""
    assert query.gene is not None
    assert query.change is not None
    of_gene = rows.filter(
        (pl.col("gene_symbol") == query.gene)
        | (pl.col("gene_id") == query.gene)
        | (pl.col("transcript_id") == query.gene)
        | (_bare_transcript() == without_version(query.gene))
    )
    column = "hgvsp" if query.change.startswith("p.") else "hgvsc"
    plain = canonical_change if column == "hgvsp" else plain_change
    named = of_gene.filter(pl.col(column).is_not_null()).select(*VARIANT_KEY, column)
    keys = [
        (chrom, pos, ref, alt)
        for chrom, pos, ref, alt, name in named.iter_rows()
        if plain(name) == query.change
    ]
    return list(dict.fromkeys(keys))


def _bare_transcript() -> pl.Expr:
    return pl.col("transcript_id").str.replace(r"\.[0-9]+$", "")


def is_allele(allele: Key) -> pl.Expr:
    """Rows of an allele, by VARIANT_KEY."""
    matches = pl.lit(True)
    for name, value in zip(VARIANT_KEY, allele, strict=True):
        matches = matches & (pl.col(name) == value)
    return matches


@dataclass(frozen=True)
class _Reference:
    """The genome and the gene model of a working folder."""

    genome: Genome
    native: dict[str, str]
    source: TableSource

    @classmethod
    def of(cls, source: TableSource) -> "_Reference | None":
        """None where the source has no genome: a release, or tables alone."""
        folder = source.root / "results/1_reference"
        if source.kind != "working" or not (folder / "genome.fa.fai").is_file():
            return None
        names = ContigNames.of(read_contigs(folder / "contigs.tsv"))
        native = {chrom: name for name, chrom in names.table_of.items()}
        return cls(Genome(folder / "genome.fa"), native, source)

    def in_normal_form(self, query: Query) -> Query:
        """The question with its allele, in normal form; as it is where the genome tells none."""
        if query.allele:
            chrom, pos, ref, alt = query.allele
            contig = self.native.get(chrom)
            if contig is None:
                return query
            held = self.genome.bases(contig, pos - 1, pos - 1 + len(ref))
            if held != ref:
                message = f'"{query.text}": the genome has {held or "no base"} there, not {ref}'
                raise InputError.at("VARIANT", message)
            return replace(query, allele=self._key(contig, (pos, ref, alt)))
        if query.chrom:
            contig = self.native.get(query.chrom)
            event = None
            if contig and query.change:
                event = event_of_genomic(self.genome, contig, query.change)
            if contig is None or event is None:
                message = f'"{query.text}" does not fit this genome: are its bases right?'
                raise InputError.at("VARIANT", message)
            return replace(query, allele=self._key(contig, event))
        if query.change and query.change[0] in "cn":
            keys = {
                self._key(transcript.chrom, event)
                for transcript in self._transcripts(query.gene or "")
                if (event := event_of_coding(transcript, self.genome, query.change))
            }
            if len(keys) == 1:
                return replace(query, allele=keys.pop())
        return query

    def _key(self, contig: str, event: tuple[int, str, str]) -> Key:
        allele = normalise(self.genome, Allele(contig, *event))
        chrom = {native: chrom for chrom, native in self.native.items()}[contig]
        return chrom, allele.pos, allele.ref, allele.alt

    def _transcripts(self, name: str) -> Iterator[Transcript]:
        """The transcript of this id, or those of the set of the gene of this name."""
        folder = self.source.root / "results/1_reference"
        if not (folder / "transcripts.parquet").is_file():
            return
        ids = [
            chosen.transcript
            for chosen in read_set(folder / "transcript_set.tsv")
            if name in (chosen.gene, chosen.gene_symbol)
        ]
        wanted = pl.col("transcript_id").is_in(ids)
        if not ids:
            wanted = _bare_transcript() == without_version(name)
        rows = pl.scan_parquet(sealed(folder / "transcripts.parquet")).filter(wanted).collect()
        yield from map(transcript_of, rows.iter_rows(named=True))
