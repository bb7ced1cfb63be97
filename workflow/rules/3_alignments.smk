"""
3_alignments: reads to sorted alignments with duplicates marked, as one stream.

Inputs: reads of each sample, counted (2_reads); the aligner's index. Outputs:
results/3_alignments/, with fastp's report of each lane: trimmed reads themselves are not kept.
Steps: align, or take an alignment as it is; account for every read; base quality recalibration
where the configuration asks for it.
"""


def side_by_side_threads(wildcards):
    """Tumour and normal run side by side: half of the cores each, and 8 on a cluster."""
    return max(1, workflow.cores // 2) if workflow.cores else 8


def bwa_index_unless_as_is(wildcards):
    return [] if taken_as_is(wildcards) == "yes" else BWA_INDEX


def duplicates_of_sample(wildcards):
    return config["assays"][SAMPLES[wildcards.sample].assay]["duplicates"]


def lanes_to_align(wildcards):
    return [
        "\t".join((lane.library, lane.read_group, lane.fastq_1 or lane.bam, lane.fastq_2 or "-"))
        for lane in SAMPLES[wildcards.sample].lanes
    ]


def trimming_reports(wildcards):
    """fastp's report of each lane of FASTQ, in the order of the lanes; none without trimming."""
    if not config["reads"]["trim"]:
        return []
    lanes = [lane for lane in SAMPLES[wildcards.sample].lanes if lane.fastq_1]
    folder = f"results/3_alignments/{wildcards.sample}.trimming"
    return [f"{folder}/{wildcards.sample}.{lane.read_group}.fastp.json" for lane in lanes]


def known_sites_if_recalibrated(wildcards):
    return "results/1_reference/known_sites.vcf.gz" if config["alignment"]["bqsr"] else []


def assay_of_sample(wildcards):
    return settings(f"assays.{SAMPLES[wildcards.sample].assay}")


rule align:
    """Alignments of one sample, every read accounted for."""
    input:
        reads=given_reads_of_sample,
        inputs="results/2_reads/{sample}.inputs.tsv",
        known_sites=known_sites_if_recalibrated,
        index=bwa_index_unless_as_is,
        fasta="results/1_reference/genome.fa",
        fasta_index="results/1_reference/genome.fa.fai",
        lanes=lanes_of_sample,
        assay=assay_of_sample,
        settings=settings(
            "reads.trim", "alignment.format", "alignment.bqsr", "alignment.known_sites"
        ),
    output:
        reads=f"results/3_alignments/{{sample}}.{READS}",
        index=f"results/3_alignments/{{sample}}.{READS_INDEX}",
        flagstat="results/3_alignments/{sample}.flagstat.json",
        trimming=directory("results/3_alignments/{sample}.trimming"),
        counts="results/3_alignments/{sample}.counts.tsv",
    log:
        "logs/3_alignments/{sample}.align.log",
    benchmark:
        "timings/3_alignments/{sample}.align.tsv"
    conda:
        "../../envs/alignment.yaml"
    threads: side_by_side_threads
    resources:
        mem_mb=8000,
        runtime=720,
    params:
        lanes=lanes_to_align,
        trimming=trimming_reports,
        as_is=taken_as_is,
        duplicates=duplicates_of_sample,
        format=READS,
        trim=str(config["reads"]["trim"]).lower(),
        bqsr=str(config["alignment"]["bqsr"]).lower(),
    shell:
        r"""
        exec &> {log:q}
        export ONCONCORD_COUNTS={output.counts:q}
        trap 'echo "error: samtools sort or index left no whole file" >&2' ERR
        mkdir -p {output.trimming:q}
        if [ {params.as_is:q} = yes ]; then
            {SCRIPTS:q}/alignments_take.sh {wildcards.sample:q} {input.fasta:q} {params.format:q} \
                {threads} {input.reads:q} {output.reads:q} {params.duplicates:q}
        else
            PYTHON={PYTHON:q} {SCRIPTS:q}/alignments_align.sh {wildcards.sample:q} results/1_reference/bwa/genome \
                {input.fasta:q} {params.format:q} {params.trim:q} {threads} {output.reads:q} \
                {output.trimming:q}/{wildcards.sample:q} {params.duplicates:q} {params.lanes:q}
        fi
        if [ {params.bqsr:q} = true ]; then
            recalibrated={output.reads:q}.recalibrated.{params.format:q}
            samtools index {output.reads:q}
            gatk BaseRecalibrator --reference {input.fasta:q} --input {output.reads:q} \
                --known-sites {input.known_sites:q} --output {output.trimming:q}/recalibration.table
            gatk ApplyBQSR --reference {input.fasta:q} --input {output.reads:q} \
                --bqsr-recal-file {output.trimming:q}/recalibration.table \
                --output "$recalibrated" --create-output-bam-index false
            mv "$recalibrated" {output.reads:q}
        fi
        samtools index --output {output.index:q} {output.reads:q} 2>/dev/null \
            || samtools index {output.reads:q} {output.index:q}
        samtools flagstat --output-fmt json {output.reads:q} > {output.flagstat:q}
        {PYTHON:q} {SCRIPTS:q}/alignments_account.py --sample {wildcards.sample:q} \
            --inputs {input.inputs:q} --flagstat {output.flagstat:q} \
            --reads {output.reads:q} --index {output.index:q} \
            --fastp {params.trimming:q}
        sha256sum < {output.counts:q} >> {output.counts:q}
        """
