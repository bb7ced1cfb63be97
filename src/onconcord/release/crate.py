"""ro-crate-metadata.json: the release as a Workflow Run RO-Crate, the same bytes every time."""

import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from rocrate.model.computationalworkflow import ComputationalWorkflow
from rocrate.model.contextentity import ContextEntity
from rocrate.rocrate import ROCrate

from onconcord.files import file_sha256
from onconcord.release import layout
from onconcord.release.manifest import Release, dumps
from onconcord.runtime import checkout

PROFILES = (
    ("https://w3id.org/ro/wfrun/process/0.5", "Process Run Crate", "0.5"),
    ("https://w3id.org/ro/wfrun/workflow/0.5", "Workflow Run Crate", "0.5"),
    ("https://w3id.org/ro/wfrun/provenance/0.5", "Provenance Run Crate", "0.5"),
    ("https://w3id.org/workflowhub/workflow-ro-crate/1.0", "Workflow RO-Crate", "1.0"),
)
UNSTATED_DATE = "1970-01-01"
"""Published on, where the release's name has no month: a crate must have a date, and no file of a
release says when it was made."""

AUTHORS = "The onconcord authors"
LICENCE = ("https://spdx.org/licenses/MIT", "MIT License")
"""Of the workflow, as CITATION.cff has them."""

RESOURCE = "resource"
"""Step of the rows of `tool` that are files, not programs."""

MOST_RUNS = 1000
"""Runs that get an action of their own; above, the table run has them and the crate one for all."""


def write_workflow(folder: Path) -> None:
    """Put the workflow's entry point into the release, as the crate needs it."""
    target = folder / layout.WORKFLOW
    target.parent.mkdir(exist_ok=True)
    target.write_text(workflow_text(), encoding="utf-8")


def workflow_text() -> str:
    """The text of the workflow's entry point."""
    return (checkout.root() / "Snakefile").read_text(encoding="utf-8")


def crate_text(folder: Path, release: Release) -> str:
    """
    The text of ro-crate-metadata.json.

    Args:
        folder: the release with every file that the crate lists in place.
        release: what release.json says.
    """
    crate = ROCrate(version="1.1")
    crate.name = f"onconcord release {release.name}"
    crate.description = (
        f"Harmonised tumour and normal tables, contract {release.contract_version}, tier "
        f"{release.tier}, of {', '.join(sorted(c.center_id for c in release.centres))}. "
        "Pseudonymised personal data: use only as the centres agreed."
    )
    terms = {"@type": "CreativeWork", "name": "Use as agreed between the centres"}
    terms["description"] = "Use as agreed between the centres; no licence to pass on."
    crate.license = crate.add(ContextEntity(crate, "#terms", terms))
    crate.root_dataset["author"] = [
        crate.add(ContextEntity(crate, f"#centre-{code}", {"@type": "Organization", "name": code}))
        for code in sorted(centre.center_id for centre in release.centres)
    ]
    crate.datePublished = _published(release.name)
    profiles = [
        crate.add(
            ContextEntity(crate, id_, {"@type": "CreativeWork", "name": name, "version": version})
        )
        for id_, name, version in PROFILES
    ]
    crate.root_dataset["conformsTo"] = profiles
    workflow = _workflow(crate, release)
    listed = [_file(crate, folder, path) for path in _listed(folder)]
    columns = ["run_id", "pipeline_version", "exit_status", "snakemake_version"]
    runs = _read(folder, release, "run", columns)
    controls = _tools(
        crate, workflow, release, _read(folder, release, "tool", ["step", "tool", "version"])
    )
    whole = _actions(crate, workflow, listed, runs)
    _engine(crate, whole, controls, {run["snakemake_version"] or "" for run in runs} - {""})
    graph = crate.metadata.generate()
    graph["@graph"] = sorted(graph["@graph"], key=lambda entity: str(entity["@id"]))
    return dumps(graph)


def _published(name: str) -> str:
    month = re.match(r"r(\d{4}-(0[1-9]|1[0-2]))", name)
    return f"{month.group(1)}-01" if month else UNSTATED_DATE


def _listed(folder: Path) -> list[str]:
    left_out = {layout.CRATE, layout.WORKFLOW, *layout.UNLISTED}
    return [path for path in layout.files(folder) if path not in left_out]


def _workflow(crate: ROCrate, release: Release) -> Any:
    language = crate.add(
        ContextEntity(
            crate,
            "https://w3id.org/workflowhub/workflow-ro-crate#snakemake",
            {
                "@type": "ComputerLanguage",
                "name": "Snakemake",
                "identifier": {"@id": "https://doi.org/10.1093/bioinformatics/bts480"},
                "url": {"@id": "https://snakemake.readthedocs.io"},
            },
        )
    )
    workflow = crate.add(
        ComputationalWorkflow(
            crate,
            None,
            layout.WORKFLOW,
            properties={
                "@type": [*ComputationalWorkflow.TYPES, "HowTo"],
                "name": "onconcord",
                "version": release.pipeline_version,
            },
        )
    )
    workflow["programmingLanguage"] = language
    workflow["license"] = crate.add(
        ContextEntity(crate, LICENCE[0], {"@type": "CreativeWork", "name": LICENCE[1]})
    )
    authors = {"@type": "Organization", "name": AUTHORS}
    workflow["author"] = crate.add(ContextEntity(crate, "#authors", authors))
    crate.mainEntity = workflow
    return workflow


