#!/usr/bin/env bash
# Human chromosome 20 (GRCh37) with its indexes, made once.
#
# usage: demo_reference.sh FOLDER [fasta|index]
# The sequence is that of Debian's vt-examples; elsewhere give a FASTA in ONCONCORD_CHR20.
set -euo pipefail
folder=$1 part=${2:-index}
packaged=/usr/share/doc/vt/examples/ref/20.fa.gz
md5=0dec9660ec1efaaf33281c0d5ea2560f
fasta=$folder/chr20.fa
mkdir -p "$folder"
# Of two that begin at once the second waits, and finds what the first has made.
exec 9< "$folder"
flock 9

if [ ! -s "$fasta" ]; then
    given=${ONCONCORD_CHR20:-$packaged}
    if [ ! -r "$given" ]; then
        echo "error: $given is not there: install Debian's vt-examples, or set ONCONCORD_CHR20 to" \
            "chromosome 20 of GRCh37 as FASTA (contig 20, MD5 $md5)." >&2
        exit 2
    fi
    trap 'rm -f "$fasta.partial"' EXIT
    # The contig is 20 whatever the file calls it: the MD5 says which sequence it is.
    if [[ $given = *.gz ]]; then zcat "$given"; else cat "$given"; fi |
        sed '1s/^>.*/>20/' > "$fasta.partial"
    found=$(grep -v '^>' "$fasta.partial" | tr -d '\n' | tr '[:lower:]' '[:upper:]' | md5sum)
    if [ "${found%% *}" != "$md5" ]; then
        echo "error: $given: the MD5 of its sequence is ${found%% *}, expected $md5:" \
            "give chromosome 20 of GRCh37." >&2
        exit 2
    fi
    mv "$fasta.partial" "$fasta"
fi
[ -s "$fasta.fai" ] || samtools faidx "$fasta"
if [ "$part" = index ] && [ ! -s "$folder/bwa/chr20.sa" ]; then
    rm -rf "$folder/bwa.partial"
    mkdir "$folder/bwa.partial"
    if ! bwa index -p "$folder/bwa.partial/chr20" "$fasta" 2> "$folder/bwa.log"; then
        cat "$folder/bwa.log" >&2
        echo "error: bwa index failed on $fasta." >&2
        exit 3
    fi
    rm -rf "$folder/bwa"
    mv "$folder/bwa.partial" "$folder/bwa"
fi
