"""
A variant as people write it, and the alleles of a pair that it is.

In a working folder the genome is at hand: every spelling of an allele is brought to its normal
form, c., n. and g. names are applied to the sequence. A release has none; there the names of its
tables are compared as text.
"""

import re
from dataclasses import dataclass, replace

import polars as pl

from onconcord.annotated.reading import (
    Event,
    event_of_coding,
    event_of_genomic,
    is_read,
    plain_change,
)
from onconcord.errors import InputError
from onconcord.evidence.normal_form import Allele, normalise
from onconcord.inputs.transcripts import without_version
from onconcord.questions.sources import VARIANT_KEY, TableSource
from onconcord.reference.codons import THREE_LETTERS
from onconcord.reference.contigs import read_contigs, table_chrom
from onconcord.reference.sequence import ContigNames, Genome
from onconcord.reference.transcript_set import read_set
from onconcord.reference.transcripts import Transcript, coding_sequence, transcript_of
from onconcord.sealed import sealed

Key = tuple[str, int, str, str]
"""chrom as in tables, 1-based pos, ref and alt of an allele."""

LOCUS = re.compile(
    r"(?P<chrom>[^:\s-]+)[:-](?P<pos>[0-9,]+)[:-]?(?P<ref>[ACGTN]+)[:>/-](?P<alt>[ACGTN]+)", re.I
)
NAMED = re.compile(
    r"(?P<name>[^:\s()]+)(?:\((?P<gene>[^:\s()]+)\))?:(?P<kind>[cngmp])\.(?P<change>\S+)", re.I
)
OF_MITOCHONDRION = re.compile(r"m\.\S+")
PROTEIN_TOO = re.compile(r"\s*\(p\.\S+\)$")
"""What ClinVar writes behind the name of a variant of DNA."""
REFSEQ_CONTIG = re.compile(r"NC_0000(?P<number>[0-9]{2})(?:\.(?P<version>[0-9]+))?")
SEX_CHROMOSOMES = {23: "X", 24: "Y"}
_VERSIONS = (
    *(11, 12, 12, 12, 10, 12, 14, 11, 12, 11, 10, 12),
    *(11, 9, 10, 10, 11, 10, 10, 11, 9, 11, 11, 10),
)
REFSEQ_GRCH38 = dict(enumerate(_VERSIONS, start=1))
"""Version of NC_000001 to NC_000024 in GRCh38; that of GRCh37 is one lower."""
RESIDUES = {**THREE_LETTERS, "X": "Ter"}
"""One-letter codes as people write them: X was a stop before * was."""
LONG = frozenset(THREE_LETTERS.values())
_RESIDUE = f"(?:{'|'.join(THREE_LETTERS.values())})"
_WORDS = "fs|delins|del|ins|dup|ext"
PIECES = rf"{_RESIDUE}|{_WORDS}|[A-Z*]|[0-9]+|[^A-Za-z0-9]"
SHORTENED = (
    (rf"(p\.{_RESIDUE}[0-9]+)(?:{_RESIDUE})?fs.*", r"\1fs"),
    (rf"p\.({_RESIDUE})([0-9]+)\1", r"p.\1\2="),
    (rf"p\.Met1{_RESIDUE}", "p.Met1?"),
    (rf"(p\..*(?:del|dup))(?:(?:{_RESIDUE})+|[0-9]+)", r"\1"),
)
"""What people write of a protein change, and the part of it that names it."""
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
        build: that of RefSeq's contig; None where the name tells none.
        gene: symbol or id of the gene, or id of the transcript, of a c., n. or p. change.
        of_gene: the gene that is named behind a transcript, in brackets.
        change: c., n. or g. with the bases that it states; p. in three-letter codes.
    """

    text: str
    allele: Key | None = None
    chrom: str | None = None
    build: str | None = None
    gene: str | None = None
    of_gene: str | None = None
    change: str | None = None


def canonical_change(change: str) -> str:
    """
    A protein change in three-letter codes without brackets: p.R201C and p.(Arg201Cys) become
    p.Arg201Cys, p.V295V becomes p.Val295=, p.G646fs*12 and p.Gly646TrpfsTer12 become p.Gly646fs,
    p.M1V becomes p.Met1?, p.E746_A750delELREA becomes p.Glu746_Ala750del.
    """
    body = re.sub(r"[()\[\]]", "", change.removeprefix("p."))
    if body in (body.lower(), body.upper()):
        body = _in_usual_case(body.lower())
    pieces = re.findall(PIECES, body)
    if "".join(pieces) != body:
        return change
    spelt = [piece if piece in LONG else RESIDUES.get(piece, piece) for piece in pieces]
    text = "p." + "".join(spelt)
    for pattern, short in SHORTENED:
        if match := re.fullmatch(pattern, text):
            return match.expand(short)
    return text


def _in_usual_case(body: str) -> str:
    """A protein change of small letters as HGVS writes it: arg201cys and r201c."""
    is_long = re.match(rf"(?:\*[0-9]+)?{_RESIDUE}", body, re.I)
    words = re.compile(rf"({_WORDS})|({_RESIDUE if is_long else 'ter|[a-z]'})", re.I)
    return words.sub(lambda word: word[1] or word[2].capitalize(), body)


def dna_change(change: str) -> str:
    """A c., n., g. or m. change without brackets, its bases in capitals: c.601c>t is c.601C>T."""
    words = re.sub("DELINS|DEL|DUP|INV|INS", lambda word: word[0].lower(), change[2:].upper())
    return change[:2] + re.sub(r"[()\[\]]", "", words)


def parse_variant(text: str) -> Query:
    """
    Read VARIANT of the command line.

    Raises:
        InputError: it is none of EXAMPLES.
    """
    plain = re.sub(r"\s*:\s*|\s+", ":", PROTEIN_TOO.sub("", text.strip()))
    if match := LOCUS.fullmatch(plain):
        chrom, pos = _chrom(match["chrom"]), int(match["pos"].replace(",", ""))
        ref, alt = match["ref"].upper(), match["alt"].upper()
        if ref == alt:
            raise InputError.at("VARIANT", f'"{text}" changes nothing: {EXAMPLES}')
        return Query(text, (chrom, pos, ref, alt), build=_build(match["chrom"]))
    if OF_MITOCHONDRION.fullmatch(plain):
        plain = f"chrM:{plain}"
    if match := NAMED.fullmatch(plain):
        name, kind = match["name"], match["kind"].lower()
        change = f"{kind}.{match['change']}"
        if ";" in change:
            raise InputError.at("VARIANT", f'"{text}" is several changes: ask for one at a time')
        named = canonical_change(change) if kind == "p" else dna_change(change)
        if kind != "p" and not is_read(named):
            message = (
                f'"{text}" is in no form that is read: expected >, del, dup, ins, inv or delins'
            )
            raise InputError.at("VARIANT", message)
        if kind in "gm":
            return Query(text, chrom=_chrom(name), build=_build(name), change=named)
        return Query(text, gene=name, of_gene=match["gene"], change=named)
    raise InputError.at("VARIANT", f'"{text}" is not a variant: {EXAMPLES}')


def _chrom(name: str) -> str:
    """Name of a contig in the tables: 20, chr20, CHR20 and NC_000020.10 are chr20."""
    if match := REFSEQ_CONTIG.fullmatch(name):
        number = int(match["number"])
        return f"chr{SEX_CHROMOSOMES.get(number, number)}"
    if name.startswith("NC_012920"):
        return "chrM"
    return table_chrom(re.sub("^chr", "chr", name, flags=re.I))


def _build(name: str) -> str | None:
    """The build that has this version of RefSeq's contig."""
    match = REFSEQ_CONTIG.fullmatch(name)
    if match is None or match["version"] is None:
        return None
    newest = REFSEQ_GRCH38.get(int(match["number"]), 0)
    return {0: "GRCh38", 1: "GRCh37"}.get(newest - int(match["version"]))


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
        InputError: the genome is of another build, or has other bases there than the question says.
    """
    builds = set(variants["reference_id"]) & {"GRCh37", "GRCh38"} - {query.build}
    if query.build and builds:
        message = f'"{query.text}" is a place of {query.build}: these variants are of {min(builds)}'
        raise InputError.at("VARIANT", message)
    reference = _Reference.of(source)
    if reference:
        query = reference.in_normal_form(query)
    elif query.chrom:
        query = _as_written(query)
    if query.allele:
        return query, _keys_with(query.allele, source, pair, variants)
    keys = _keys_named(query, variants)
    if not keys:
        rows = source.read("variant_consequence").join(
            variants.select("variant_key", *VARIANT_KEY), on="variant_key"
        )
        keys = _keys_named(query, rows)
    if not keys and reference:
        reference.refuse_misfit(query)
        alleles = reference.alleles(query)
        for allele in alleles:
            if keys := _keys_with(allele, source, pair, variants):
                return replace(query, allele=allele), keys
        if alleles:
            query = replace(query, allele=alleles[0])
    return query, keys


def _keys_with(allele: Key, source: TableSource, pair: str, variants: pl.DataFrame) -> list[Key]:
    """The allele, if it is one of the variants, or the events that it is a part of."""
    if variants.filter(is_allele(allele)).height:
        return [allele]
    events = source.read("small_variant_atom", pair).filter(is_allele(allele))
    whole = variants.filter(pl.col("event_id").is_in(events["event_id"].implode()))
    return list(whole.select(VARIANT_KEY).iter_rows())


def _as_written(query: Query) -> Query:
    """A g. or m. substitution as the allele that it names; others need the genome's bases."""
    stated = re.fullmatch(r"[gm]\.([0-9]+)([ACGTN]+)>([ACGTN]+)", query.change or "")
    if query.chrom is None or stated is None:
        message = "a release has no genome to read this from: give it as chrom:pos:ref:alt"
        raise InputError.at("VARIANT", f'"{query.text}": {message}')
    return replace(query, allele=(query.chrom, int(stated[1]), stated[2], stated[3]))


