"""
The gene model: a centre's GTF or GFF3 as one row per transcript, whatever its spelling.

The file is read in blocks of whole lines, so that a whole genome's model stays small in memory.
Ensembl, GENCODE and RefSeq write the same facts under other keys; PATTERNS says which.
"""

from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import polars as pl

from onconcord.compressed import read_chunks
from onconcord.errors import Fault, InputError
from onconcord.files import whole_file
from onconcord.reference.contigs import native_name
from onconcord.reference.intervals import Interval
from onconcord.reference.targets import MOST_FAULTS, stranger

BLOCK_BYTES = 32_000_000
COLUMNS = ("chrom", "source", "kind", "start", "end", "score", "strand", "frame", "attributes")
PARTS = "(exon|CDS|UTR|codon)$"
"""How the kinds of lines below a transcript end; others are genes or transcripts."""

_HEAD, _TAIL = r"(?:^|;)\s*", r'[ =]"?([^";]+)'
ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    "own": ("ID",),
    "parents": ("Parent",),
    "gene_id": ("gene_id",),
    "transcript_id": ("transcript_id",),
    "version": ("transcript_version", "version"),
    "symbol": ("gene_name", "Name", "gene"),
    "gene_biotype": ("gene_biotype", "gene_type", "biotype"),
    "transcript_biotype": ("transcript_biotype", "transcript_type", "biotype"),
}
"""Keys of an attribute, the first that a line has counts."""


def _tag(names: str) -> str:
    """A line with a value, or an item of one, that is one of these names and nothing else."""
    return rf'[ =",](?:{names})(?:[",;]|$)'


NOTES: Mapping[str, str] = {
    "mane_select": _tag("MANE[ _][Ss]elect"),
    "mane_plus_clinical": _tag("MANE[ _][Pp]lus[ _][Cc]linical"),
    "canonical": _tag("Ensembl[ _][Cc]anonical|RefSeq[ _][Ss]elect"),
    "incomplete_start": _tag("cds_start_NF|mRNA_start_NF"),
    "incomplete_end": _tag("cds_end_NF|mRNA_end_NF"),
    "selenocysteine": rf"{_tag('seleno')}|aa:Sec",
    "readthrough": rf"{_tag('stop_codon_readthrough')}|aa:OTHER",
    "other_start": rf"{_tag('non_ATG_start')}|non-AUG",
}
"""What is noted of a transcript, and the pattern of a line of it that says so."""
_HGNC = r"HGNC:([0-9]+)"

TRANSCRIPT_COLUMNS = (
    *("transcript_id", "gene_id", "gene_symbol", "hgnc_id", "chrom", "strand", "start0", "end0"),
    *("gene_biotype", "biotype", "notes", "exon_starts0", "exon_ends0"),
    *("cds_starts0", "cds_ends0", "cds_start0", "cds_end0", "coding_bp", "first_frame"),
)


