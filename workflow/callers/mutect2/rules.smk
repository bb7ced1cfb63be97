"""
mutect2: small variants by GATK Mutect2 with orientation model and contamination table.

Inputs: alignments of a pair, calling regions; population resource and panel of normals where given.
Outputs: results/5_calls/mutect2/{pair}.vcf.gz, every record with its FILTER.
Steps: mutect2_call (one job a shard), mutect2_filter.
"""


rule mutect2_call:
    """Unfiltered somatic calls of one pair in one shard of the calling regions."""
    input:
        tumour=tumour_alignment,
        normal=normal_alignment,
        indexes=indexes_of_pair,
        fasta="results/1_reference/genome.fa",
        dictionary="results/1_reference/genome.dict",
        shards=of_assay("shards"),
        population=vcf_if_given("population"),
        panel_of_normals=vcf_if_given("panel_of_normals"),
        settings=settings(
            "calling.min_base_quality", "resources.population", "resources.panel_of_normals"
        ),
    output:
        vcf=temp("results/5_calls/mutect2/{pair}.{shard}.raw.vcf.gz"),
        index=temp("results/5_calls/mutect2/{pair}.{shard}.raw.vcf.gz.tbi"),
        # Of all outputs only this one is written without an error where the disk is full.
        stats=temp(
            ensure("results/5_calls/mutect2/{pair}.{shard}.raw.vcf.gz.stats", non_empty=True)
        ),
        orientation=temp("results/5_calls/mutect2/{pair}.{shard}.f1r2.tar.gz"),
    log:
        "logs/5_calls/mutect2/{pair}.{shard}.call.log",
    benchmark:
        "timings/5_calls/mutect2/{pair}.{shard}.call.tsv"
    conda:
        "env.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=720,
    params:
        normal=normal_of_pair,
        samples=samples_of_pair,
        min_base_quality=config["calling"]["min_base_quality"],
    shell:
        r"""
        exec &> {log:q}
        normal={params.normal:q} population={input.population:q} panel={input.panel_of_normals:q}
        options=()
        [ -z "$normal" ] || options+=(--input {input.normal:q} --normal-sample "$normal")
        [ -z "$population" ] || options+=(--germline-resource "$population")
        [ -z "$panel" ] || options+=(--panel-of-normals "$panel")
        # Minutes to hours at work: worth the full compiler, which short steps do without.
        gatk --java-options -XX:TieredStopAtLevel=4 Mutect2 \
            --input {input.tumour:q} \
            "${{options[@]}}" \
            --reference {input.fasta:q} \
            --intervals {input.shards:q}/{wildcards.shard:q}.bed \
            --min-base-quality-score {params.min_base_quality:q} \
            --native-pair-hmm-threads {threads} \
            --f1r2-tar-gz {output.orientation:q} \
            --output {output.vcf:q}
        {PYTHON:q} {SCRIPTS:q}/calls_conserved.py \
            --step whole 'gatk Mutect2' {output.vcf:q} {input.shards:q}/{wildcards.shard:q}.bed \
                {params.samples:q} \
            --step tables 'gatk Mutect2' {output.orientation:q} \
            --step stats 'gatk Mutect2' {output.stats:q} {output.stats:q}
        """


def mutect2_shards(suffix):
    """Input function: the files of one kind of every shard of a pair."""

    def files(wildcards):
        return [
            f"results/5_calls/mutect2/{wildcards.pair}.{shard}.{suffix}"
            for shard in shards_of_pair(wildcards)
        ]

    return files


rule mutect2_filter:
    """Calls of one pair, each with its FILTER; shards are joined first."""
    input:
        vcfs=mutect2_shards("raw.vcf.gz"),
        shards=of_assay("shards"),
        indexes=mutect2_shards("raw.vcf.gz.tbi"),
        stats=mutect2_shards("raw.vcf.gz.stats"),
        orientation=mutect2_shards("f1r2.tar.gz"),
        sites=common_sites_if_given,
        contamination="results/4_qc/pairs/{pair}.contamination.table",
        segments="results/4_qc/pairs/{pair}.segments.table",
        fasta="results/1_reference/genome.fa",
        fasta_index="results/1_reference/genome.fa.fai",
        dictionary="results/1_reference/genome.dict",
    output:
        vcf="results/5_calls/mutect2/{pair}.vcf.gz",
        index="results/5_calls/mutect2/{pair}.vcf.gz.tbi",
        counts="results/5_calls/mutect2/{pair}.counts.tsv",
    log:
        "logs/5_calls/mutect2/{pair}.filter.log",
    benchmark:
        "timings/5_calls/mutect2/{pair}.filter.tsv"
    conda:
        "env.yaml"
    resources:
        mem_mb=3000,
        runtime=120,
    shell:
        r"""
        exec &> {log:q}
        export ONCONCORD_COUNTS={output.counts:q}
        # Cheaper than a shadow folder, for which Snakemake starts a second time.
        work=results/5_calls/mutect2/{wildcards.pair:q}.filter
        rm -rf "$work" && mkdir "$work"
        trap 'rm -rf "$work"' EXIT
        trap 'echo "error: bcftools view or concat, or gatk, left no whole file" >&2' ERR
        sites={input.sites:q}
        orientation=() stats=() options=()
        for file in {input.orientation:q}; do orientation+=(--input "$file"); done
        for file in {input.stats:q}; do stats+=(--stats "$file"); done
        {SCRIPTS:q}/calls_join.sh {input.shards:q} {input.vcfs:q} \
        | bcftools view --output-type z --output "$work/joined.vcf.gz"
        tabix --preset vcf "$work/joined.vcf.gz"
        gatk LearnReadOrientationModel "${{orientation[@]}}" \
            --output "$work/orientation.tar.gz"
        gatk MergeMutectStats "${{stats[@]}}" --output "$work/joined.stats"
        [ ! -s "$sites" ] || options+=(
            --contamination-table {input.contamination:q}
            --tumor-segmentation {input.segments:q}
        )
        gatk FilterMutectCalls \
            --variant "$work/joined.vcf.gz" \
            --reference {input.fasta:q} \
            --stats "$work/joined.stats" \
            --orientation-bias-artifact-priors "$work/orientation.tar.gz" \
            "${{options[@]}}" \
            --output {output.vcf:q}
        {PYTHON:q} {SCRIPTS:q}/calls_conserved.py \
            --step joined 'bcftools view and concat' "$work/joined.vcf.gz" {input.shards:q} \
                {input.vcfs:q} \
            --step stats 'gatk MergeMutectStats' "$work/joined.stats" {input.stats:q} \
            --step tables 'gatk LearnReadOrientationModel' "$work/orientation.tar.gz" \
            --step kept 'gatk FilterMutectCalls' {output.vcf:q} "$work/joined.vcf.gz"
        sha256sum < {output.counts:q} >> {output.counts:q}
        """
