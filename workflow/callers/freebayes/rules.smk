"""
freebayes: small variants by FreeBayes, tumour and normal jointly, with a somatic filter.

Inputs: alignments of a pair, calling regions. Outputs: results/5_calls/freebayes/{pair}.vcf.gz.
FreeBayes itself does not tell somatic from germline: freebayes_filter does, by soft filters whose
meaning stands in the header, so that every record is kept with the reason it does not pass.
Steps: freebayes_call (one job a shard), freebayes_filter.
"""


def freebayes_reads(wildcards):
    samples = PAIRS[wildcards.pair].samples
    return [f"results/3_alignments/{sample.sample_id}.{READS}" for sample in samples]


def freebayes_indexes(wildcards):
    samples = PAIRS[wildcards.pair].samples
    return [f"results/3_alignments/{sample.sample_id}.{READS_INDEX}" for sample in samples]


def freebayes_shards(wildcards):
    return [f"results/5_calls/freebayes/{wildcards.pair}.{shard}.raw.vcf.gz" for shard in SHARDS]


def samples_of_pair(wildcards):
    return ",".join(sample.sample_id for sample in PAIRS[wildcards.pair].samples)


def has_normal(wildcards):
    return PAIRS[wildcards.pair].normal is not None


rule freebayes_call:
    """Every allele of tumour and normal in one shard of the calling regions."""
    input:
        reads=freebayes_reads,
        indexes=freebayes_indexes,
        fasta="results/1_reference/genome.fa",
        shards="results/1_reference/shards",
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
    shell:
        r"""
        exec 2> {log:q}
        freebayes --fasta-reference {input.fasta:q} \
            --targets {input.shards:q}/{wildcards.shard}.bed \
            --pooled-continuous \
            --min-alternate-fraction 0.02 \
            --min-alternate-count 3 \
            --min-mapping-quality {params.min_mapping_quality} \
            --min-base-quality {params.min_base_quality} \
            {input.reads:q} \
        | bgzip > {output.vcf:q}
        """


rule freebayes_filter:
    """One allele a record; soft filters for germline, normal noise, weak and strand-biased support."""
    input:
        vcfs=freebayes_shards,
        fasta="results/1_reference/genome.fa",
    output:
        vcf="results/5_calls/freebayes/{pair}.vcf.gz",
        index="results/5_calls/freebayes/{pair}.vcf.gz.tbi",
    log:
        "logs/5_calls/freebayes/{pair}.filter.log",
    conda:
        "env.yaml"
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        samples=samples_of_pair,
        has_normal=has_normal,
    shell:
        r"""
        exec 2> {log:q}
        soft() {{ bcftools filter --mode + --soft-filter "$1" --exclude "$2" --output-type u; }}
        germline() {{
            if [ {params.has_normal} = True ]; then
                soft germline 'FMT/AO[1:0] >= 3 && FMT/AO[1:0] / FMT/DP[1] >= 0.1' \
                | soft normal_support 'FMT/AO[1:0] / FMT/DP[1] >= 0.02 && FMT/AO[1:0] / FMT/DP[1] * 5 > FMT/AO[0:0] / FMT/DP[0]' \
                | soft normal_depth 'FMT/DP[1] < 8 || FMT/DP[1] = "."'
            else
                cat
            fi
        }}
        bcftools concat --output-type u {input.vcfs:q} \
        | bcftools view --samples {params.samples:q} --output-type u \
        | bcftools norm --fasta-ref {input.fasta:q} --multiallelics -any --output-type u \
        | bcftools view --exclude 'FMT/AO[0:0] = 0 || FMT/AO[0:0] = "."' --output-type u \
        | soft low_quality 'QUAL < 20' \
        | soft low_support 'FMT/AO[0:0] < 4' \
        | soft low_fraction 'FMT/AO[0:0] / FMT/DP[0] < 0.03' \
        | soft strand 'INFO/SAF[0] = 0 || INFO/SAR[0] = 0' \
        | soft low_mapping_quality 'INFO/MQM[0] < 30' \
        | germline \
        | bcftools sort --output-type z --output {output.vcf:q}
        tabix --preset vcf {output.vcf:q}
        """