def _file(crate: ROCrate, folder: Path, path: str) -> Any:
    kind = "application/vnd.apache.parquet" if path.endswith(".parquet") else "text/plain"
    properties = {
        "name": path,
        "encodingFormat": kind,
        "contentSize": str((folder / path).stat().st_size),
        "sha256": file_sha256(folder / path),
    }
    return crate.add_file(None, path, properties=properties)


def _read(folder: Path, release: Release, table: str, columns: list[str]) -> list[dict[str, Any]]:
    """The distinct rows of some columns of a table: what runs have in common is there once."""
    tables = [
        pq.ParquetFile(folder / part.path).read(columns).group_by(columns).aggregate([])
        for part in release.parts
        if part.table == table
    ]
    if not tables:
        return []
    # centres' files may have text in other Arrow types, and other columns may be null
    rows: list[dict[str, Any]] = pa.concat_tables(tables, promote_options="permissive").to_pylist()
    return rows


def _tools(
    crate: ROCrate, workflow: Any, release: Release, rows: list[dict[str, Any]]
) -> list[Any]:
    """
    Programs, the steps of the workflow that start them, and that each was started.

    Returns:
        ControlActions, one a step and program; a release that lists no programs has its own.
    """
    own = ("release", "onconcord", release.pipeline_version)
    used = {(row["step"], row["tool"], row["version"]) for row in rows if row["step"] != RESOURCE}
    applications: dict[tuple[str, str], Any] = {}
    controls = []
    for position, (step, tool, version) in enumerate(sorted({*used, own}), start=1):
        slug = f"{_slug(tool)}-{_slug(version)}"
        if (tool, version) not in applications:
            properties = {"@type": "SoftwareApplication", "name": tool, "softwareVersion": version}
            application = crate.add(ContextEntity(crate, f"#tool-{slug}", properties))
            applications[tool, version] = application
            workflow.append_to("softwareRequirements", application)
            workflow.append_to("hasPart", application)
        ran = crate.add(
            ContextEntity(
                crate,
                f"#use-{step}-{slug}",
                {"@type": "CreateAction", "name": f"{tool} {version} in step {step}"},
            )
        )
        ran["instrument"] = applications[tool, version]
        of = crate.add(
            ContextEntity(
                crate,
                f"#step-{step}-{slug}",
                {"@type": "HowToStep", "name": step, "position": str(position)},
            )
        )
        of["workExample"] = applications[tool, version]
        workflow.append_to("step", of)
        control = crate.add(
            ContextEntity(
                crate, f"#control-{step}-{slug}", {"@type": "ControlAction", "name": f"Step {step}"}
            )
        )
        control["instrument"], control["object"] = of, ran
        controls.append(control)
    return controls


def _engine(crate: ROCrate, whole: Any, controls: list[Any], versions: set[str]) -> None:
    """The workflow engine, which ordered the steps of the release's runs."""
    properties: dict[str, Any] = {"@type": "SoftwareApplication", "name": "Snakemake"}
    if versions:
        properties["softwareVersion"] = ", ".join(sorted(versions))
    engine = crate.add(ContextEntity(crate, "#engine", properties))
    organised = crate.add(
        ContextEntity(
            crate, "#organised", {"@type": "OrganizeAction", "name": "Snakemake ran the steps"}
        )
    )
    organised["instrument"], organised["object"], organised["result"] = engine, controls, whole


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.]+", "-", text).strip("-")


def _actions(crate: ROCrate, workflow: Any, listed: list[Any], runs: list[dict[str, Any]]) -> Any:
    """One action for the release, which is returned, and one per run of a pair while few."""
    status = "http://schema.org/CompletedActionStatus"
    failed = "http://schema.org/FailedActionStatus"
    actions = [
        crate.add(
            ContextEntity(
                crate,
                "#release",
                {
                    "@type": "CreateAction",
                    "name": f"Release of {len(runs)} runs",
                    "actionStatus": {"@id": status},
                },
            )
        )
    ]
    tables = [entity for entity in listed if entity.id.endswith(".parquet")]
    for run in sorted(runs, key=lambda run: str(run["run_id"])) if len(runs) <= MOST_RUNS else ():
        ended = status if run["exit_status"] == "ok" else failed
        actions.append(
            crate.add(
                ContextEntity(
                    crate,
                    f"#run-{run['run_id']}",
                    {
                        "@type": "CreateAction",
                        "name": f"Run {run['run_id']} of one pair",
                        "identifier": run["run_id"],
                        "actionStatus": {"@id": ended},
                    },
                )
            )
        )
    for action in actions:
        action["instrument"] = workflow
    actions[0]["result"] = tables
    crate.root_dataset["mentions"] = actions
    return actions[0]