class GeneModel:
    """
    A gene model, GTF or GFF3.

    Args:
        path: plain or gzip; GFF3 is told by its `key=value` attributes.
        lengths: bases by native contig name, of the genome the model is of.
    Attributes:
        transcripts: a row per contig and transcript, sorted by contig, start and id, with
            TRANSCRIPT_COLUMNS: 0-based half-open positions; `exon_*` and `cds_*` lists ascend,
            the CDS has its stop codon; `cds_start0` and what follows null where there is none;
            `notes` are codes of NOTES; `hgnc_id` null where it is not given.
    Raises:
        InputError: every line that is malformed or lies outside the genome, at most MOST_FAULTS.
    """

    def __init__(self, path: Path, lengths: Mapping[str, int]) -> None:
        self.path = path
        self._lengths = lengths
        self._faults: list[Fault] = []
        self._strangers: dict[str, int] = {}
        self._is_gff3: bool | None = None
        try:
            parts, above = self._read()
        except (OSError, ValueError) as error:
            message = f"cannot be read as GTF or GFF3: {error}."
            raise InputError([Fault(path.name, message)]) from error
        if self._is_gff3 and not self._faults:
            self._faults += _orphans(path.name, parts, above)
        if not self._faults:
            if self._is_gff3:
                parts, above = _as_gtf(parts, above)
            self._faults += _two_stranded(path.name, parts)
            self.transcripts = _transcripts(parts, above)
            if not self.transcripts.height:
                message = (
                    "has no transcript: expected lines of exon or CDS, with gene_id and "
                    "transcript_id in GTF, with a Parent in GFF3. Give the whole gene model."
                )
                self._faults.append(Fault(path.name, message))
        if len(self._faults) > MOST_FAULTS:
            more = f"{len(self._faults) - MOST_FAULTS} more lines are at fault."
            self._faults = [*sorted(self._faults)[:MOST_FAULTS], Fault(path.name, more)]
        if self._faults:
            raise InputError(self._faults)

    def _read(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Lines below transcripts in few columns, and the lines of genes and transcripts."""
        parts, above = [], []
        good = 0
        for first, text in _blocks(self.path):
            lines = self._good_lines(first, text)
            good += lines.height
            if not lines.height:
                continue
            if self._is_gff3 is None:
                self._is_gff3 = "=" in lines.item(0, "attributes").split('"', 1)[0]
            is_part = pl.col("kind").str.contains(PARTS)
            parts.append(_parts(lines.filter(is_part)))
            above.append(_above(lines.filter(~is_part)))
        # A model of the whole genome beside a FASTA of some of it is fine: they share names.
        self._faults += [
            Fault(self.path.name, stranger(contig, self._lengths), number)
            for contig, number in self._strangers.items()
            if native_name(contig, self._lengths) or not good
        ]
        if not good and not self._faults:
            message = "has no feature: give a gene model, or leave reference.genes null."
            self._faults.append(Fault(self.path.name, message))
        if not good:
            return pl.DataFrame(), pl.DataFrame()
        return pl.concat(parts), pl.concat(above)

    def _good_lines(self, first: int, text: str) -> pl.DataFrame:
        """Lines that lie on the genome, in columns; what is wrong with others is noted."""
        lines = (
            pl.DataFrame({"text": [text]})
            .select(pl.col("text").str.split("\n").explode().str.strip_chars_end("\r"))
            .with_row_index("line", offset=first)
            .filter(~pl.col("text").str.starts_with("#"), pl.col("text").str.strip_chars() != "")
        )
        cells = pl.col("text").str.split_exact("\t", len(COLUMNS))
        lines = lines.with_columns(
            cells.struct.rename_fields([*COLUMNS, "more"]).alias("cells")
        ).unnest("cells")
        number = "^[0-9]+$"
        is_line = (
            pl.col("attributes").is_not_null()
            & pl.col("more").is_null()
            & pl.col("start").str.contains(number)
            & pl.col("end").str.contains(number)
        ).fill_null(False)
        for line, shown in lines.filter(~is_line).select("line", "text").iter_rows():
            message = f'"{shown[:60]}" is not a line of GTF or GFF3: expected nine columns.'
            self._faults.append(Fault(self.path.name, message, line))
        length = pl.col("chrom").replace_strict(self._lengths, default=None, return_dtype=pl.Int64)
        lines = (
            lines.filter(is_line)
            .drop("text", "more", "source", "score")
            .with_columns(pl.col("start", "end").cast(pl.Int64), length=length)
        )
        unknown = lines.filter(pl.col("length").is_null()).unique("chrom", keep="first")
        for line, contig in unknown.sort("line").select("line", "chrom").iter_rows():
            self._strangers.setdefault(contig, line)
        lines = lines.filter(pl.col("length").is_not_null())
        is_part, is_cds = pl.col("kind").str.contains(PARTS), pl.col("kind") == "CDS"
        for column, allowed, expected, rows in (
            ("strand", "^[+-]$", "+ or -", lines.filter(is_part)),
            ("frame", "^[012.]$", "0, 1, 2 or a dot", lines.filter(is_cds)),
        ):
            wrong = rows.filter(~pl.col(column).str.contains(allowed))
            for line, found in wrong.select("line", column).iter_rows():
                message = f'"{found}" is not a {column}: expected {expected}.'
                self._faults.append(Fault(self.path.name, message, line, column))
        inside = (
            (pl.col("start") >= 1)
            & (pl.col("start") <= pl.col("end"))
            & (pl.col("end") <= pl.col("length"))
        )
        outside = lines.filter(~inside).select("line", "chrom", "start", "end", "length")
        for line, contig, start, end, bases in outside.iter_rows():
            message = (
                f'{start}-{end} is outside contig "{contig}", which has {bases} bases: '
                "is this the gene model of another build?"
            )
            self._faults.append(Fault(self.path.name, message, line))
        return lines.filter(inside).drop("length")


def _blocks(path: Path) -> Iterator[tuple[int, str]]:
    """
    Whole lines of a file, about BLOCK_BYTES at a time, with the 1-based number of the first.

    Raises:
        InputError: a line is not UTF-8.
        ValueError: it is compressed, and damaged or cut off.
    """
    number, held = 1, b""
    for chunk in chain(read_chunks(path), (None,)):
        held += b"\n" if chunk is None else chunk
        if chunk is not None and len(held) < BLOCK_BYTES:
            continue
        whole, _, held = held.rpartition(b"\n")
        text = _decoded(path, number, whole + b"\n")
        # Sequences may follow the features of a GFF3.
        features, end, _ = text.partition("##FASTA")
        yield number, features
        if end:
            return
        number += text.count("\n")


def _decoded(path: Path, number: int, text: bytes) -> str:
    try:
        return text.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        line = number + text.count(b"\n", 0, error.start)
        raise InputError.at(path.name, "is not UTF-8: save the file as UTF-8.", line) from error


def _two_stranded(name: str, parts: pl.DataFrame) -> list[Fault]:
    """Transcripts that have parts on both strands of a contig, which no sequence can be read of."""
    both = (
        parts.group_by("chrom", "transcript_id", maintain_order=True)
        .agg(pl.col("strand").n_unique().alias("strands"), pl.col("line").max())
        .filter(pl.col("transcript_id").is_not_null(), pl.col("strands") > 1)
    )
    return [
        Fault(
            name,
            f'the transcript "{transcript}" is on both strands: give every place its own id.',
            line,
            "strand",
        )
        for transcript, line in both.select("transcript_id", "line").iter_rows()
    ]


def _attribute(name: str) -> pl.Expr:
    spellings = [
        pl.col("attributes").str.extract(f"{_HEAD}{key}{_TAIL}") for key in ATTRIBUTES[name]
    ]
    return pl.coalesce(spellings).alias(name)


def _parts(lines: pl.DataFrame) -> pl.DataFrame:
    """Exons and coding parts: GTF names their transcript and gene, GFF3 their parents."""
    kind = (
        pl.when(pl.col("kind").is_in(["CDS", "stop_codon"]))
        .then(pl.lit("CDS"))
        .when(pl.col("kind") == "exon")
        .then(pl.lit("exon"))
    )
    return (
        lines.with_columns(kind=kind, is_cds=pl.col("kind") == "CDS")
        .filter(pl.col("kind").is_not_null())
        .select(
            "line",
            pl.col("chrom").cast(pl.Categorical),
            pl.col("kind").cast(pl.Categorical),
            (pl.col("start") - 1).cast(pl.Int32).alias("start0"),
            pl.col("end").cast(pl.Int32).alias("end0"),
            pl.col("strand").cast(pl.Categorical),
            pl.when("is_cds").then("frame").cast(pl.Int8, strict=False).alias("frame"),
            *(
                _attribute(name).cast(pl.Categorical)
                for name in ("parents", "gene_id", "transcript_id", "version", "symbol")
            ),
            notes=_notes(),
        )
    )


def _above(lines: pl.DataFrame) -> pl.DataFrame:
    """Genes, transcripts and what else is no part, with all that is known of them."""
    # A selenocysteine may have a line of its own.
    marked = pl.col("kind").str.to_lowercase().str.ends_with("selenocysteine").cast(pl.Int32)
    return lines.select(
        "line",
        *("chrom", "kind", "strand"),
        *(_attribute(name) for name in ATTRIBUTES),
        notes=_notes() | marked * 2 ** list(NOTES).index("selenocysteine"),
        hgnc_id=pl.col("attributes").str.extract(_HGNC),
    )


def _notes() -> pl.Expr:
    """Codes of NOTES as the bits of a number, in their order."""
    bits = [
        pl.col("attributes").str.contains(pattern).cast(pl.Int32) * 2**at
        for at, pattern in enumerate(NOTES.values())
    ]
    return pl.sum_horizontal(bits)


def _orphans(name: str, parts: pl.DataFrame, above: pl.DataFrame) -> list[Fault]:
    """Parents that lines of a GFF3 name and that it does not have, once each."""
    named = pl.concat(
        table.select("line", pl.col("parents").cast(pl.String).str.split(","))
        .explode("parents")
        .drop_nulls()
        .unique("parents", keep="first")
        for table in (parts, above)
    ).sort("line")
    known = above.select("own").drop_nulls()
    lost = named.unique("parents", keep="first", maintain_order=True).join(
        known, left_on="parents", right_on="own", how="anti", maintain_order="left"
    )
    return [
        Fault(
            name,
            f'its Parent "{parent}" is not in the file: give the whole gene model.',
            line,
            "Parent",
        )
        for line, parent in lost.iter_rows()
    ]


def _as_gtf(parts: pl.DataFrame, above: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The lines of a GFF3 with the gene and transcript they belong to, as those of a GTF."""
    plain = pl.col("own").str.replace("^(gene|transcript|rna)[:-]", "")
    # RefSeq places one transcript more than once (in PARs, say), and numbers the places.
    is_placed_again = pl.col("own").n_unique().over("transcript_id", "kind") > 1
    above = above.with_columns(
        gene_id=pl.coalesce("gene_id", plain),
        transcript_id=pl.when(~is_placed_again).then("transcript_id"),
    ).with_columns(
        transcript_id=pl.coalesce("transcript_id", plain),
        parents=pl.col("parents").str.split(",").list.first(),
    )
    genes = above.select("own", *(pl.col(name).alias(f"of_{name}") for name in _OF_GENE))
    above = (
        above.with_columns(above=pl.coalesce("parents", "own"))
        .join(genes, left_on="above", right_on="own", how="left", maintain_order="left")
        .with_columns(pl.coalesce(f"of_{name}", name).alias(name) for name in _OF_GENE)
    )
    ids = above.select("own", "gene_id", "transcript_id", "version", "symbol")
    parts = (
        parts.drop("gene_id", "transcript_id", "version", "symbol")
        .with_columns(pl.col("parents").cast(pl.String).str.split(","))
        .explode("parents")
        .join(ids, left_on="parents", right_on="own", how="inner", maintain_order="left")
    )
    return parts, above.filter(pl.col("own").is_not_null())


_OF_GENE = ("gene_id", "symbol", "gene_biotype", "hgnc_id")
_KEY = ["chrom", "transcript_id"]


def _transcripts(parts: pl.DataFrame, above: pl.DataFrame) -> pl.DataFrame:
    """Rows of `GeneModel.transcripts`."""
    parts, above = _with_ids(parts), _with_ids(above)
    parts = parts.filter(
        pl.col("gene_id").is_not_null() & pl.col("transcript_id").is_not_null()
    ).sort(*_KEY, "start0", maintain_order=True)
    ahead = pl.col("strand") != "-"
    of_parts = parts.group_by(_KEY).agg(
        pl.col("gene_id", "strand", "symbol").first(),
        pl.col("notes").bitwise_or(),
        first_frame=pl.when(ahead.first())
        .then(pl.col("frame").drop_nulls().first())
        .otherwise(pl.col("frame").drop_nulls().last()),
    )
    coding = _blocks_of(parts.filter(pl.col("kind") == "CDS"), "cds")
    exons = _blocks_of(parts.filter(pl.col("kind") == "exon"), "exon")
    of_transcript = above.group_by(_KEY).agg(
        pl.col("notes").bitwise_or().alias("more"),
        pl.col("transcript_biotype").drop_nulls().first(),
    )
    of_gene = above.group_by("gene_id").agg(
        pl.col("symbol").drop_nulls().first().alias("gene_symbol"),
        pl.col("gene_biotype", "hgnc_id").drop_nulls().first(),
    )
    whole = (
        of_parts.join(exons, on=_KEY, how="left")
        .join(coding, on=_KEY, how="left")
        .join(of_transcript, on=_KEY, how="left")
        .join(of_gene, on="gene_id", how="left")
    )
    notes = pl.col("notes") | pl.col("more").fill_null(0)
    is_coding = pl.col("cds_starts0").is_not_null()
    shifted = (is_coding & (pl.col("first_frame").fill_null(0) != 0)).cast(pl.Int32)
    codes = list(NOTES)
    notes = notes | shifted * 2 ** codes.index("incomplete_start")
    named = pl.concat_list(
        pl.when(pl.col("notes") // 2**at % 2 == 1).then(pl.lit(code))
        for at, code in enumerate(codes)
    ).list.drop_nulls()
    biotype = pl.col("transcript_biotype").replace("mRNA", "protein_coding")
    return (
        whole.with_columns(
            notes=notes,
            gene_symbol=pl.coalesce("gene_symbol", "symbol", "gene_id"),
            hgnc_id=pl.lit("HGNC:") + pl.col("hgnc_id"),
            # A model may list the CDS of a transcript alone.
            exon_starts0=pl.coalesce("exon_starts0", "cds_starts0"),
            exon_ends0=pl.coalesce("exon_ends0", "cds_ends0"),
            cds_start0=pl.col("cds_starts0").list.first(),
            cds_end0=pl.col("cds_ends0").list.last(),
            biotype=pl.coalesce(
                biotype, pl.when(is_coding).then(pl.lit("protein_coding")), pl.lit("transcript")
            ),
        )
        .with_columns(
            notes=named,
            start0=pl.col("exon_starts0").list.first(),
            end0=pl.col("exon_ends0").list.last(),
        )
        .with_columns(_id_at_its_place())
        .select(TRANSCRIPT_COLUMNS)
        .sort("chrom", "start0", "transcript_id")
    )


def _id_at_its_place() -> pl.Expr:
    """The id of a transcript; where it is on several contigs, with the name of all but one."""
    is_at_home = pl.col("chrom") == pl.col("chrom").min().over("transcript_id")
    named = pl.concat_str("transcript_id", "chrom", separator="_")
    return pl.when(is_at_home).then("transcript_id").otherwise(named).alias("transcript_id")


def _with_ids(table: pl.DataFrame) -> pl.DataFrame:
    """Transcripts with their version, genes without: one id in every spelling."""
    transcript, version = pl.col("transcript_id").cast(pl.String), pl.col("version")
    bare = ~transcript.str.contains(".", literal=True)
    return table.with_columns(
        pl.col("chrom", "strand", "symbol").cast(pl.String),
        transcript_id=pl.when(bare & version.is_not_null())
        .then(transcript + "." + version.cast(pl.String))
        .otherwise(transcript),
        gene_id=pl.col("gene_id").cast(pl.String).str.replace(r"^(ENSG[0-9]+)\.[0-9]+", "$1"),
    )


def _blocks_of(parts: pl.DataFrame, name: str) -> pl.DataFrame:
    """
    Merged intervals of each transcript: starts, ends and, of the CDS, their bases.

    Args:
        parts: sorted by transcript and start.
    """
    reach = pl.col("end0").cum_max().shift(1).over(_KEY)
    blocks = (
        parts.with_columns(block=(pl.col("start0") > reach).fill_null(True).cum_sum())
        .group_by(*_KEY, "block", maintain_order=True)
        .agg(pl.col("start0").first(), pl.col("end0").max())
    )
    bases = (pl.col("end0") - pl.col("start0")).sum().cast(pl.Int64).alias("coding_bp")
    return blocks.group_by(_KEY, maintain_order=True).agg(
        pl.col("start0").alias(f"{name}_starts0"),
        pl.col("end0").alias(f"{name}_ends0"),
        *([bases] if name == "cds" else []),
    )


def no_transcripts() -> pl.DataFrame:
    """`GeneModel.transcripts` of no gene model."""
    known: dict[str, Any] = dict.fromkeys(TRANSCRIPT_COLUMNS, pl.String)
    known |= dict.fromkeys(("start0", "end0", "cds_start0", "cds_end0"), pl.Int32)
    blocks = (f"{name}_{edge}" for name in ("exon", "cds") for edge in ("starts0", "ends0"))
    known |= dict.fromkeys(blocks, pl.List(pl.Int32))
    known |= {"coding_bp": pl.Int64, "first_frame": pl.Int8, "notes": pl.List(pl.String)}
    return pl.DataFrame(schema=known)


def coding_exons(row: Mapping[str, Any]) -> tuple[Interval, ...]:
    """The coding exons of a row of `GeneModel.transcripts`, 0-based half-open."""
    parts = zip(row["cds_starts0"], row["cds_ends0"], strict=True)
    return tuple((row["chrom"], start, end) for start, end in parts)


def write_gtf(transcripts: pl.DataFrame, out: Path) -> None:
    """
    Write a gene model as one GTF: genes, transcripts, exons and coding exons, stop codon included.

    A CDS that begins within a codon is written from its first whole one on: SnpEff, which the file
    is for, reads every CDS from its first base.

    Args:
        transcripts: `GeneModel.transcripts`; without a row the file is empty.
    """
    genes = transcripts.group_by("chrom", "gene_id", maintain_order=True).agg(
        pl.col("strand", "gene_symbol", "gene_biotype").first(),
        pl.col("start0").min(),
        pl.col("end0").max(),
    )
    lines = pl.concat(
        [
            genes.select(_gtf_line("gene"), order=0),
            transcripts.select(_gtf_line("transcript"), order=1),
            _exploded(transcripts, "exon").select(_gtf_line("exon"), order=2),
            _exploded(transcripts, "cds").select(_gtf_line("CDS"), order=3),
        ]
    )
    with whole_file(out) as temporary:
        lines.select(pl.col("line").struct.unnest(), "order").sort(
            "chrom", "gene_id", "transcript_id", "order", "start0"
        ).select("text").write_csv(temporary, include_header=False, quote_style="never")


def _exploded(transcripts: pl.DataFrame, name: str) -> pl.DataFrame:
    """A row per exon, or per coding exon with whole codons and its frame, of each transcript."""
    rows = (
        transcripts.with_row_index("row")
        .with_columns(
            start0=pl.col(f"{name}_starts0"),
            end0=pl.col(f"{name}_ends0"),
        )
        .filter(pl.col("start0").is_not_null())
        .explode("start0", "end0")
    )
    length = pl.col("end0") - pl.col("start0")
    before = (
        pl.when(pl.col("strand") == "-")
        .then(length.cum_sum(reverse=True).over("row") - length)
        .otherwise(length.cum_sum().over("row") - length)
    )
    first_frame = pl.col("first_frame").cast(pl.Int32).fill_null(0) if name == "cds" else pl.lit(0)
    cut = (first_frame - before).clip(0, length)
    is_behind = pl.col("strand") == "-"
    return rows.with_columns(
        start0=pl.col("start0") + pl.when(is_behind).then(0).otherwise(cut),
        end0=pl.col("end0") - pl.when(is_behind).then(cut).otherwise(0),
        frame=(first_frame - before - cut) % 3,
    ).filter(pl.col("start0") < pl.col("end0"))


def _gtf_line(kind: str) -> pl.Expr:
    """One line of GTF as text, and what lines are sorted by."""
    of_gene = [
        pl.format('gene_id "{}"; gene_name "{}";', "gene_id", "gene_symbol"),
        pl.format(' gene_biotype "{}";', "gene_biotype").fill_null(""),
    ]
    of_transcript = [
        pl.format(' transcript_id "{}"; transcript_biotype "{}";', "transcript_id", "biotype")
    ]
    is_gene = kind == "gene"
    text = pl.concat_str(
        pl.col("chrom"),
        pl.lit(f"\tonconcord\t{kind}\t"),
        pl.col("start0") + 1,
        pl.lit("\t"),
        pl.col("end0"),
        pl.lit("\t.\t"),
        pl.col("strand"),
        pl.lit("\t"),
        pl.col("frame") if kind == "CDS" else pl.lit("."),
        pl.lit("\t"),
        *of_gene,
        *([] if is_gene else of_transcript),
    )
    return pl.struct(
        "chrom",
        "gene_id",
        pl.lit(None, pl.String).alias("transcript_id") if is_gene else pl.col("transcript_id"),
        pl.col("start0"),
        text.alias("text"),
    ).alias("line")
