"""Small tables and BEDs as text."""

import gzip
from pathlib import Path


def write_rows(path: Path, *rows) -> Path:
    """Rows of values with tabs between them; gzip where the name ends in .gz."""
    text = "".join("\t".join(map(str, row)) + "\n" for row in rows)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path
