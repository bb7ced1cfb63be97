#!/usr/bin/env bash
# Take an alignment as it is, with read groups that no other sample has.
#
# usage: alignments_take.sh SAMPLE FASTA FORMAT THREADS GIVEN OUT DUPLICATES
# Callers that read several files want ids of read groups to be unique, so the sample becomes part
# of each, as in alignments_align.sh. A read without a read group, or of one that the header does
# not name, goes into the first. Where DUPLICATES is keep, the mark is taken off reads that have it.
set -euo pipefail

sample=$1 fasta=$2 format=$3 threads=$4 given=$5 out=$6 duplicates=$7
export REF_PATH=${REF_PATH:-/dev/null}
options=(--threads "$threads" --reference "$fasta")
write=(--output-fmt "$format" --output "$out")
[ "$duplicates" = mark ] || write+=(--remove-flags DUP)

# Whether the read groups are the sample's own already, and every read has one of them.
has_own_groups() {
    local groups strangers='![RG] || (1' id
    groups=$(samtools view --header-only "${options[@]}" "$given" | grep '^@RG')
    grep -qv -F $'\tID:'"$sample." <<<"$groups" && return 1
    grep -qv -F $'\tSM:' <<<"$groups" && return 1
    while IFS= read -r id; do
        id=${id//\\/\\\\}
        strangers+=" && [RG] != \"${id//\"/\\\"}\""
    done < <(grep -o $'\tID:[^\t]*' <<<"$groups" | cut -c 5-)
    [ -z "$(samtools view "${options[@]}" --expr "$strangers)" "$given" | head -n 1)" ]
}

if has_own_groups; then
    samtools view "${options[@]}" "${write[@]}" "$given"
    exit
fi
samtools view "${options[@]}" --with-header "$given" | awk -v sample="$sample" '
    BEGIN { FS = OFS = "\t" }
    $1 == "@RG" {
        named = 0
        for (field = 2; field <= NF; field++) {
            if ($field ~ /^SM:/) named = 1
            if ($field !~ /^ID:/) continue
            id = substr($field, 4)
            group[id] = index(id, sample ".") == 1 ? id : sample "." id
            if (first == "") first = group[id]
            $field = "ID:" group[id]
        }
        print $0 (named ? "" : "\tSM:" sample)
        next
    }
    /^@/ { print; next }
    match($0, /\tRG:Z:[^\t]*/) {
        id = substr($0, RSTART + 6, RLENGTH - 6)
        print substr($0, 1, RSTART + 5) (id in group ? group[id] : first) substr($0, RSTART + RLENGTH)
        next
    }
    { print $0 "\tRG:Z:" first }' \
    | samtools view "${options[@]}" "${write[@]}" -
