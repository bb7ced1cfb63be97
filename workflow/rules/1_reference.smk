"""
1_reference: the genome, its indexes, the targets of each assay, the gene model, the resources.

Inputs: the files the configuration names. Outputs: results/1_reference/.
Steps: reference, resources, bwa_index, genes, targets and common_sites (one job an assay),
resource_vcf (one job each), snpeff_database, tool_versions.
"""

TOOL_ENVIRONMENTS = {
    name: CHECKOUT / f"envs/{name}.yaml"
    for name in ("reference", "alignment", "qc", "evidence", "annotation")
} | {caller: CALLERS_DIR / caller / "env.yaml" for caller in CALLERS}
BWA_INDEX = multiext("results/1_reference/bwa/genome", ".amb", ".ann", ".bwt", ".pac", ".sa")

RESOURCE_VCFS = ("population", "panel_of_normals", "clinical", "known_sites")

RESOURCE_FILES = {
    name: path
    for name, path in {
        "fasta": config["reference"]["fasta"],
        "genes": config["reference"]["genes"],
        "transcripts": config["reference"]["transcripts"],
        "known_sites": config["alignment"]["known_sites"],
        **{
            name if number == 1 else f"{name}_{number}": path
            for name, given in config["resources"].items()
            for number, path in enumerate(files_of(given), start=1)
            if name != "population_fields"
        },
    }.items()
    if path is not None
}
GIVEN_VCFS = {
    name: [path for key, path in RESOURCE_FILES.items() if re.fullmatch(f"{name}(_[0-9]+)?", key)]
    for name in RESOURCE_VCFS
    if name in RESOURCE_FILES
}


RESOURCE_KEYS = [
    "reference.genes",
    "alignment.known_sites",
    *(f"resources.{name}" for name in config["resources"]),
]


def named_resources(wildcards):
    return [f"{name}={path}" for name, path in sorted(RESOURCE_FILES.items())]


rule reference:
    """The FASTA with its indexes and digests; refused when it is not the build that the configuration names."""
    input:
        fasta=config["reference"]["fasta"],
        settings=settings("reference.fasta", "reference.build"),
    output:
        fasta="results/1_reference/genome.fa",
        index="results/1_reference/genome.fa.fai",
        dictionary="results/1_reference/genome.dict",
        contigs="results/1_reference/contigs.tsv",
        identity="results/1_reference/reference.json",
    log:
        "logs/1_reference/reference.log",
    conda:
        "../../envs/reference.yaml"
    params:
        build=config["reference"]["build"],
    shell:
        r"""
        exec &> {log:q}
        if [ "$(head -c 2 {input.fasta:q} | od -An -tx1 | tr -d ' ')" = 1f8b ]; then
            bgzip --decompress --stdout {input.fasta:q} > {output.fasta:q}
        else
            ln -sf "$(realpath {input.fasta:q})" {output.fasta:q}
        fi
        samtools faidx {output.fasta:q}
        # samtools dict is silent where the disk is full; cat is not.
        samtools dict {output.fasta:q} | cat > {output.dictionary:q}
        {PYTHON:q} {SCRIPTS:q}/reference_describe.py \
            --fasta {output.fasta:q} \
            --build {params.build:q} \
            --contigs {output.contigs:q} \
            --identity {output.identity:q}
        {PYTHON:q} {SCRIPTS:q}/reference_conserved.py \
            --given {input.fasta:q} \
            --fasta {output.fasta:q} \
            --dictionary {output.dictionary:q} \
            --contigs {output.contigs:q}
        """


rule resources:
    """Checksums of reference and resources. Apart, so that a new resource leaves the genome alone."""
    input:
        files=sorted(RESOURCE_FILES.values()),
        settings=settings("reference.fasta", *RESOURCE_KEYS),
    output:
        "results/1_reference/resources.tsv",
    log:
        "logs/1_reference/resources.log",
    params:
        resources=named_resources,
    shell:
        r"""
        exec &> {log:q}
        {PYTHON:q} {SCRIPTS:q}/reference_resources.py \
            --resource {params.resources:q} --out {output:q}
        """


rule bwa_index:
    """The aligner's index: linked where the configuration names one, else built."""
    input:
        fasta="results/1_reference/genome.fa",
        fasta_index="results/1_reference/genome.fa.fai",
        settings=settings("reference.bwa_index"),
    output:
        BWA_INDEX,
    log:
        "logs/1_reference/bwa_index.log",
    conda:
        "../../envs/alignment.yaml"
    params:
        given=config["reference"]["bwa_index"] or "",
    shell:
        r"""
        exec &> {log:q}
        given={params.given:q}
        if [ -n "$given" ]; then
            for suffix in amb ann bwt pac sa; do
                ln -sf "$(realpath "$given.$suffix")" results/1_reference/bwa/genome.$suffix
            done
        else
            bwa index -p results/1_reference/bwa/genome {input.fasta:q}
        fi
        {PYTHON:q} {SCRIPTS:q}/reference_conserved.py \
            --fasta {input.fasta:q} --bwa results/1_reference/bwa/genome
        """


