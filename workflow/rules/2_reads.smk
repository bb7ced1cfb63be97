"""
2_reads: every file of a sample's reads, read to its end and counted.

Inputs: FASTQ, BAM or CRAM of each sample. Outputs: results/2_reads/{sample}.inputs.tsv.
A broken file is named here, before the aligner trips over it; trimming is part of the aligner's
stream (stage 3_alignments).
"""


def lanes_to_count(wildcards):
    words = []
    for lane in SAMPLES[wildcards.sample].lanes:
        words += ["--lane", lane.read_group]
        words += [lane.bam] if lane.bam else [lane.fastq_1, lane.fastq_2]
    return words


rule count_reads:
    """Checksum, size and number of reads of every file of one sample."""
    input:
        reads=given_reads_of_sample,
        lanes=lanes_of_sample,
        fasta="results/1_reference/genome.fa",
        fasta_index="results/1_reference/genome.fa.fai",
    output:
        inputs="results/2_reads/{sample}.inputs.tsv",
    log:
        "logs/2_reads/{sample}.log",
    benchmark:
        "timings/2_reads/{sample}.tsv"
    threads: 2
    resources:
        mem_mb=2000,
        runtime=120,
    params:
        lanes=lanes_to_count,
        as_is=taken_as_is,
    shell:
        r"""
        exec &> {log:q}
        {PYTHON:q} {SCRIPTS:q}/reads_count.py {params.lanes:q} \
            --reference {input.fasta:q} \
            --as-is {params.as_is:q} \
            --threads {threads} \
            --out {output.inputs:q}
        """
