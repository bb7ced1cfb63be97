"""Stage 1: a resource VCF in the normal form that every tool downstream takes."""

import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from onconcord.canonical_json import canonical_json
from onconcord.errors import InputError, ToolError
from onconcord.files import whole_file, write_text
from onconcord.inputs.resource_vcf import KINDS, ResourceVcf, Tally, unmet_fields
from onconcord.reference.sequence import Genome
from onconcord.runtime.conserved import conserve, record_count
from onconcord.runtime.programs import Program
from onconcord.sealed import read_sealed_json, seal

SHIFT = Program(
    "reference_resource.py", "bcftools norm --fasta-ref {fasta} --check-ref e --output-type u"
)
SORT = Program(
    "reference_resource.py", "bcftools sort --temp-dir {scratch} --output-type z --output {out}"
)
INDEX = Program("reference_resource.py", "bcftools index --tbi --force {vcf}")
COUNT = Program("reference_resource.py", "bcftools index --nrecords {vcf}")


def write_resource(
    kind: str,
    given: Sequence[Path],
    fasta: Path,
    out: Path,
    counts: Path,
    fields: tuple[str, ...] = (),
) -> Tally:
    """
    Write a resource VCF in normal form: shifted to the left, sorted, BGZF, indexed.

    An allele that several files have stands there once for each of them.

    Args:
        kind: one of `inputs.resource_vcf.KINDS`.
        given: the VCFs of the centre that make up the resource.
        fasta: the run's FASTA with its `.fai`.
        out: VCF to write, with its `.tbi`.
        counts: JSON to write, what became of the records.
        fields: INFO fields of a population resource that are frequencies, beside AF.
    Returns:
        The counts, of all files together.
    Raises:
        InputError: every fault of the VCFs.
        ToolError: a tool failed, or not every record came out of it.
    """
    genome = Genome(fasta)
    resources = [ResourceVcf(path, kind, genome, fields=fields) for path in given]
    with whole_file(out) as temporary, tempfile.TemporaryDirectory(dir=out.parent) as scratch:
        shift = SHIFT.words(fasta=str(fasta))
        sort = SORT.words(scratch=f"{scratch}/sort", out=str(temporary))
        with (
            subprocess.Popen(shift, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as shifting,
            subprocess.Popen(sort, stdin=shifting.stdout) as sorting,
        ):
            assert shifting.stdin is not None
            assert shifting.stdout is not None
            shifting.stdout.close()
            try:
                shifting.stdin.write(resources[0].header().encode())
                for resource in resources:
                    for record in resource.records():
                        shifting.stdin.write(record.encode())
                shifting.stdin.close()
            except BrokenPipeError:
                pass
        faults = [fault for resource in resources for fault in resource.faults]
        faults += unmet_fields(resources)
        if faults:
            raise InputError(faults)
        tally = sum((resource.tally for resource in resources), Tally())
        for name, tool in (("norm", shifting), ("sort", sorting)):
            if tool.returncode:
                raise ToolError(
                    f"{kind}: bcftools {name}, of norm and sort, ended with code {tool.returncode}"
                )
        written = record_count(temporary, "bcftools norm and sort")
        conserve("bcftools norm and sort", out, "records", tally.kept, written)
        INDEX.run(vcf=str(temporary))
        indexed = int(COUNT.run(vcf=str(temporary)))
        conserve("bcftools index", f"{out}.tbi", "records", written, indexed)
        Path(f"{temporary}.tbi").replace(f"{out}.tbi")
    write_text(counts, canonical_json(asdict(tally)) + "\n")
    seal(counts)
    return tally


def read_counts(reference: Path, resources: Iterable[str]) -> dict[str, dict[str, int]]:
    """
    What became of the records of each resource VCF, by the names of a `Tally`.

    Args:
        reference: `1_reference`.
        resources: names of all resources; those that are no VCFs are left out.
    """
    return {
        name: read_sealed_json(reference / f"{name}.counts.json")
        for name in KINDS
        if name in resources
    }