rule genes:
    """The gene model as one table and as GTF; the transcripts that genes are named on, each CDS checked."""
    input:
        fasta="results/1_reference/genome.fa",
        contigs="results/1_reference/contigs.tsv",
        genes=config["reference"]["genes"] or [],
        transcripts=config["reference"]["transcripts"] or [],
        settings=settings("reference.genes", "reference.transcripts"),
    output:
        genes="results/1_reference/genes.gtf",
        transcripts="results/1_reference/transcripts.parquet",
        transcript_set="results/1_reference/transcript_set.tsv",
    log:
        "logs/1_reference/genes.log",
    shell:
        r"""
        exec &> {log:q}
        {PYTHON:q} {SCRIPTS:q}/reference_genes.py \
            --fasta {input.fasta:q} \
            --contigs {input.contigs:q} \
            --genes {input.genes:q} \
            --transcripts {input.transcripts:q} \
            --out-genes {output.genes:q} \
            --out-transcripts {output.transcripts:q} \
            --out-transcript-set {output.transcript_set:q}
        """


def targets_of_assay(wildcards):
    """The BED of each kit that has one, the tumour's first."""
    return COHORT.targets(wildcards.assay)


def named_targets(wildcards):
    """The same with the names that the tables have for them."""
    names = ("targets", "normal_targets")
    beds = [config["assays"][kit]["targets"] for kit in KITS[wildcards.assay]]
    return [f"{name}={bed}" for name, bed in zip(names, beds) if bed]


def settings_of_assay(wildcards):
    kits = KITS[wildcards.assay]
    keys = [f"{section}.{kit}" for section in ("assays", "targets") for kit in kits]
    return settings(*keys, "calling.shard_mb")


def padding_of_assay(wildcards):
    return config["assays"][KITS[wildcards.assay][0]]["padding"]


def shards_of_assay(wildcards):
    return len(SHARDS[wildcards.assay])


rule targets:
    """
    What an assay targets, or what the kits of a tumour and its normal both target; the same padded
    and cut into shards for calling; the coding exons of each gene in it.
    """
    input:
        fasta="results/1_reference/genome.fa",
        contigs="results/1_reference/contigs.tsv",
        targets=targets_of_assay,
        transcripts="results/1_reference/transcripts.parquet",
        transcript_set="results/1_reference/transcript_set.tsv",
        settings=settings_of_assay,
    output:
        targets="results/1_reference/assays/{assay}/targets.bed",
        calling="results/1_reference/assays/{assay}/calling.bed",
        gene_regions="results/1_reference/assays/{assay}/gene_regions.tsv",
        depth="results/1_reference/assays/{assay}/depth.bed",
        resources="results/1_reference/assays/{assay}/resources.tsv",
        shards=directory("results/1_reference/assays/{assay}/shards"),
    log:
        "logs/1_reference/assays/{assay}.targets.log",
    params:
        padding=padding_of_assay,
        shards=shards_of_assay,
        resources=named_targets,
    shell:
        r"""
        exec &> {log:q}
        {PYTHON:q} {SCRIPTS:q}/reference_targets.py \
            --contigs {input.contigs:q} \
            --targets {input.targets:q} \
            --padding {params.padding:q} \
            --transcripts {input.transcripts:q} \
            --transcript-set {input.transcript_set:q} \
            --out-targets {output.targets:q} \
            --out-calling {output.calling:q} \
            --out-gene-regions {output.gene_regions:q} \
            --out-depth {output.depth:q}
        {PYTHON:q} {SCRIPTS:q}/reference_shards.py \
            --calling {output.calling:q} \
            --contigs {input.contigs:q} \
            --fasta {input.fasta:q} \
            --count {params.shards:q} \
            --out {output.shards:q}
        {PYTHON:q} {SCRIPTS:q}/reference_resources.py \
            --resource {params.resources:q} --out {output.resources:q}
        """


def given_resource(wildcards):
    return GIVEN_VCFS[wildcards.resource]


def setting_of_resource(wildcards):
    if wildcards.resource == "population":
        return settings("resources.population", "resources.population_fields")
    section = "alignment" if wildcards.resource == "known_sites" else "resources"
    return settings(f"{section}.{wildcards.resource}")


def fields_of_resource(wildcards):
    return config["resources"]["population_fields"] if wildcards.resource == "population" else []


