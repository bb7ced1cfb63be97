"""
Resource VCFs: one reader of what a centre gives, for the check, and for stage 1, which brings each
into one normal form that every tool downstream takes.

In the normal form a record has one alternate allele, the FASTA's name of its contig and a REF that
is the FASTA's; it keeps what is used of it, AF and AF_MAX or CLINICAL_KEYS, and nothing else.
AF_MAX is the highest of AF and of the fields that the configuration states, such as gnomAD's
AF_grpmax or AF_afr.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pysam

from onconcord.compressed import read_chunks, read_lines
from onconcord.errors import Fault, InputError
from onconcord.reference.contigs import native_name
from onconcord.reference.sequence import Sequences
from onconcord.reference.targets import MOST_FAULTS

KINDS = ("population", "panel_of_normals", "clinical", "known_sites")
MOST_LEFT_OUT = 0.1
"""Largest share of the records that may be left out: a distribution of a whole build has some
patches and alternate contigs that a FASTA has not; more than that is another build."""
SHOWN = 3
_BASES = re.compile("[ACGT]+")
_POSITION = re.compile("[0-9]{1,10}")
_IUPAC = re.compile("[ACGTNRYSWKMBDHV]+")
_DECLARED = re.compile("##INFO=<ID=([^,>]+)")
_COLUMNS = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
_INFO = {
    "population": (
        '##INFO=<ID=AF,Number=A,Type=Float,Description="Allele frequency">\n'
        '##INFO=<ID=AF_MAX,Number=A,Type=Float,Description="Highest frequency of any population">\n'
    ),
    "clinical": (
        '##INFO=<ID=CLNSIG,Number=.,Type=String,Description="Clinical significance">\n'
        '##INFO=<ID=CLNREVSTAT,Number=.,Type=String,Description="Review status">\n'
        '##INFO=<ID=CLNDN,Number=.,Type=String,Description="Conditions">\n'
    ),
}
CLINICAL_KEYS = ("CLNSIG", "CLNREVSTAT", "CLNDN")
"""What is used of a clinical record, named as ClinVar does."""


@dataclass
class Tally:
    """
    What became of the records of a resource.

    Args:
        records: records read.
        kept: alleles in the normal form.
        other_contigs: records left out, since the FASTA has not their contig.
        ambiguous: records left out, since the FASTA or REF has an ambiguity code there.
        no_alternate: alternate alleles left out that are no bases: missing, symbolic, deleted.
        no_frequency: alleles of a population resource left out, since none of their frequencies
            is there, or is of no chromosome (AN 0).
    """

    records: int = 0
    kept: int = 0
    other_contigs: int = 0
    ambiguous: int = 0
    no_alternate: int = 0
    no_frequency: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        sums = {name: count + getattr(other, name) for name, count in asdict(self).items()}
        return Tally(**sums)

    def __str__(self) -> str:
        counts = (f"{name.replace('_', ' ')} {count}" for name, count in asdict(self).items())
        return ", ".join(counts)


@dataclass
class ResourceVcf:
    """
    A resource VCF as a centre gives it: plain, any gzip or BCF; sorted or not; with contig lines
    or without.

    Args:
        path: the file.
        kind: one of KINDS.
        genome: what contigs and REF are compared with.
        limit: records to look at; None for all.
        fields: INFO fields of a population resource that are frequencies, beside AF.
        met: those of AF and `fields`, or of CLINICAL_KEYS, that its header or a record has.
    """

    path: Path
    kind: str
    genome: Sequences
    limit: int | None = None
    fields: tuple[str, ...] = ()
    met: set[str] = field(default_factory=set)
    tally: Tally = field(default_factory=Tally)
    faults: list[Fault] = field(default_factory=list)
    _others: Counter[str] = field(default_factory=Counter)
    _wrong: list[tuple[int, str]] = field(default_factory=list)

    def header(self) -> str:
        """Header of the normal form."""
        contigs = (f"##contig=<ID={n},length={m}>\n" for n, m in self.genome.lengths.items())
        lines = "".join(contigs) + _INFO.get(self.kind, "")
        return f"##fileformat=VCFv4.2\n{lines}{_COLUMNS}\n"

    def records(self) -> Iterator[str]:
        """
        Lines of the normal form, not shifted to the left yet, in the order of the file.

        `tally` and `faults` are whole once the last has been taken.
        """
        try:
            yield from self._records()
        except InputError as error:
            self.faults += error.faults
            return
        self._judge()

    def _records(self) -> Iterator[str]:
        natives: dict[str, str | None] = {}
        columns = 0
        for number, line in vcf_lines(self.path):
            if not columns:
                if line.startswith("#CHROM"):
                    columns = line.count("\t") + 1
                elif declared := _DECLARED.match(line):
                    self.met.update({declared[1]} & {"AF", *self.fields, *CLINICAL_KEYS})
                elif not line.startswith("##"):
                    raise InputError.at(
                        self.path.name,
                        f'begins with "{line[:40]}", expected the header of a VCF, which ends in '
                        "a line #CHROM, POS, ID, REF, ALT and so on, with tabs between them.",
                        number,
                    )
                continue
            if not line.strip():
                continue
            if self.tally.records == self.limit or len(self.faults) >= MOST_FAULTS:
                return
            self.tally.records += 1
            cells = line.split("\t", 8)
            if len(cells) < 8 or not _POSITION.fullmatch(cells[1]):
                self._fault(
                    "POS",
                    f'"{line[:60]}" is not a VCF record: expected CHROM, POS, ID, '
                    "REF, ALT, QUAL, FILTER and INFO, with tabs between them.",
                    number,
                )
                continue
            if cells[0] not in natives:
                natives[cells[0]] = native_name(cells[0], self.genome.lengths)
            contig = natives[cells[0]]
            if contig is None:
                self.tally.other_contigs += 1
                self._others[cells[0]] += 1
            elif self._is_here(contig, int(cells[1]), cells[3].upper(), number):
                yield from self._alleles(contig, cells, number)
        if not columns:
            message = "is empty: expected a VCF with a header."
            raise InputError.at(self.path.name, message)

    def _is_here(self, contig: str, pos: int, ref: str, number: int) -> bool:
        """Whether REF is what the FASTA has; a record at an ambiguity code is left out."""
        bases = self.genome.bases(contig, pos - 1, pos - 1 + len(ref)) if pos else ""
        if bases == ref and _BASES.fullmatch(ref):
            return True
        if not _IUPAC.fullmatch(ref):
            self._fault("REF", f'"{ref}" is not made of A, C, G, T and N.', number)
        elif len(bases) == len(ref) and all(
            here == stated or here not in "ACGT" or stated not in "ACGT"
            for here, stated in zip(bases, ref, strict=True)
        ):
            self.tally.ambiguous += 1
        else:
            self._wrong.append(
                (number, f"{contig}:{pos} has {ref}, the FASTA {bases or 'no base'}")
            )
        return False

    def _alleles(self, contig: str, cells: list[str], number: int) -> Iterator[str]:
        ref, alts = cells[3].upper(), cells[4].upper().split(",")
        infos = self._infos(cells[7], len(alts), number)
        identifier = cells[2] if self.kind == "clinical" else "."
        for alt, info in zip(alts, infos, strict=True):
            if not _BASES.fullmatch(alt) or alt == ref:
                self.tally.no_alternate += 1
            elif info is None:
                self.tally.no_frequency += 1
            else:
                self.tally.kept += 1
                yield f"{contig}\t{cells[1]}\t{identifier}\t{ref}\t{alt}\t.\t.\t{info}\n"

    def _infos(self, text: str, count: int, number: int) -> list[str | None]:
        """INFO of each alternate allele in the normal form; None where it has no frequency."""
        if self.kind not in _INFO:
            return ["."] * count
        given = dict(entry.split("=", 1) for entry in text.split(";") if "=" in entry)
        if self.kind == "clinical":
            self.met.update(given.keys() & set(CLINICAL_KEYS))
            kept = [
                f"{key}={given[key].replace(' ', '_')}" for key in CLINICAL_KEYS if given.get(key)
            ]
            return [";".join(kept) or "."] * count
        return self._frequencies(given, count, number)

    def _frequencies(self, given: Mapping[str, str], count: int, number: int) -> list[str | None]:
        """AF, and the highest of it and the other fields, of each allele; None without any."""
        by_field = {
            name: self._of_alleles(given, name, count, number)
            for name in dict.fromkeys(("AF", *self.fields))
            if name in given
        }
        self.met.update(by_field)
        infos: list[str | None] = []
        for at in range(count):
            known = {
                name: frequency for name, alleles in by_field.items() if (frequency := alleles[at])
            }
            highest = max(known.values(), key=float, default=None)
            infos.append(highest and f"AF={known.get('AF', highest)};AF_MAX={highest}")
        return infos

    def _of_alleles(
        self, given: Mapping[str, str], name: str, count: int, number: int
    ) -> list[str | None]:
        """One frequency of each alternate allele as it is written; None where it is not known."""
        values = given[name].split(",")
        if len(values) == count + 1:
            # Number=R: the reference comes first.
            del values[0]
        if len(values) != count:
            return [None] * count
        chromosomes = given.get(name.replace("AF", "AN", 1), "").split(",")
        if len(chromosomes) != count:
            chromosomes = chromosomes[:1] * count
        return [
            None if of == "0" else self._frequency(name, text, number)
            for text, of in zip(values, chromosomes, strict=True)
        ]

    def _frequency(self, name: str, text: str, number: int) -> str | None:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
            if text not in (".", ""):
                self._fault("INFO", f'{name} "{text}" is not a number.', number)
        if math.isnan(value):
            return None
        if not 0 <= value <= 1:
            self._fault("INFO", f'{name} "{text}" is not a frequency: expected 0 to 1.', number)
            return None
        return text

    def _fault(self, column: str, message: str, number: int) -> None:
        self.faults.append(Fault(self.path.name, message, number, column))

    def _judge(self) -> None:
        """Faults of the resource as a whole."""
        name, tally = self.path.name, self.tally
        if self._wrong:
            shown = "; ".join(text for _, text in self._wrong[:SHOWN])
            message = (
                f"{len(self._wrong)} of {tally.records} records have another REF than the FASTA "
                f"({shown}): it is of another build, or its positions are shifted."
            )
            self._fault("REF", message, self._wrong[0][0])
        whole = self.limit is None or tally.records < self.limit
        left_out = tally.other_contigs + tally.ambiguous
        # The beginning of a file may be all of one odd contig; a file that is read whole may not.
        if left_out > MOST_LEFT_OUT * tally.records and (whole or left_out == tally.records):
            why = (
                f"{left_out} of {tally.records} records cannot be used, which is more than "
                f"{MOST_LEFT_OUT:.0%}: {tally.ambiguous} are at ambiguity codes"
            )
            if self._others:
                most = self._others.most_common(SHOWN)
                shown = ", ".join(f'"{contig}" ({count})' for contig, count in most)
                why += f", {tally.other_contigs} on contigs that the FASTA has not, such as {shown}"
            message = f"{why}. It has {', '.join(self.genome.lengths)[:60]}: is this another build?"
            self.faults.append(Fault(name, message))
        elif not tally.records:
            message = "has no record: give a resource, or leave its key null."
            self.faults.append(Fault(name, message))
        elif tally.no_frequency and not tally.kept:
            others = "".join(f" or INFO/{name}" for name in self.fields)
            message = (
                f"has no INFO/AF{others}, the allele frequency that filters need, with one number "
                "for each alternate allele."
            )
            self.faults.append(Fault(name, message))
        elif self.kind == "clinical" and "CLNSIG" not in self.met:
            message = (
                "has no INFO/CLNSIG, the clinical significance: give assertions such as ClinVar's, "
                "or leave resources.clinical null."
            )
            self.faults.append(Fault(name, message))
        elif not (tally.kept or self._wrong or self.faults):
            self.faults.append(Fault(name, f"has no record that can be used: {tally}."))


def unmet_fields(resources: Iterable[ResourceVcf]) -> list[Fault]:
    """Faults of the stated fields that none of the files of a population resource has."""
    resources = tuple(resources)
    met = set().union(*(resource.met for resource in resources))
    names = ", ".join(resource.path.name for resource in resources)
    return [
        Fault(
            "config.yaml",
            f'there is no INFO field "{name}" in {names}: name fields that hold frequencies as '
            "their headers have them, or leave it out; AF is always read.",
            column="resources.population_fields",
        )
        for name in dict.fromkeys(name for resource in resources for name in resource.fields)
        if name not in met
    ]


def vcf_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Numbered lines of a VCF, or of a BCF as the VCF that it stands for."""
    try:
        is_bcf = next(read_chunks(path), b"").startswith(b"BCF")
    except ValueError:
        is_bcf = False
    if not is_bcf:
        yield from read_lines(path)
        return
    try:
        with pysam.VariantFile(str(path)) as records:
            lines = str(records.header).splitlines()
            yield from enumerate(lines, start=1)
            for number, record in enumerate(records, start=len(lines) + 1):
                yield number, str(record).rstrip("\n")
    except (OSError, ValueError) as error:
        raise InputError.at(path.name, f"cannot be read as BCF: {error}.") from error
