"""
onconcord: raw tumour and normal reads to harmonised Parquet tables.

Run in a working folder that holds config.yaml and samples.tsv. Data flows through numbered
stages; the rules of a stage write only its folder under results/.
Targets: all (tables of every pair, MultiQC and, where release.name is set, the releases),
tables, release, annotate, made_with.
"""

import os
import re
import sys
from pathlib import Path

from onconcord.runtime.foreign import leave_foreign_modules

leave_foreign_modules()

from snakemake.settings.types import DeploymentMethod
from snakemake.utils import min_version

from onconcord.calls.callers import read_caller
from onconcord.inputs import cohort as cohorts
from onconcord.inputs.settings import (
    keep_settings,
    outdated_settings,
    sample_file,
    setting_file,
)
from onconcord.inputs.config import RETRACTIONS, files_of, release_name
from onconcord.errors import OnconcordError
from onconcord.runtime.failures import FailedJobs
from onconcord.runtime.lock import hold_folder
from onconcord.runtime.running import is_dry
from onconcord.qc.callability import depth_levels
from onconcord.reference.shards import shard_count
from onconcord.runtime.tools import refuse_other_versions

min_version("9.9")

CHECKOUT = Path(workflow.basedir)
SCRIPTS = CHECKOUT / "scripts"
CALLERS_DIR = CHECKOUT / "workflow/callers"
PYTHON = sys.executable

# Tools of this checkout come before the system's; a conda environment of a rule before both.
os.environ["PATH"] = os.pathsep.join(
    [str(CHECKOUT / ".tools/bin"), str(Path(PYTHON).parent), os.environ["PATH"]]
)


configfile: "config.yaml"


try:
    COHORT = cohorts.load(Path.cwd(), config)
    if workflow.is_main_process and not is_dry(sys.argv):
        keep_settings(COHORT)
    elif workflow.is_main_process:
        for name in outdated_settings(COHORT):
            print(f"{name} has changed: a run makes again what follows from it", file=sys.stderr)
except OnconcordError as error:
    print(f"error: {error}", file=sys.stderr)
    sys.exit(error.exit_code)

config = COHORT.config
SAMPLES = COHORT.samples
PAIRS = COHORT.pairs
CALLERS = config["callers"]
READS = config["alignment"]["format"]
READS_INDEX = {"bam": "bam.bai", "cram": "cram.crai"}[READS]
KITS = COHORT.kits
# Set by the genome and the targets, never by the machine.
SHARDS = {
    assay: range(
        shard_count(
            [Path(bed) for bed in COHORT.targets(assay)],
            Path(config["reference"]["fasta"]),
            Path("results/1_reference/genome.fa.fai"),
            config["calling"]["shard_mb"],
        )
    )
    for assay in KITS
}
FAILED = FailedJobs(
    {pair: [sample.sample_id for sample in one.samples] for pair, one in PAIRS.items()}
)
logger.addHandler(FAILED)


onstart:
    try:
        hold_folder(Path.cwd())
        # A conda environment that changes makes Snakemake run its rules again, a PATH does not.
        if DeploymentMethod.CONDA not in workflow.deployment_settings.deployment_method:
            refuse_other_versions(Path("results/1_reference/tools"), os.environ["PATH"])
    except OnconcordError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


onerror:
    print(FAILED.summary(Path.cwd()), file=sys.stderr)


wildcard_constraints:
    sample="|".join(map(re.escape, SAMPLES)),
    pair="|".join(map(re.escape, PAIRS)),
    centre="|".join(map(re.escape, COHORT.centres)),
    assay="|".join(map(re.escape, KITS)),
    shard=r"\d+",


include: "workflow/rules/0_inputs.smk"
include: "workflow/rules/1_reference.smk"
include: "workflow/rules/2_reads.smk"
include: "workflow/rules/3_alignments.smk"
include: "workflow/rules/4_qc.smk"
include: "workflow/rules/5_calls.smk"
include: "workflow/rules/6_evidence.smk"
include: "workflow/rules/7_annotated.smk"
include: "workflow/rules/8_harmonised.smk"
include: "workflow/rules/9_release.smk"


localrules:
    all,
    tables,
    annotate,
    made_with,
    release,


rule all:
    """Everything the configuration asks for."""
    default_target: True
    input:
        expand("results/8_harmonised/{pair}/MANIFEST.json", pair=PAIRS),
        "results/4_qc/multiqc.html",
        RELEASES if config["release"]["name"] else [],


rule tables:
    """The contract tables of every pair."""
    input:
        expand("results/8_harmonised/{pair}/MANIFEST.json", pair=PAIRS),


rule annotate:
    """The annotation of every pair: run it after a resource changed; nothing is called again."""
    input:
        expand("results/7_annotated/{pair}.vcf.gz", pair=PAIRS),


rule made_with:
    """Digests of the reference and the resources, and versions of the tools: all but the reads."""
    input:
        "results/1_reference/reference.json",
        "results/1_reference/resources.tsv",
        expand("results/1_reference/assays/{assay}/resources.tsv", assay=KITS),
        "results/1_reference/transcript_set.tsv",
        expand("results/1_reference/{resource}.counts.json", resource=GIVEN_VCFS),
        expand("results/1_reference/tools/{environment}.tsv", environment=TOOL_ENVIRONMENTS),
