#!/usr/bin/env bash
# Hold the checkout to its rules: format, lint, types, workflow, tests.
# usage: check.sh [--everything]   without it, the quick tests, which run no reads
# The last line is pytest's: N passed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# Compiled once, and not by every process again, whatever the environment says.
unset PYTHONDONTWRITEBYTECODE

python_files=(src scripts tests benchmarks)
mapfile -t shell_files < <(git ls-files --cached --others --exclude-standard -- '*.sh' .ci/run resources/setup/gatk/gatk)
mapfile -t workflow_files < <(git ls-files --cached --others --exclude-standard -- Snakefile '*.smk')
said=$(mktemp -d)
trap 'rm -rf "$said"' EXIT

# Side by side; each one's words are shown only if it fails. The lint of the workflow is a test
# (tests/workflow/test_workflow_lint.py), since a few of its words are not for this workflow.
names=() jobs=()
start() {
    local name=$1
    shift
    "$@" >"$said/$name" 2>&1 &
    names+=("$name") jobs+=($!)
}
start format ruff format --check "${python_files[@]}"
start lint ruff check "${python_files[@]}"
start types mypy
start shell shellcheck "${shell_files[@]}"
start workflow-format snakefmt --check "${workflow_files[@]}"
failed=
for index in "${!jobs[@]}"; do
    if wait "${jobs[index]}"; then
        printf 'check: %s is fine\n' "${names[index]}"
    else
        cat "$said/${names[index]}"
        printf 'check: %s fails\n' "${names[index]}"
        failed=yes
    fi
done
[ -z "$failed" ] || exit 1

if [ "${1:-}" = --everything ]; then
    # One worker takes the tests that run the pipeline (tests/conftest.py), the other the rest.
    pytest --quiet -n 2 --dist loadgroup
else
    # A file goes to one worker, so that what its tests share is made once. The workers fill the
    # cores: more threads of polars, Arrow and BLAS in each would wait for one another.
    export POLARS_MAX_THREADS=1 OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
    pytest --quiet -n 2 --dist loadfile -m 'not e2e and not slow'
fi
