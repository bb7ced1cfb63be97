"""
4_qc: coverage, levels of depth, contamination, identity, verdicts.

Inputs: alignments, targets, population resource. Outputs: results/4_qc/.
Steps: sample_qc (one job a sample, or more where its pairs have several assays), pair_qc (one job a pair), multiqc (one of the cohort).
samtools stats and the tables of GATK end without an error where the disk is full: they go through
cat, which does not, and the one of two lines, which fits into any block, may not be empty.
"""


def depth_levels_of_sample(wildcards):
    return depth_levels(config["decision"][f"min_{SAMPLES[wildcards.sample].role}_depth"])


# All that mosdepth writes, read by us, by MultiQC or by nobody: Snakemake removes it where the job
# fails, so that none of it stays behind cut off.
QC_OF_SAMPLE = [
    f"results/4_qc/samples/{{assay}}/{{sample}}.{suffix}"
    for suffix in (
        "mosdepth.summary.txt",
        "mosdepth.global.dist.txt",
        "mosdepth.region.dist.txt",
        "regions.bed.gz",
        "regions.bed.gz.csi",
        "quantized.bed.gz",
        "quantized.bed.gz.csi",
        "anymapq.mosdepth.summary.txt",
        "anymapq.mosdepth.global.dist.txt",
        "anymapq.quantized.bed.gz",
        "anymapq.quantized.bed.gz.csi",
        "stats.txt",
        "pileups.table",
        "counts.tsv",
    )
]


rule sample_qc:
    """Coverage, levels of depth, read statistics and pileups of one sample on the targets of a pair."""
    input:
        reads=f"results/3_alignments/{{sample}}.{READS}",
        index=f"results/3_alignments/{{sample}}.{READS_INDEX}",
        fasta="results/1_reference/genome.fa",
        dictionary="results/1_reference/genome.dict",
        targets="results/1_reference/assays/{assay}/targets.bed",
        depth="results/1_reference/assays/{assay}/depth.bed",
        population=vcf_if_given("population"),
        sites=common_sites_if_given,
        settings=settings(
            "calling.min_mapping_quality",
            "decision.min_tumour_depth",
            "decision.min_normal_depth",
            "resources.population",
        ),
    output:
        # mosdepth's distributions, which MultiQC alone reads, are empty for a sample without a read.
        [
            path if path.endswith(".dist.txt") else ensure(path, non_empty=True)
            for path in QC_OF_SAMPLE
        ],
    log:
        "logs/4_qc/{assay}/{sample}.log",
    benchmark:
        "timings/4_qc/{assay}/{sample}.tsv"
    conda:
        "../../envs/qc.yaml"
    resources:
        mem_mb=4000,
        runtime=120,
    params:
        depth_levels=depth_levels_of_sample,
        min_mapping_quality=config["calling"]["min_mapping_quality"],
    shell:
        r"""
        exec &> {log:q}
        prefix=results/4_qc/samples/{wildcards.assay:q}/{wildcards.sample:q}
        export ONCONCORD_COUNTS="$prefix.counts.tsv"
        sites={input.sites:q}
        mosdepth --no-per-base --fasta {input.fasta:q} --by {input.depth:q} \
            --mapq {params.min_mapping_quality:q} \
            --quantize {params.depth_levels:q} "$prefix" {input.reads:q}
        mosdepth --no-per-base --fasta {input.fasta:q} \
            --quantize {params.depth_levels:q} "$prefix.anymapq" {input.reads:q}
        samtools stats --reference {input.fasta:q} --target-regions {input.targets:q} \
            {input.reads:q} | cat > "$prefix.stats.txt"
        if [ -s "$sites" ]; then
            gatk GetPileupSummaries --reference {input.fasta:q} --input {input.reads:q} \
                --variant {input.population:q} --intervals "$sites" \
                --minimum-population-allele-frequency 0.01 \
                --maximum-population-allele-frequency 1.0 \
                --output /dev/fd/3 3>&1 >&2 | cat > "$prefix.pileups.table"
        else
            printf '#<METADATA>SAMPLE=%s\ncontig\tposition\tref_count\talt_count\tother_alt_count\tallele_frequency\n' \
                {wildcards.sample:q} > "$prefix.pileups.table"
        fi
        {PYTHON:q} {SCRIPTS:q}/qc_conserved.py \
            --prefix "$prefix" \
            --reads {input.reads:q} \
            --fasta {input.fasta:q} \
            --depth {input.depth:q} \
            --sites {input.sites:q} \
            --population {input.population:q}
        sha256sum < "$prefix.counts.tsv" >> "$prefix.counts.tsv"
        """


