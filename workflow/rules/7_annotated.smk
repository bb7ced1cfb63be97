"""
7_annotated: consequences and resources of a pair's distinct variants, annotated once.

Inputs: candidates, gene model, population and clinical resources. Outputs: results/7_annotated/.
Without a gene model nothing has a consequence; without a resource its fields are absent.
"""


def snpeff_database_if_genes(wildcards):
    return (
        "results/1_reference/snpeff/data/genome/snpEffectPredictor.bin"
        if config["reference"]["genes"]
        else []
    )


rule annotate_pair:
    """Consequences by SnpEff in one start, population and clinical fields by vcfanno."""
    input:
        candidates="results/6_evidence/{pair}.candidates.vcf.gz",
        database=snpeff_database_if_genes,
        population=vcf_if_given("population"),
        clinical=vcf_if_given("clinical"),
        settings=settings("reference.genes", "resources.population", "resources.clinical"),
    output:
        vcf="results/7_annotated/{pair}.vcf.gz",
        index="results/7_annotated/{pair}.vcf.gz.tbi",
        statistics="results/7_annotated/{pair}.snpeff.csv",
        counts="results/7_annotated/{pair}.counts.tsv",
    log:
        "logs/7_annotated/{pair}.log",
    benchmark:
        "timings/7_annotated/{pair}.tsv"
    conda:
        "../../envs/annotation.yaml"
    resources:
        mem_mb=3000,
        runtime=60,
    shell:
        r"""
        exec &> {log:q}
        export ONCONCORD_COUNTS={output.counts:q}
        population={input.population:q} clinical={input.clinical:q} database={input.database:q}
        resources=$(mktemp -d) fields=()
        trap 'rm -rf "$resources"' EXIT
        trap 'echo "error: snpEff ann, vcfanno or bgzip left no whole file" >&2' ERR
        if [ -n "$population" ]; then
            printf '[[annotation]]\nfile="%s"\nfields=["AF_MAX"]\nnames=["population_af"]\nops=["max"]\n' \
                "$population" >> "$resources/vcfanno.toml"
            fields+=(population_af)
        fi
        if [ -n "$clinical" ]; then
            printf '[[annotation]]\nfile="%s"\nfields=["CLNSIG","ID","CLNREVSTAT","CLNDN"]\nnames=["clinical_significance","clinical_id","clinical_review_status","clinical_conditions"]\nops=["self","self","self","self"]\n' \
                "$clinical" >> "$resources/vcfanno.toml"
            fields+=(clinical_significance clinical_id clinical_review_status clinical_conditions)
        fi
        consequences() {{
            if [ -n "$database" ]; then
                # Debian's wrapper prints its arguments before the VCF.
                snpEff -Xmx2g ann -noLog -nodownload -noLof -htmlStats "$resources/summary.html" \
                    -c results/1_reference/snpeff/snpEff.config \
                    -csvStats "$resources/"{wildcards.pair:q}.snpeff.csv genome "$1" \
                | sed -n '/^##fileformat/,$p'
                cp "$resources/"{wildcards.pair:q}.snpeff.csv {output.statistics:q}
            else
                : > {output.statistics:q}
                bcftools view "$1"
            fi
        }}
        known() {{
            if [ -s "$resources/vcfanno.toml" ]; then
                vcfanno -p 1 "$resources/vcfanno.toml" "$1"
            else
                cat "$1"
            fi
        }}
        consequences {input.candidates:q} > "$resources/consequences.vcf"
        # vcfanno names a FORMAT column though the sites have no samples, which htslib refuses.
        known "$resources/consequences.vcf" | sed '/^#CHROM/s/\tFORMAT$//' | bgzip > {output.vcf:q}
        bcftools index --tbi {output.vcf:q}
        if grep -qF 'AF_MAX not found in header' {log:q}; then
            echo "error: $population is not in the pipeline's normal form: remove it and run again" >&2
            exit 1
        fi
        {PYTHON:q} {SCRIPTS:q}/annotated_conserved.py \
            --candidates {input.candidates:q} \
            --consequences "$resources/consequences.vcf" \
            --annotated {output.vcf:q} \
            --fields "${{fields[@]}}" \
            --predictor {input.database:q}
        if [ "$(bcftools index --nrecords {output.index:q})" \
            != "$(bcftools index --nrecords {input.candidates:q})" ]; then
            echo "error: bcftools index left out records of the annotation" >&2
            exit 1
        fi
        sha256sum < {output.counts:q} >> {output.counts:q}
        """
