# `make help` says what there is. Everything is installed into .tools/ and .venv/ of this checkout,
# Debian packages apart.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
CORES ?= $(shell nproc)
export PATH := $(CURDIR)/.tools/bin:$(CURDIR)/.venv/bin:$(PATH)
export ONCONCORD_CHR20

.PHONY: help tools tools-demo tools-check tools-test demo format check test accuracy bench docs clean

help: ## Say what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

tools: ## Install what the pipeline needs, and say what and why; the second time, nothing
	@resources/setup/set-up.sh run

tools-demo:
	@resources/setup/set-up.sh demo

tools-check:
	@resources/setup/set-up.sh check

tools-test:
	@resources/setup/set-up.sh test

demo: tools-demo ## Reads of a two-centre cohort to a release and a report (make demo CORES=8)
	@.venv/bin/python scripts/demo.py --cores $(CORES)

format: tools-check ## Format Python and the workflow
	@ruff format src scripts tests benchmarks
	@ruff check --fix src scripts tests benchmarks
	@snakefmt Snakefile workflow

check: tools-check ## Format, lint, types and quick tests: under a minute
	@resources/setup/check.sh

test: tools-test ## Everything, as CI does it
	@resources/setup/check.sh --everything

accuracy: tools-test ## Prove the decision on simulated pairs: better than each caller, calibrated
	@scripts/demo_reference.sh .tools/demo/reference index
	@.venv/bin/python scripts/accuracy_run.py --cores $(CORES)

ON_ONE_CORE := POLARS_MAX_THREADS=1 taskset -c 0 .venv/bin/python
CHR20 := .tools/demo/reference/chr20.fa

bench: tools-test ## Measure speed and memory, against named peers (docs/benchmarks.md)
	@scripts/demo_reference.sh .tools/demo/reference fasta
	@missed=0; \
	$(ON_ONE_CORE) benchmarks/vrs_digest.py --fasta $(CHR20) || missed=1; \
	$(ON_ONE_CORE) benchmarks/harmonise.py --fasta $(CHR20) || missed=1; \
	$(ON_ONE_CORE) benchmarks/gene_model.py || missed=1; \
	$(ON_ONE_CORE) benchmarks/merge.py || missed=1; \
	$(ON_ONE_CORE) benchmarks/open_tier.py || missed=1; \
	$(ON_ONE_CORE) benchmarks/scale.py || missed=1; \
	.venv/bin/python benchmarks/pipeline.py --fasta $(CHR20) || missed=1; \
	exit $$missed

docs: tools ## Write the pages and lists that are made from what the code says
	@.venv/bin/python scripts/docs.py

clean: ## Remove what was installed here, and the demo's outputs
	rm -rf .tools .venv .snakemake .pytest_cache .mypy_cache .ruff_cache .hypothesis
	rm -rf accuracy
	rm -rf demo/results demo/release demo/*.html demo/certificate.json demo/report_reads demo/logs demo/timings demo/.snakemake