def _keys_named(query: Query, rows: pl.DataFrame) -> list[Key]:
    """The alleles whose row has the name, on the gene or transcript of the question."""
    assert query.gene is not None
    assert query.change is not None
    of_gene = rows.filter(is_named(query.gene))
    column = "hgvsp" if query.change.startswith("p.") else "hgvsc"
    plain = canonical_change if column == "hgvsp" else plain_change
    named = of_gene.filter(pl.col(column).is_not_null()).select(*VARIANT_KEY, column)
    keys = [
        (chrom, pos, ref, alt)
        for chrom, pos, ref, alt, name in named.iter_rows()
        if plain(name) == plain(query.change)
    ]
    return list(dict.fromkeys(keys))


def is_named(name: str) -> pl.Expr:
    """Rows of a gene or a transcript, whatever the case of its name, in whatever version."""
    columns = ("gene_symbol", "gene_id", "transcript_id")
    same = pl.any_horizontal(
        pl.col(column).str.to_lowercase() == name.lower() for column in columns
    )
    bare = pl.col("transcript_id").str.replace(r"\.[0-9]+$", "").str.to_lowercase()
    return same | (bare == without_version(name).lower())


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
            contig = self._contig(query, chrom)
            held = self.genome.bases(contig, pos - 1, pos - 1 + len(ref))
            if held != ref:
                message = f'"{query.text}": the genome has {held or "no base"} there, not {ref}'
                raise InputError.at("VARIANT", message)
            return replace(query, allele=self._key(contig, (pos, ref, alt)))
        if query.chrom:
            contig = self._contig(query, query.chrom)
            event = event_of_genomic(self.genome, contig, query.change or "")
            if event is None:
                message = f'"{query.text}" does not fit this genome: are its bases right?'
                raise InputError.at("VARIANT", message)
            return replace(query, allele=self._key(contig, event))
        if query.change and query.change[0] in "cn":
            keys = self.alleles(query)
            if len(keys) == 1:
                return replace(query, allele=keys[0])
            if not keys and self._events(replace(query, change=plain_change(query.change))):
                self.refuse_misfit(query)
        return query

    def refuse_misfit(self, query: Query) -> None:
        """
        Refuse a change that the gene's own sequence cannot have.

        Raises:
            InputError: a c. or n. change has other bases or numbers than the transcripts; a p.
                change another residue than every sound transcript of the gene.
        """
        assert query.gene is not None
        assert query.change is not None
        named, of_gene = self._transcripts(query.gene)
        names = " or ".join(one.transcript_id for one in named)
        if query.change[0] in "cn":
            if named and not self._events(query):
                message = f'"{query.text}" does not fit {names}: are its numbers and bases right?'
                raise InputError.at("VARIANT", message)
            return
        residue = re.match("p\\.([A-Z][a-z]{2})([0-9]+)", query.change)
        if residue is None:
            return
        proteins = {one.transcript_id: self._protein(one) for one in of_gene}
        at = int(residue[2]) - 1
        if any(
            THREE_LETTERS.get(protein[at : at + 1]) == residue[1] for protein in proteins.values()
        ):
            return
        told = [
            f"{one.transcript_id} has {THREE_LETTERS.get(protein[at : at + 1], 'none')}"
            for one in named
            if (protein := proteins[one.transcript_id])
        ]
        if told:
            message = f'"{query.text}": residue {at + 1} is not {residue[1]}: {", ".join(told)}'
            raise InputError.at("VARIANT", message)

    def alleles(self, query: Query) -> list[Key]:
        """What a c. or n. change is on each transcript that can have it, in the set's order."""
        if query.change is None or query.change[0] not in "cn":
            return []
        return list(dict.fromkeys(self._key(*event) for event in self._events(query)))

    def _protein(self, transcript: Transcript) -> str:
        """Residues of a transcript; none of one whose CDS is not sound."""
        coding = coding_sequence(transcript, self.genome)
        return coding.protein if coding and coding.status == "ok" else ""

    def _events(self, query: Query) -> list[tuple[str, Event]]:
        """What a c. or n. change is on the transcripts it is asked of, with their contigs."""
        assert query.gene is not None
        assert query.change is not None
        return [
            (transcript.chrom, event)
            for transcript in self._transcripts(query.gene)[0]
            if (event := event_of_coding(transcript, self.genome, query.change))
        ]

    def _contig(self, query: Query, chrom: str) -> str:
        """Native name of a contig of the tables."""
        if chrom not in self.native:
            message = f'"{query.text}": the genome has no contig {chrom}'
            raise InputError.at("VARIANT", message)
        return self.native[chrom]

    def _key(self, contig: str, event: Event) -> Key:
        allele = normalise(self.genome, Allele(contig, *event))
        chrom = {native: chrom for chrom, native in self.native.items()}[contig]
        return chrom, allele.pos, allele.ref, allele.alt

    def _transcripts(self, name: str) -> tuple[list[Transcript], list[Transcript]]:
        """
        The transcripts that a name stands for, and all of their genes: of a gene, those of the set
        in its order.
        """
        folder = self.source.root / "results/1_reference"
        if not (folder / "transcripts.parquet").is_file():
            return [], []
        table = pl.scan_parquet(sealed(folder / "transcripts.parquet")).filter(is_named(name))
        known = [transcript_of(row) for row in table.collect().iter_rows(named=True)]
        chosen = [one.transcript for one in read_set(folder / "transcript_set.tsv")]
        of_set = [one for one in known if one.transcript_id in chosen]
        return sorted(of_set, key=lambda one: chosen.index(one.transcript_id)) or known, known