rule resource_vcf:
    """A resource VCF in the normal form that every tool takes, each REF the genome's own."""
    input:
        given=given_resource,
        settings=setting_of_resource,
        fasta="results/1_reference/genome.fa",
        fasta_index="results/1_reference/genome.fa.fai",
    output:
        vcf="results/1_reference/{resource}.vcf.gz",
        index="results/1_reference/{resource}.vcf.gz.tbi",
        counts="results/1_reference/{resource}.counts.json",
        conserved="results/1_reference/{resource}.counts.tsv",
    log:
        "logs/1_reference/{resource}.log",
    wildcard_constraints:
        resource="|".join(RESOURCE_VCFS),
    conda:
        "../../envs/evidence.yaml"
    params:
        fields=fields_of_resource,
    shell:
        r"""
        exec &> {log:q}
        export ONCONCORD_COUNTS={output.conserved:q}
        {PYTHON:q} {SCRIPTS:q}/reference_resource.py \
            --kind {wildcards.resource:q} \
            --given {input.given:q} \
            --fields {params.fields:q} \
            --fasta {input.fasta:q} \
            --out {output.vcf:q} \
            --counts {output.counts:q}
        sha256sum < {output.conserved:q} >> {output.conserved:q}
        """


rule common_sites:
    """Common single-base sites in the calling regions, where contamination shows; may be none."""
    input:
        calling="results/1_reference/assays/{assay}/calling.bed",
        population="results/1_reference/population.vcf.gz",
    output:
        sites="results/1_reference/assays/{assay}/common_sites.bed",
    log:
        "logs/1_reference/assays/{assay}.common_sites.log",
    shell:
        r"""
        exec &> {log:q}
        {PYTHON:q} {SCRIPTS:q}/reference_common_sites.py \
            --calling {input.calling:q} \
            --population {input.population:q} \
            --out {output.sites:q}
        """


rule snpeff_database:
    """
    SnpEff's database of the run's own FASTA and gene model. It gives terms and regions, no names,
    so that rule targets checks the CDS of the transcripts that are named, and SnpEff none.
    """
    input:
        fasta="results/1_reference/genome.fa",
        contigs="results/1_reference/contigs.tsv",
        genes="results/1_reference/genes.gtf",
    output:
        config="results/1_reference/snpeff/snpEff.config",
        predictor="results/1_reference/snpeff/data/genome/snpEffectPredictor.bin",
        counts="results/1_reference/snpeff/genome.counts.tsv",
    log:
        "logs/1_reference/snpeff_database.log",
    conda:
        "../../envs/annotation.yaml"
    shell:
        r"""
        exec &> {log:q}
        export ONCONCORD_COUNTS={output.counts:q}
        folder=results/1_reference/snpeff
        rm -rf $folder/data && mkdir -p $folder/data/genome
        {PYTHON:q} {SCRIPTS:q}/reference_snpeff.py --contigs {input.contigs:q} --out {output.config:q}
        ln -s "$(realpath {input.fasta:q})" $folder/data/genome/sequences.fa
        cp {input.genes:q} $folder/data/genome/genes.gtf
        snpEff -Xmx2g build -gtf22 -noLog -nodownload -noCheckCds -noCheckProtein \
            -c {output.config:q} genome
        {PYTHON:q} {SCRIPTS:q}/reference_predictor.py \
            --predictor {output.predictor:q} --genes {input.genes:q}
        sha256sum < {output.counts:q} >> {output.counts:q}
        """


def environment_file(wildcards):
    return TOOL_ENVIRONMENTS[wildcards.environment]


# What a configuration leaves out of the rules; the table of tools does not name it.
UNUSED_TOOLS = [
    *([] if config["alignment"]["bqsr"] else ["alignments:gatk"]),
    *([] if config["reads"]["trim"] else ["alignments:fastp"]),
    *([] if config["reference"]["bwa_index"] is None else ["reference:bwa"]),
    *([] if config["reference"]["genes"] else ["reference:snpEff", "annotated:snpEff"]),
    *([] if "population" in GIVEN_VCFS else ["qc:gatk"]),
    *([] if GIVEN_VCFS else ["reference:bcftools"]),
    *([] if {"population", "clinical"} & set(GIVEN_VCFS) else ["annotated:vcfanno"]),
]


rule tool_versions:
    """What one environment's rules start, and the version that each tool says it is in there."""
    output:
        "results/1_reference/tools/{environment}.tsv",
    log:
        "logs/1_reference/tool_versions.{environment}.log",
    conda:
        environment_file
    params:
        unused=UNUSED_TOOLS,
    shell:
        r"""
        exec &> {log:q}
        {PYTHON:q} {SCRIPTS:q}/reference_tools.py \
            --environment {wildcards.environment:q} \
            --unused {params.unused:q} \
            --out {output:q}
        """
