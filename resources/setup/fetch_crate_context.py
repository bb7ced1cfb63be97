"""
Fetch the JSON-LD context of RO-Crate, which the tests validate a release's crate with.

usage: fetch_crate_context.py OUT

It comes from npm's `ro-crate`, since its own address is not a registry's; the package's SHA-512 is
the one npm states for this version. Exit code 1: it cannot be fetched; 2: it is another file.
"""

import hashlib
import io
import sys
import tarfile
import urllib.error
import urllib.request
from pathlib import Path

PACKAGE = "https://registry.npmjs.org/ro-crate/-/ro-crate-3.7.2.tgz"
SHA512 = (
    "22b86e075b6de126db23d56e8a0a69e18114816f34425f9898cc1c0b8ac009dd"
    "aef08b51fd8fa4c8bc28f726c271149e6f6f0dc7639473be218caf59d495946b"
)


def main() -> None:
    try:
        with urllib.request.urlopen(PACKAGE, timeout=60) as answer:
            package = answer.read()
    except (urllib.error.URLError, TimeoutError) as why:
        sys.exit(f"error: {PACKAGE} cannot be fetched: {why}")
    if (found := hashlib.sha512(package).hexdigest()) != SHA512:
        print(f"error: {PACKAGE} has SHA-512 {found}; expected {SHA512}", file=sys.stderr)
        sys.exit(2)
    with tarfile.open(fileobj=io.BytesIO(package)) as archive:
        context = archive.extractfile("package/lib/context.json")
        assert context is not None, PACKAGE
        out = Path(sys.argv[1])
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(context.read())


if __name__ == "__main__":
    main()
