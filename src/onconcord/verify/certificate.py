"""Verifying a certificate: is it whole, does it say equivalent, and to what is published here."""

import json
from pathlib import Path

from onconcord.canonical_json import json_sha256
from onconcord.errors import Fault, InputError
from onconcord.questions.certify import KIND
from onconcord.questions.golden import read_ours
from onconcord.verify.report import Report


def verify_certificate(path: Path, golden: Path) -> Report:
    """
    Check a certificate that `onconcord certify` wrote.

    Args:
        path: the certificate, JSON.
        golden: folder of the digests that this installation publishes.
    Returns:
        Checks `seal` (unchanged since it was written), `equivalence` (no table differs) and
        `published` (it was held to these digests), with every fault.
    Raises:
        InputError: the file is not a certificate, or the published digests cannot be read.
    """
    try:
        whole = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as why:
        raise InputError.at(path, f"not a readable certificate: {why}") from why
    if not isinstance(whole, dict) or whole.get("kind") != KIND:
        message = "neither a certificate (JSON that `onconcord certify` wrote) nor a release folder"
        raise InputError.at(path, message)
    report = Report(f"certificate under contract {whole.get('contract_version')}", None)
    claimed = whole.pop("certificate_sha256", None)
    changed = "changed after it was written: certify again"
    report.check(
        "seal",
        [Fault(str(path), changed, column="certificate_sha256")]
        if json_sha256(whole) != claimed
        else [],
    )
    report.check(
        "equivalence",
        [
            Fault(str(path), fault["message"], column=f"{fault['pair']} {fault['table']}".strip())
            for fault in whole.get("faults", [])
        ],
    )
    ours = read_ours(golden).sha256()
    other = f"held to the digests {whole.get('golden_sha256')}, and published here are {ours}"
    report.check(
        "published",
        [Fault(str(path), other, column="golden_sha256")]
        if whole.get("golden_sha256") != ours
        else [],
    )
    return report
