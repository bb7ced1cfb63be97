#!/usr/bin/env bash
# Soft filters that tell FreeBayes' somatic variants from the rest; no record is removed.
#
# usage: somatic_filter.sh HAS_NORMAL < VCF > VCF
# VCF in: sorted, one allele a record, sample 0 the tumour and, where HAS_NORMAL is True, sample 1 its
# normal. VCF out: the same records with FILTER set, whose meaning stands in the header.
set -euo pipefail

has_normal=$1
indel_gap_bp=5
# Its name stands in the meaning of the filter.
near_indel=GERMLINE_INDEL_WITHIN_${indel_gap_bp}_BP

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

soft() { bcftools filter --mode + --soft-filter "$1" --exclude "$2" --output-type u; }

weak() {
    soft low_quality 'QUAL < 20' \
        | soft low_support 'FMT/AO[0:0] < 4' \
        | soft low_fraction 'FMT/AO[0:0] / FMT/DP[0] < 0.03' \
        | soft strand 'INFO/SAF[0] = 0 || INFO/SAR[0] = 0' \
        | soft low_mapping_quality 'INFO/MQM[0] < 30'
}

# bcftools compares values within one sample; MAX takes each out of its sample.
germline() {
    local in_tumour='MAX(FMT/AO[0:0]) / MAX(FMT/DP[0])' in_normal='MAX(FMT/AO[1:0]) / MAX(FMT/DP[1])'
    soft germline "FMT/AO[1:0] >= 3 && $in_normal >= 0.1" \
        | soft normal_support "$in_normal >= 0.02 && 5 * $in_normal > $in_tumour" \
        | soft normal_depth 'FMT/DP[1] < 8 || FMT/DP[1] = "."'
}

# Reads that end inside an inserted or deleted stretch are aligned with false substitutions beside
# it, in the tumour by chance more than in the normal.
beside_germline_indels() {
    bcftools view --output-type b --output "$work/all.bcf"
    bcftools query --include 'FILTER ~ "germline" && strlen(REF) != strlen(ALT)' \
        --format '%CHROM\t%POS0\t%END\n' "$work/all.bcf" \
        | awk -v OFS='\t' -v gap=$indel_gap_bp \
            '{ print $1, ($2 > gap ? $2 - gap : 0), $3 + gap }' \
        | sort -k1,1 -k2,2n | bgzip >"$work/indels.bed.gz"
    tabix --preset bed "$work/indels.bed.gz"
    bcftools annotate --annotations "$work/indels.bed.gz" --columns CHROM,FROM,TO \
        --mark-sites "+$near_indel" --output-type u "$work/all.bcf" \
        | soft near_germline_indel "INFO/$near_indel = 1 && strlen(REF) = strlen(ALT)" \
        | bcftools annotate --remove "INFO/$near_indel" --output-type u
}

if [ "$has_normal" = True ]; then
    weak | germline | beside_germline_indels
else
    weak
fi
