"""Whether an alignment and its index are whole."""

from pathlib import Path

import pysam
from pysam.utils import SamtoolsError

from onconcord.compressed import read_chunks
from onconcord.reads.account import flagstat_count
from onconcord.runtime.conserved import broken, conserve


def check_alignment(reads: Path, index: Path, flagstat: Path) -> None:
    """
    Hold that an alignment has its end block, and that its index has every read of it.

    Args:
        reads: BAM or CRAM.
        index: its index. That of a CRAM names no reads: it is held to be a whole file.
        flagstat: samtools flagstat's JSON of the alignment.
    Raises:
        ToolError: it is not so.
    """
    try:
        pysam.quickcheck("-u", str(reads))
    except SamtoolsError as error:
        raise broken("samtools sort", reads, "it ends without its end block") from error
    if index.suffix == ".crai":
        try:
            lines = sum(chunk.count(b"\n") for chunk in read_chunks(index))
        except (ValueError, OSError) as error:
            raise broken("samtools index", index, f"it is not a whole file ({error})") from error
        if not lines and flagstat_count(flagstat, "total"):
            raise broken("samtools index", index, "it is empty")
        return
    try:
        with pysam.AlignmentFile(str(reads), index_filename=str(index)) as file:
            indexed = (
                sum(contig.total for contig in file.get_index_statistics()) + file.nocoordinate
            )
    except (OSError, ValueError) as error:
        raise broken("samtools index", index, f"it cannot be read ({error})") from error
    conserve(
        "samtools index or flagstat", index, "reads", flagstat_count(flagstat, "total"), indexed
    )
