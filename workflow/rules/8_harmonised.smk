"""
8_harmonised: the contract tables of each pair.

Inputs: evidence, recount, annotation, verdicts. Outputs: results/8_harmonised/{pair}/, which is put
in place as a whole once every table is valid.
"""


def quantized_arguments(wildcards):
    words = []
    for role, sample in zip(("tumour", "normal"), samples_of_pair(wildcards)):
        prefix = qc_prefix(PAIRS[wildcards.pair], sample)
        words += [f"--quantized-{role}", f"{prefix}.quantized.bed.gz"]
        words += [f"--anymapq-{role}", f"{prefix}.anymapq.quantized.bed.gz"]
        words += [f"--regions-{role}", f"{prefix}.regions.bed.gz"]
    return words


def counts_of_pair(wildcards):
    """What went into the tools of the stages and came out of them, counted by their rules."""
    pair = PAIRS[wildcards.pair]
    return [
        *(f"results/1_reference/{resource}.counts.tsv" for resource in GIVEN_VCFS),
        *(["results/1_reference/snpeff/genome.counts.tsv"] if config["reference"]["genes"] else []),
        *(f"results/3_alignments/{sample.sample_id}.counts.tsv" for sample in pair.samples),
        *(f"{qc_prefix(pair, sample.sample_id)}.counts.tsv" for sample in pair.samples),
        *(f"results/5_calls/{caller}/{pair.pair_id}.counts.tsv" for caller in CALLERS),
        f"results/6_evidence/{pair.pair_id}.counts.tsv",
        f"results/7_annotated/{pair.pair_id}.counts.tsv",
    ]


def model_of_pair(wildcards):
    return COHORT.models[config["assays"][PAIRS[wildcards.pair].tumour.assay]["model"]]


rule harmonise:
    """Decide on every candidate, and write every contract table of one pair."""
    input:
        spec="results/0_inputs/{pair}.json",
        identity="results/1_reference/reference.json",
        contigs="results/1_reference/contigs.tsv",
        resources="results/1_reference/resources.tsv",
        assay_resources=of_assay("resources.tsv"),
        counts=expand("results/1_reference/{resource}.counts.json", resource=GIVEN_VCFS),
        tools=expand("results/1_reference/tools/{environment}.tsv", environment=TOOL_ENVIRONMENTS),
        targets=of_assay("targets.bed"),
        gene_regions=of_assay("gene_regions.tsv"),
        transcripts="results/1_reference/transcripts.parquet",
        transcript_set="results/1_reference/transcript_set.tsv",
        inputs=inputs_of_pair,
        qc="results/4_qc/pairs/{pair}.qc.json",
        tumour=tumour_qc,
        normal=normal_qc,
        evidence="results/6_evidence/{pair}.evidence.parquet",
        rejected="results/6_evidence/{pair}.rejected.parquet",
        recount="results/6_evidence/{pair}.recount.parquet",
        background="results/6_evidence/{pair}.background.parquet",
        model=model_of_pair,
        annotated="results/7_annotated/{pair}.vcf.gz",
        calls=expand("results/5_calls/{caller}/{{pair}}.vcf.gz", caller=CALLERS),
        conserved=counts_of_pair,
        lock=CHECKOUT / "uv.lock",
    output:
        manifest="results/8_harmonised/{pair}/MANIFEST.json",
        vcf="results/8_harmonised/{pair}/{pair}.vcf.gz",
        index="results/8_harmonised/{pair}/{pair}.vcf.gz.tbi",
    log:
        "logs/8_harmonised/{pair}.log",
    benchmark:
        "timings/8_harmonised/{pair}.tsv"
    conda:
        "../../envs/evidence.yaml"
    resources:
        mem_mb=3000,
        runtime=60,
    params:
        quantized=quantized_arguments,
        calls=calls_arguments,
    shell:
        r"""
        exec &> {log:q}
        {PYTHON:q} {SCRIPTS:q}/harmonised_pair.py \
            --pair-spec {input.spec:q} \
            --reference-dir results/1_reference \
            --assay-dir "$(dirname {input.targets:q})" \
            --tools {input.tools:q} \
            --inputs {input.inputs:q} \
            --qc {input.qc:q} \
            {params.quantized:q} \
            --evidence {input.evidence:q} \
            --rejected {input.rejected:q} \
            --recount {input.recount:q} \
            --background {input.background:q} \
            --model {input.model:q} \
            --annotated {input.annotated:q} \
            --calls {params.calls:q} \
            --callers-dir {CALLERS_DIR:q} \
            --conserved {input.conserved:q} \
            --lock {input.lock:q} \
            --out results/8_harmonised/{wildcards.pair:q}
        """
