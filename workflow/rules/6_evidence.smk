"""
6_evidence: the records of all callers in normal form, and one neutral recount of each.

Inputs: every caller's VCF of a pair, its alignments. Outputs: results/6_evidence/.
"""


def reads_arguments_of_pair(wildcards):
    words = ["--tumour-bam", tumour_alignment(wildcards)]
    for normal in normal_alignment(wildcards):
        words += ["--normal-bam", normal]
    return words


def calls_arguments(wildcards):
    return [f"{caller}=results/5_calls/{caller}/{wildcards.pair}.vcf.gz" for caller in CALLERS]


rule evidence:
    """Candidates of all callers in normal form, counted again from the reads of the pair."""
    input:
        spec="results/0_inputs/{pair}.json",
        calls=expand("results/5_calls/{caller}/{{pair}}.vcf.gz", caller=CALLERS),
        reads=alignments_of_pair,
        indexes=indexes_of_pair,
        fasta="results/1_reference/genome.fa",
        contigs="results/1_reference/contigs.tsv",
        targets=of_assay("targets.bed"),
        hotspots=config["resources"]["hotspots"] or [],
        settings=settings("resources.hotspots"),
    output:
        evidence="results/6_evidence/{pair}.evidence.parquet",
        rejected="results/6_evidence/{pair}.rejected.parquet",
        candidates="results/6_evidence/{pair}.candidates.vcf.gz",
        index="results/6_evidence/{pair}.candidates.vcf.gz.tbi",
        recount="results/6_evidence/{pair}.recount.parquet",
        background="results/6_evidence/{pair}.background.parquet",
        counts="results/6_evidence/{pair}.counts.tsv",
    log:
        "logs/6_evidence/{pair}.log",
    benchmark:
        "timings/6_evidence/{pair}.tsv"
    conda:
        "../../envs/evidence.yaml"
    resources:
        mem_mb=3000,
        runtime=120,
    params:
        calls=calls_arguments,
        reads=reads_arguments_of_pair,
        min_base_quality=config["calling"]["min_base_quality"],
        min_mapping_quality=config["calling"]["min_mapping_quality"],
    shell:
        r"""
        exec &> {log:q}
        export ONCONCORD_COUNTS={output.counts:q}
        {PYTHON:q} {SCRIPTS:q}/evidence_collect.py \
            --pair-spec {input.spec:q} \
            --reference-fasta {input.fasta:q} \
            --contigs {input.contigs:q} \
            --calls {params.calls:q} \
            --callers-dir {CALLERS_DIR:q} \
            --evidence {output.evidence:q} \
            --rejected {output.rejected:q} \
            --candidates {output.candidates:q}
        {PYTHON:q} {SCRIPTS:q}/evidence_recount.py \
            --pair-spec {input.spec:q} \
            --candidates {output.candidates:q} \
            --reference-fasta {input.fasta:q} \
            --targets {input.targets:q} \
            {params.reads:q} \
            --min-mapping-quality {params.min_mapping_quality:q} \
            --min-base-quality {params.min_base_quality:q} \
            --out {output.recount:q} \
            --background {output.background:q}
        sha256sum < {output.counts:q} >> {output.counts:q}
        """
