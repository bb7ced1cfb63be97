#!/usr/bin/env bash
# Align the lanes of a sample as one stream: trim | bwa mem | mark duplicates | sort.
#
# usage: alignments_align.sh SAMPLE INDEX FASTA FORMAT TRIM THREADS OUT FASTP_JSON_PREFIX \
#     DUPLICATES LANE...
# PYTHON of the environment is the interpreter of reads_pairs.py, which looks at every pair.
# A LANE is LIBRARY, READ_GROUP, FASTQ_1 and FASTQ_2, or LIBRARY, READ_GROUP, BAM and - to align a BAM
# again, with tabs between them, since paths may have any other sign.
# Duplicates are marked within a library, across its lanes, or, where DUPLICATES is keep, not at all.
# The batch size of bwa (-K) is fixed, so that the number of threads does not change an alignment.
set -euo pipefail

sample=$1 index=$2 fasta=$3 format=$4 trim=$5 threads=$6 out=$7 json=$8 duplicates=$9
shift 9
scripts=$(dirname "${BASH_SOURCE[0]}")
export REF_PATH=${REF_PATH:-/dev/null}
# One thread more than cores: it uses what trimming and sorting leave, and what the job beside this
# one leaves when it is done.
aligners=$((threads + 1))

# What is left of tools at work goes when this ends, or, where it was killed, when it starts again.
clean() {
    rm -f -- "$out".sort.* "$out".collate.* "$out".*.part
}
clean
trap clean EXIT
trap 'echo "error: fastp, bwa, samblaster or samtools sort left no whole stream" >&2' ERR

# A tool that fails is named after what the others have to say; 141 is a reader that went away.
run() {
    local code=0
    "$@" || code=$?
    [ $code -eq 0 ] || [ $code -eq 141 ] || echo "error: $1 ended with code $code" >&2
    return $code
}

reads_of_lane() {
    local read_group=$1 first=$2 second=$3
    if [ "$second" = - ]; then
        local options=()
        ! decodes_with_fasta "$first" || options=(--reference "$fasta")
        run samtools collate "${options[@]}" -u -O "$first" "$out.collate.$read_group" \
            | run samtools fastq -n -F 0x900 -
    elif [ "$trim" = true ]; then
        # fastp's own guess at duplicates takes a gibibyte a sample; samblaster marks them.
        pairs "$@" | run fastp --stdin --interleaved_in --stdout --thread 1 --dont_eval_duplication \
            --json "$json.$read_group.fastp.json" --html /dev/null
    else
        pairs "$@"
    fi
}

pairs() {
    run "$PYTHON" "$scripts/reads_pairs.py" --read-group "$1" --fastq-1 "$2" --fastq-2 "$3"
}

# A CRAM may name a reference that has moved: the run's FASTA takes its place where it is the same.
decodes_with_fasta() {
    [ -n "$(samtools view -F 4 --reference "$fasta" "$1" 2>/dev/null | head -n 1)" ]
}

# The sample is part of a read group's id: callers that read several files want ids unique.
read_group_line() {
    printf '@RG\tID:%s.%s\tSM:%s\tLB:%s\tPL:ILLUMINA' "$sample" "$1" "$sample" "$2"
}

# The first lane's header carries the read groups of all lanes of the library.
stream_of_library() {
    local library=$1 first=1 lane lane_library read_group one two group
    shift
    for lane in "$@"; do
        IFS=$'\t' read -r lane_library read_group one two <<<"$lane"
        [ "$lane_library" = "$library" ] || continue
        group=$(read_group_line "$read_group" "$library")
        if [ $first = 1 ]; then
            reads_of_lane "$read_group" "$one" "$two" \
                | run bwa mem -v 1 -K 10000000 -Y -p -t "$aligners" -R "${group//$'\t'/\\t}" "$index" - \
                | add_read_groups "$library" "$read_group" "${@}"
        else
            reads_of_lane "$read_group" "$one" "$two" \
                | run bwa mem -v 1 -K 10000000 -Y -p -t "$aligners" -R "${group//$'\t'/\\t}" "$index" - \
                | sed '/^@[A-Z][A-Z]\t/d'
        fi
        first=0
    done
}

add_read_groups() {
    local library=$1 written=$2 lane lane_library read_group rest more=
    shift 2
    for lane in "$@"; do
        IFS=$'\t' read -r lane_library read_group rest <<<"$lane"
        if [ "$lane_library" != "$library" ] || [ "$read_group" = "$written" ]; then continue; fi
        more+=$(read_group_line "$read_group" "$library")$'\n'
    done
    awk -v more="$more" '!done && /^@RG\t/ { print; printf "%s", more; done = 1; next } { print }'
}

# samblaster adds the tags of mates that callers want, and cannot leave the mark out.
unmarked() {
    if [ "$duplicates" = keep ]; then
        run samtools view --uncompressed --remove-flags DUP -
    else
        cat
    fi
}

# A BAM may hold reads without their mates; FASTQ files are counted before, so there it may not.
mark_and_sort() {
    run samblaster --quiet --ignoreUnmated --addMateTags | unmarked | run samtools sort -@ 1 -m 512M -T "$1.sort" "${@:2}" -o "$1" -
}

write_options=(--output-fmt "$format")
[ "$format" = cram ] && write_options+=(--reference "$fasta")

mapfile -t libraries < <(printf '%s\n' "$@" | cut -f 1 | LC_ALL=C sort -u)
if [ ${#libraries[@]} -eq 1 ]; then
    stream_of_library "${libraries[0]}" "$@" | mark_and_sort "$out" "${write_options[@]}"
else
    parts=()
    for library in "${libraries[@]}"; do
        stream_of_library "$library" "$@" | mark_and_sort "$out.$library.part" --output-fmt bam
        parts+=("$out.$library.part")
    done
    run samtools merge -f "${write_options[@]}" -o "$out" "${parts[@]}"
fi
