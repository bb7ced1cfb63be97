"""What a release says of itself to machines: RO-Crate and in-toto statement, without time or place."""

import json
import re
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from rocrate.model.contextentity import ContextEntity
from rocrate.rocrate import ROCrate

from onconcord.release import layout
from onconcord.release.manifest import Entry, Release

WORKFLOW = "https://onconcord.org/workflow"
PROFILE = "https://w3id.org/ro/wfrun/workflow/0.5"
BUILD_TYPE = "https://onconcord.org/release/v1"


def _used(folder: Path, release: Release) -> list[dict[str, Any]]:
    """Distinct tools and resources of the release's runs, sorted."""
    rows = set()
    for part in release.parts:
        if part.table == "tool":
            columns = ["tool", "version", "resource_sha256"]
            for row in pq.read_table(folder / part.path, columns=columns).to_pylist():
                rows.add((row["tool"], row["version"], row["resource_sha256"] or ""))
    return [
        {"tool": tool, "version": version, "sha256": sha256} for tool, version, sha256 in sorted(rows)
    ]


def crate_text(folder: Path, release: Release) -> str:
    """
    A Workflow Run RO-Crate of the release, as the text of ro-crate-metadata.json.

    Args:
        folder: the release, its tables written.
        release: what is in it.
    """
    crate = ROCrate()
    crate.name = f"onconcord release {release.name}"
    crate.description = (
        f"Harmonised tables of {', '.join(c.center_id for c in release.centres)}, "
        f"tier {release.tier}, contract {release.contract_version}."
    )
    crate.license = "https://w3id.org/ro/terms/workflow-run#access-by-agreement"
    month = re.fullmatch(r"r(\d{4}-\d{2})(-\d+)?", release.name)
    # A release is dated by its name; the day it was made on would differ between two runs.
    crate.root_dataset["datePublished"] = month[1] if month else "1970-01"
    profile = crate.add(ContextEntity(crate, PROFILE, {"@type": "CreativeWork", "version": "0.5"}))
    crate.root_dataset["conformsTo"] = [profile]
    workflow = crate.add(
        ContextEntity(
            crate,
            WORKFLOW,
            {
                "@type": ["SoftwareSourceCode", "ComputationalWorkflow"],
                "name": "onconcord",
                "version": release.pipeline_version,
            },
        )
    )
    crate.root_dataset["mainEntity"] = workflow
    instruments = [workflow]
    inputs = []
    for used in _used(folder, release):
        if used["sha256"]:
            identity = f"#resource-{used['tool']}-{used['sha256'][:16]}"
            properties = {
                "@type": "CreativeWork",
                "name": used["tool"],
                "identifier": used["sha256"],
            }
            inputs.append(crate.add(ContextEntity(crate, identity, properties)))
        else:
            identity = f"#tool-{used['tool']}-{used['version']}"
            properties = {
                "@type": "SoftwareApplication",
                "name": used["tool"],
                "softwareVersion": used["version"],
            }
            instruments.append(crate.add(ContextEntity(crate, identity, properties)))
    files = [
        crate.add_file(
            str(folder / part.path),
            dest_path=part.path,
            properties={
                "name": f"{part.table} of {part.centre}",
                "encodingFormat": "application/vnd.apache.parquet",
                "identifier": part.digest.sha256,
            },
        )
        for part in sorted(release.parts, key=lambda part: part.path)
    ]
    action = ContextEntity(
        crate,
        "#run",
        {"@type": "CreateAction", "name": f"release {release.name}"},
    )
    crate.add(action)
    action["instrument"] = instruments[0]
    action["object"] = inputs
    action["result"] = files
    crate.root_dataset["mentions"] = [action]
    workflow["softwareRequirements"] = instruments[1:]
    found = crate.metadata.generate()
    found["@graph"] = sorted(found["@graph"], key=lambda entity: entity["@id"])
    return json.dumps(found, indent=1, sort_keys=True) + "\n"


def statement_text(release: Release, lines: list[Entry], manifest_sha256: str) -> str:
    """
    An in-toto Statement v1 with SLSA provenance v1 over every file of the release.

    Source: in-toto Attestation Framework v1; SLSA v1.0, provenance.
    """
    subjects = [
        {
            "name": line.path,
            "digest": {"sha256": line.file_sha256},
        }
        for line in lines
    ]
    subjects.append({"name": layout.MANIFEST, "digest": {"sha256": manifest_sha256}})
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": subjects,
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {"name": release.name, "tier": release.tier},
                "internalParameters": {
                    "contract_version": release.contract_version,
                    "content_sha256": release.digest,
                },
                "resolvedDependencies": [],
            },
            "runDetails": {
                "builder": {"id": WORKFLOW, "version": {"onconcord": release.pipeline_version}}
            },
        },
    }
    return json.dumps(statement, indent=1, sort_keys=True) + "\n"
