#!/usr/bin/env bash
# Join the calls of all shards: of each shard the records that start in its own part of the genome.
#
# usage: calls_join.sh SHARDS VCF...    the VCFs in the order of the shards; BCF to standard output
# Shards overlap where a region is cut, so a variant there is called by both and kept once.
set -euo pipefail

shards=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'echo "error: bcftools view or concat left no whole file" >&2' ERR
number=0 parts=()
for vcf in "$@"; do
    bcftools view --targets-file "$shards/$number.own.bed" --targets-overlap 0 \
        --output-type u --output "$work/$number.bcf" "$vcf"
    parts+=("$work/$number.bcf")
    number=$((number + 1))
done
bcftools concat --output-type u "${parts[@]}"
