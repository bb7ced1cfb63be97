"""
9_release: the release of each centre, merged from its finished pairs.

Inputs: results/8_harmonised/. Outputs: results/9_release/{centre}/, put in place as a whole, and
{centre}.json beside it, which says which release that is. A run makes it where release.name is
set; the target `release` makes it in any case, under this month's name where there is no other.
"""

RELEASES = expand("results/9_release/{centre}.json", centre=COHORT.centres)


def pairs_of_centre(wildcards):
    return [pair.pair_id for pair in PAIRS.values() if pair.centre == wildcards.centre]


def manifests_of_centre(wildcards):
    return [f"results/8_harmonised/{pair}/MANIFEST.json" for pair in pairs_of_centre(wildcards)]


def retractions_if_given(wildcards):
    return RETRACTIONS if Path(RETRACTIONS).is_file() else []


rule release:
    """The release of every centre of the cohort."""
    input:
        RELEASES,


rule release_centre:
    """
    Merge the pairs of one centre that it has not withdrawn, with tiers and pseudonyms applied.

    The output lies beside the release: Snakemake deletes a job's output before it starts, and the
    old release has to stay whole until the new one takes its place.
    """
    input:
        manifests=manifests_of_centre,
        retractions=retractions_if_given,
        settings=settings("release.name", "release.tier", "release.key_file"),
    output:
        "results/9_release/{centre}.json",
    log:
        "logs/9_release/{centre}.log",
    resources:
        mem_mb=4000,
        runtime=240,
    params:
        name=release_name(config),
        tier=config["release"]["tier"],
        key_file=config["release"]["key_file"] or "",
        pairs=pairs_of_centre,
    shell:
        r"""
        exec &> {log:q}
        key_file={params.key_file:q}
        key=()
        [ -z "$key_file" ] || key=(--key-file "$key_file")
        {PYTHON:q} {SCRIPTS:q}/release_centre.py \
            --folder . \
            --centre {wildcards.centre:q} \
            --name {params.name:q} \
            --tier {params.tier:q} \
            "${{key[@]}}" \
            --pairs {params.pairs:q} \
            --out results/9_release/{wildcards.centre:q} \
            --summary {output:q}
        """