def qc_prefix(pair, sample):
    """What the paths of a sample's coverage begin with, measured on the targets of a pair."""
    return f"results/4_qc/samples/{pair.assay}/{sample}"


def tumour_qc(wildcards):
    return expand(QC_OF_SAMPLE, assay=PAIRS[wildcards.pair].assay, sample=tumour_of_pair(wildcards))


def normal_qc(wildcards):
    return expand(QC_OF_SAMPLE, assay=PAIRS[wildcards.pair].assay, sample=normal_of_pair(wildcards))


def thresholds_of_pair(wildcards):
    name = config["assays"][PAIRS[wildcards.pair].tumour.assay]["qc"]
    return name if name.endswith((".yaml", ".yml")) else CHECKOUT / f"config/qc/{name}.yaml"


def prefixes_of_pair(wildcards):
    pair = PAIRS[wildcards.pair]
    words = ["--tumour-prefix", qc_prefix(pair, pair.tumour.sample_id)]
    for normal in normal_of_pair(wildcards):
        words += ["--normal-prefix", qc_prefix(pair, normal)]
    return words


def pileups_of_pair(wildcards):
    pair = PAIRS[wildcards.pair]
    words = ["--input", f"{qc_prefix(pair, pair.tumour.sample_id)}.pileups.table"]
    for normal in normal_of_pair(wildcards):
        words += ["--matched-normal", f"{qc_prefix(pair, normal)}.pileups.table"]
    return words


rule pair_qc:
    """Contamination, identity and verdicts of one pair. A FAIL is a row, never a failed job."""
    input:
        spec="results/0_inputs/{pair}.json",
        tumour=tumour_qc,
        normal=normal_qc,
        inputs=inputs_of_pair,
        flagstats=flagstats_of_pair,
        sites=common_sites_if_given,
        thresholds=thresholds_of_pair,
    output:
        contamination=ensure("results/4_qc/pairs/{pair}.contamination.table", non_empty=True),
        segments="results/4_qc/pairs/{pair}.segments.table",
        qc="results/4_qc/pairs/{pair}.qc.json",
    log:
        "logs/4_qc/{pair}.pair.log",
    benchmark:
        "timings/4_qc/{pair}.pair.tsv"
    conda:
        "../../envs/qc.yaml"
    resources:
        mem_mb=3000,
        runtime=60,
    params:
        prefixes=prefixes_of_pair,
        pileups=pileups_of_pair,
    shell:
        r"""
        exec &> {log:q}
        sites={input.sites:q}
        if [ -s "$sites" ]; then
            gatk CalculateContamination {params.pileups:q} \
                --output {output.contamination:q} \
                --tumor-segmentation /dev/fd/3 3>&1 >&2 | cat > {output.segments:q}
        else
            printf 'sample\tcontamination\terror\n' > {output.contamination:q}
            printf 'contig\tstart\tend\tminor_allele_fraction\n' > {output.segments:q}
        fi
        {PYTHON:q} {SCRIPTS:q}/qc_pair.py \
            --pair-spec {input.spec:q} \
            --thresholds {input.thresholds:q} \
            {params.prefixes:q} \
            --contamination {output.contamination:q} \
            --inputs {input.inputs:q} \
            --flagstats {input.flagstats:q} \
            --out {output.qc:q}
        """


rule multiqc:
    """One page of quality control for the cohort."""
    input:
        samples=[
            file
            for pair in PAIRS.values()
            for sample in pair.samples
            for file in expand(QC_OF_SAMPLE, assay=pair.assay, sample=sample.sample_id)
        ],
        flagstats=expand("results/3_alignments/{sample}.flagstat.json", sample=SAMPLES),
        annotation=expand("results/7_annotated/{pair}.snpeff.csv", pair=PAIRS),
        config=CHECKOUT / "config/multiqc.yaml",
    output:
        "results/4_qc/multiqc.html",
    log:
        "logs/4_qc/multiqc.log",
    conda:
        "../../envs/qc.yaml"
    shell:
        r"""
        exec &> {log:q}
        multiqc --force --no-data-dir --no-version-check --config {input.config:q} \
            --filename multiqc.html --outdir results/4_qc \
            results/3_alignments results/4_qc/samples results/7_annotated
        """
