#!/usr/bin/env bash
# From the reads of a tumour and its normal to annotated calls by the usual steps, one after
# another, each with its files on disk, on two cores: what benchmarks/pipeline.py compares with.
#
# usage: plain_pipeline.sh PAIR OUT
# PAIR is laid out as benchmarks/pipeline.py says. Callers have the options that onconcord gives.
# GATK starts as its own launcher starts it: the checkout's .tools/bin/gatk, which is tuned for short
# steps, is part of what is compared.
set -euo pipefail
pair=$(realpath "$1") out=$2 cores=2
jars=$(realpath "$(dirname "$0")/../.tools/gatk/lib")

gatk() {
    java -Dsamjdk.use_async_io_read_samtools=false -Dsamjdk.use_async_io_write_samtools=true \
        -Dsamjdk.use_async_io_write_tribble=false -Dsamjdk.compression_level=2 \
        -cp "$jars/*" org.broadinstitute.hellbender.Main "$@"
}

mkdir "$out"
cd "$out"

ln -s "$pair/ref/genome.fa" genome.fa
samtools faidx genome.fa
samtools dict --output genome.dict genome.fa
bwa index genome.fa
mkdir -p snpeff/data/genome
ln -s "$pair/ref/genome.fa" snpeff/data/genome/sequences.fa
ln -s "$pair/ref/genes.gtf" snpeff/data/genome/genes.gtf
printf 'data.dir = ./data/\ngenome.genome : genome\n' > snpeff/snpEff.config
snpEff -Xmx2g build -gtf22 -noLog -nodownload -noCheckCds -noCheckProtein \
    -c snpeff/snpEff.config genome
known=$pair/ref/germline_resource.vcf.gz

for sample in tumour normal; do
    fastp --in1 "$pair/fastq/${sample}_R1.fastq.gz" --in2 "$pair/fastq/${sample}_R2.fastq.gz" \
        --out1 $sample.1.fq.gz --out2 $sample.2.fq.gz --thread $cores \
        --json $sample.fastp.json --html $sample.fastp.html
    bwa mem -t $cores -R "@RG\tID:$sample\tSM:$sample\tLB:$sample\tPL:ILLUMINA" \
        genome.fa $sample.1.fq.gz $sample.2.fq.gz > $sample.sam
    samtools sort --threads $cores -o $sample.sorted.bam $sample.sam
    gatk MarkDuplicates --INPUT $sample.sorted.bam --OUTPUT $sample.marked.bam \
        --METRICS_FILE $sample.duplicates.txt --CREATE_INDEX true
    gatk BaseRecalibrator --reference genome.fa --input $sample.marked.bam \
        --known-sites "$known" --output $sample.recalibration.table
    gatk ApplyBQSR --reference genome.fa --input $sample.marked.bam \
        --bqsr-recal-file $sample.recalibration.table --output $sample.bam
    gatk GetPileupSummaries --reference genome.fa --input $sample.bam \
        --variant "$known" --intervals "$known" --output $sample.pileups.table
done

gatk Mutect2 --reference genome.fa --input tumour.bam --input normal.bam --normal-sample normal \
    --germline-resource "$known" --min-base-quality-score 15 \
    --native-pair-hmm-threads $cores --f1r2-tar-gz f1r2.tar.gz --output mutect2.raw.vcf.gz
gatk LearnReadOrientationModel --input f1r2.tar.gz --output orientation.tar.gz
gatk CalculateContamination --input tumour.pileups.table --matched-normal normal.pileups.table \
    --tumor-segmentation segments.table --output contamination.table
gatk FilterMutectCalls --reference genome.fa --variant mutect2.raw.vcf.gz \
    --contamination-table contamination.table --tumor-segmentation segments.table \
    --orientation-bias-artifact-priors orientation.tar.gz --output mutect2.vcf.gz
freebayes --fasta-reference genome.fa --pooled-continuous --min-alternate-fraction 0.02 \
    --min-alternate-count 3 --min-mapping-quality 20 --min-base-quality 15 \
    tumour.bam normal.bam | bgzip > freebayes.vcf.gz

for caller in mutect2 freebayes; do
    # Debian's wrapper prints its arguments before the VCF.
    snpEff -Xmx2g ann -noLog -nodownload -c snpeff/snpEff.config -csvStats $caller.snpeff.csv \
        -htmlStats $caller.snpeff.html genome $caller.vcf.gz \
        | sed -n '/^##fileformat/,$p' | bgzip > $caller.annotated.vcf.gz
    tabix --preset vcf $caller.annotated.vcf.gz
done
multiqc --force --no-version-check .
