"""
0_inputs: what each pair is made from, and the input functions that several stages share.

Inputs: the sheet and the configuration. Outputs: one pair spec per pair.
A spec holds only its own pair, so a pair that is added leaves the others as they are.
"""


def spec_of_pair(wildcards):
    return cohorts.pair_spec(COHORT, wildcards.pair).to_json()


def settings(*keys):
    """Files of keys of the configuration: a rule whose parameters use a key has its file as input."""
    return [path for path in map(setting_file, keys) if path.exists()]


def lanes_of_sample(wildcards):
    """File of the sample's lanes, and of what their files looked like."""
    path = sample_file(wildcards.sample)
    return [path] if path.exists() else []


localrules:
    pair_inputs,


rule pair_inputs:
    """The samples, assay, resources and parameters of one pair."""
    output:
        spec="results/0_inputs/{pair}.json",
    params:
        spec=spec_of_pair,
    shell:
        "printf '%s\\n' {params.spec:q} > {output.spec:q}"


# A pair's samples: the tumour comes first, and a pair without a normal has one.


def samples_of_pair(wildcards):
    return [sample.sample_id for sample in PAIRS[wildcards.pair].samples]


def tumour_of_pair(wildcards):
    return PAIRS[wildcards.pair].tumour.sample_id


def normal_of_pair(wildcards):
    """Sample id of the normal, or nothing."""
    return samples_of_pair(wildcards)[1:]


# What a pair is called on: its assay's targets.


def of_assay(name):
    """Input function: a file of a pair's assay in stage 1."""

    def file(wildcards):
        return f"results/1_reference/assays/{PAIRS[wildcards.pair].assay}/{name}"

    return file


def shards_of_pair(wildcards):
    return SHARDS[PAIRS[wildcards.pair].assay]


# Files of a sample or a pair.


def taken_as_is(wildcards):
    """Whether a sample's alignment of the sheet is used without aligning its reads again."""
    lanes = SAMPLES[wildcards.sample].lanes
    return "yes" if any(lane.bam and not lane.realign for lane in lanes) else "no"


def given_reads_of_sample(wildcards):
    """The files of the sheet: both FASTQ of each lane, or its BAM or CRAM."""
    lanes = SAMPLES[wildcards.sample].lanes
    return [file for lane in lanes for file in (lane.fastq_1, lane.fastq_2, lane.bam) if file]


def inputs_of_pair(wildcards):
    return expand("results/2_reads/{sample}.inputs.tsv", sample=samples_of_pair(wildcards))


def flagstats_of_pair(wildcards):
    return expand("results/3_alignments/{sample}.flagstat.json", sample=samples_of_pair(wildcards))


def alignments_of_pair(wildcards):
    return expand(f"results/3_alignments/{{sample}}.{READS}", sample=samples_of_pair(wildcards))


def indexes_of_pair(wildcards):
    return expand(
        f"results/3_alignments/{{sample}}.{READS_INDEX}", sample=samples_of_pair(wildcards)
    )


def tumour_alignment(wildcards):
    return f"results/3_alignments/{tumour_of_pair(wildcards)}.{READS}"


def normal_alignment(wildcards):
    return expand(f"results/3_alignments/{{sample}}.{READS}", sample=normal_of_pair(wildcards))


# Resources that a configuration may leave out.


def vcf_if_given(resource):
    """Input function: a resource VCF in its normal form, or nothing."""

    def file(wildcards):
        return f"results/1_reference/{resource}.vcf.gz" if resource in GIVEN_VCFS else []

    return file


def common_sites_if_given(wildcards):
    """Common sites in the calling regions of a pair, or of the assay that a sample is measured on."""
    pair = wildcards.get("pair")
    assay = PAIRS[pair].assay if pair else wildcards.assay
    path = f"results/1_reference/assays/{assay}/common_sites.bed"
    return path if "population" in GIVEN_VCFS else []
