"""
freebayes: small variants by FreeBayes, tumour and normal jointly, as a source of candidates.

Inputs: alignments of a pair, calling regions. Outputs: results/5_calls/freebayes/{pair}.vcf.gz.
FreeBayes does not tell somatic from germline, and its records have no filter: the decision does.
Steps: freebayes_call (one job a shard), freebayes_join.
"""

FREEBAYES_THRESHOLDS = read_caller(CALLERS_DIR / "freebayes").thresholds


def freebayes_shards(wildcards):
    return [
        f"results/5_calls/freebayes/{wildcards.pair}.{shard}.raw.vcf.gz"
        for shard in shards_of_pair(wildcards)
    ]


rule freebayes_call:
    """Every allele of tumour and normal in one shard of the calling regions."""
    input:
        reads=alignments_of_pair,
        indexes=indexes_of_pair,
        fasta="results/1_reference/genome.fa",
        shards=of_assay("shards"),
        settings=settings("calling.min_base_quality", "calling.min_mapping_quality"),
    output:
        vcf=temp("results/5_calls/freebayes/{pair}.{shard}.raw.vcf.gz"),
    log:
        "logs/5_calls/freebayes/{pair}.{shard}.call.log",
    benchmark:
        "timings/5_calls/freebayes/{pair}.{shard}.call.tsv"
    conda:
        "env.yaml"
    resources:
        mem_mb=4000,
        runtime=720,
    params:
        min_base_quality=config["calling"]["min_base_quality"],
        min_mapping_quality=config["calling"]["min_mapping_quality"],
        min_alternate_fraction=FREEBAYES_THRESHOLDS["min_alternate_fraction"],
        min_alternate_count=FREEBAYES_THRESHOLDS["min_alternate_count"],
        samples=samples_of_pair,
    shell:
        r"""
        exec &> {log:q}
        freebayes --fasta-reference {input.fasta:q} \
            --targets {input.shards:q}/{wildcards.shard:q}.bed \
            --pooled-continuous \
            --min-alternate-fraction {params.min_alternate_fraction:q} \
            --min-alternate-count {params.min_alternate_count:q} \
            --min-mapping-quality {params.min_mapping_quality:q} \
            --min-base-quality {params.min_base_quality:q} \
            {input.reads:q} \
        | bgzip > {output.vcf:q}
        {PYTHON:q} {SCRIPTS:q}/calls_conserved.py --step whole 'freebayes or bgzip' {output.vcf:q} \
            {input.shards:q}/{wildcards.shard:q}.bed {params.samples:q}
        """


rule freebayes_join:
    """The records of all shards, one allele each, that the tumour has reads of."""
    input:
        vcfs=freebayes_shards,
        shards=of_assay("shards"),
        fasta="results/1_reference/genome.fa",
    output:
        vcf="results/5_calls/freebayes/{pair}.vcf.gz",
        index="results/5_calls/freebayes/{pair}.vcf.gz.tbi",
        counts="results/5_calls/freebayes/{pair}.counts.tsv",
    log:
        "logs/5_calls/freebayes/{pair}.join.log",
    conda:
        "env.yaml"
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        samples=samples_of_pair,
    shell:
        r"""
        exec &> {log:q}
        export ONCONCORD_COUNTS={output.counts:q}
        work=results/5_calls/freebayes/{wildcards.pair:q}.join
        rm -rf "$work" && mkdir "$work"
        trap 'rm -rf "$work"' EXIT
        trap 'echo "error: bcftools view, concat, norm or sort left no whole file" >&2' ERR
        samples=$(printf '%s\n' {params.samples:q} | paste -s -d ,)
        no_reads='FMT/AO[0:0] = 0 || FMT/AO[0:0] = "."'
        {SCRIPTS:q}/calls_join.sh {input.shards:q} {input.vcfs:q} \
        | bcftools view --samples "$samples" --output-type u --output "$work/joined.bcf"
        bcftools norm --fasta-ref {input.fasta:q} --multiallelics -any --output-type u \
            --output "$work/alleles.bcf" "$work/joined.bcf"
        bcftools view --include "$no_reads" --output-type u --output "$work/dropped.bcf" \
            "$work/alleles.bcf"
        bcftools view --exclude "$no_reads" --output-type u "$work/alleles.bcf" \
        | bcftools sort --output-type z --output {output.vcf:q}
        tabix --preset vcf {output.vcf:q}
        {PYTHON:q} {SCRIPTS:q}/calls_conserved.py \
            --step joined 'bcftools view and concat' "$work/joined.bcf" {input.shards:q} {input.vcfs:q} \
            --step split 'bcftools norm' "$work/alleles.bcf" "$work/joined.bcf" \
            --step kept 'bcftools view and sort' {output.vcf:q} "$work/alleles.bcf" \
                "$work/dropped.bcf"
        sha256sum < {output.counts:q} >> {output.counts:q}
        """
