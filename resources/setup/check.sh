#!/usr/bin/env bash
# Hold the checkout to its rules: format, lint, types, workflow, tests.
# usage: check.sh [--everything]   without it, the tests that run no reads
# The last line is pytest's: N passed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

say() { printf '%s\n' "check: $*"; }

python_files=(src scripts tests benchmarks)
mapfile -t workflow_files < <(git ls-files --cached --others --exclude-standard -- Snakefile '*.smk')

say "format and lint of Python"
ruff format --check --quiet "${python_files[@]}"
ruff check --quiet "${python_files[@]}"

say "types, format and lint of the workflow, side by side"
log=$(mktemp -d)
trap 'rm -rf "$log"' EXIT

mypy --no-error-summary & types=$!
snakefmt --check --quiet "${workflow_files[@]}" >"$log/snakefmt" 2>&1 & format=$!
snakemake --lint --snakefile Snakefile --directory demo >"$log/lint" 2>&1 & lint=$!
failed=
wait "$types" || failed=yes
wait "$format" || { cat "$log/snakefmt" && failed=yes; }
wait "$lint" || { cat "$log/lint" && failed=yes; }
[ -z "$failed" ] || exit 1

say "tests"
if [ "${1:-}" = --everything ]; then
    # Slow tests start the pipeline themselves, on both cores: they run alone, one after another.
    pytest --quiet -n 2 -m 'not e2e'
    pytest --quiet -m e2e
else
    pytest --quiet -n 2 -m 'not e2e'
fi
