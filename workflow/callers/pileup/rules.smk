"""
pileup: every allele that the tumour's reads show often enough, as a source of candidates.

Inputs: alignments of a pair, calling regions. Outputs: results/5_calls/pileup/{pair}.vcf.gz.
Left out early, by the thresholds of caller.yaml: noise, an allele with fewer fragments in the tumour
than min_alternate_count, or a lower fraction than min_alternate_fraction; and plain germline, an
allele that the normal has min_alternate_count fragments of, and in as high a fraction as the tumour
or as germline_fraction.
Steps: pileup_call (one job a shard), pileup_join.
"""

PILEUP_THRESHOLDS = read_caller(CALLERS_DIR / "pileup").thresholds


def pileup_shards(wildcards):
    return [
        f"results/5_calls/pileup/{wildcards.pair}.{shard}.bcf"
        for shard in shards_of_pair(wildcards)
    ]


rule pileup_call:
    """Alleles of one shard, one a record, with the fragments of each."""
    input:
        reads=alignments_of_pair,
        indexes=indexes_of_pair,
        fasta="results/1_reference/genome.fa",
        shards=of_assay("shards"),
        settings=settings("calling.min_base_quality", "calling.min_mapping_quality"),
    output:
        temp("results/5_calls/pileup/{pair}.{shard}.bcf"),
    log:
        "logs/5_calls/pileup/{pair}.{shard}.call.log",
    benchmark:
        "timings/5_calls/pileup/{pair}.{shard}.call.tsv"
    conda:
        "env.yaml"
    resources:
        mem_mb=2000,
        runtime=240,
    params:
        min_base_quality=config["calling"]["min_base_quality"],
        min_mapping_quality=config["calling"]["min_mapping_quality"],
        min_alternate_count=PILEUP_THRESHOLDS["min_alternate_count"],
        min_alternate_fraction=PILEUP_THRESHOLDS["min_alternate_fraction"],
        germline_fraction=PILEUP_THRESHOLDS["germline_fraction"],
        normal=normal_of_pair,
        samples=samples_of_pair,
    shell:
        r"""
        exec &> {log:q}
        work={output:q}.work
        rm -rf "$work" && mkdir "$work"
        trap 'rm -rf "$work"' EXIT
        trap 'echo "error: bcftools mpileup, view, norm or sort left no whole file" >&2' ERR
        least={params.min_alternate_count:q} normal={params.normal:q}
        in_tumour='FMT/AD[0:1] / (SUM(FMT/AD[0:*]) + 0.001)'
        in_normal='FMT/AD[1:1] / (SUM(FMT/AD[1:*]) + 0.001)'
        keeps="FMT/AD[0:1] >= $least && $in_tumour >= "{params.min_alternate_fraction:q}
        [ -z "$normal" ] || keeps+=" && (FMT/AD[1:1] < $least || ($in_normal < $in_tumour \
            && $in_normal < "{params.germline_fraction:q}"))"
        keeps="TYPE != \"other\" && $keeps"
        bcftools mpileup --fasta-ref {input.fasta:q} \
            --regions-file {input.shards:q}/{wildcards.shard:q}.bed \
            --min-MQ {params.min_mapping_quality:q} \
            --min-BQ {params.min_base_quality:q} \
            --no-BAQ --max-depth 20000 --annotate FORMAT/AD,FORMAT/DP \
            --output-type u {input.reads:q} \
        | bcftools view --include "MAX(FMT/AD[0:1-]) >= $least" --output-type u \
            --output "$work/seen.bcf"
        bcftools norm --fasta-ref {input.fasta:q} --multiallelics -any --output-type u \
            --output "$work/alleles.bcf" "$work/seen.bcf"
        bcftools view --exclude "$keeps" --output-type u --output "$work/dropped.bcf" \
            "$work/alleles.bcf"
        bcftools view --include "$keeps" --output-type u "$work/alleles.bcf" \
        | bcftools sort --output-type b --output {output:q}
        {PYTHON:q} {SCRIPTS:q}/calls_conserved.py \
            --step whole 'bcftools mpileup and view' "$work/seen.bcf" \
                {input.shards:q}/{wildcards.shard:q}.bed {params.samples:q} \
            --step split 'bcftools norm' "$work/alleles.bcf" "$work/seen.bcf" \
            --step kept 'bcftools view and sort' {output:q} "$work/alleles.bcf" \
                "$work/dropped.bcf"
        """


rule pileup_join:
    """The alleles of all shards."""
    input:
        calls=pileup_shards,
        shards=of_assay("shards"),
    output:
        vcf="results/5_calls/pileup/{pair}.vcf.gz",
        index="results/5_calls/pileup/{pair}.vcf.gz.tbi",
        counts="results/5_calls/pileup/{pair}.counts.tsv",
    log:
        "logs/5_calls/pileup/{pair}.join.log",
    conda:
        "env.yaml"
    resources:
        mem_mb=1000,
        runtime=60,
    shell:
        r"""
        exec &> {log:q}
        export ONCONCORD_COUNTS={output.counts:q}
        trap 'echo "error: bcftools view, concat or sort left no whole file" >&2' ERR
        {SCRIPTS:q}/calls_join.sh {input.shards:q} {input.calls:q} \
        | bcftools sort --output-type z --output {output.vcf:q}
        tabix --preset vcf {output.vcf:q}
        {PYTHON:q} {SCRIPTS:q}/calls_conserved.py \
            --step joined 'bcftools view, concat and sort' {output.vcf:q} {input.shards:q} \
                {input.calls:q}
        sha256sum < {output.counts:q} >> {output.counts:q}
        """
