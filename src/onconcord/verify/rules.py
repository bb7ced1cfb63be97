"""
Rules between rows and tables, one SQL query each, which returns the rows that break it.

DuckDB reads the Parquet files in place. A table `x` of a rule is a view over the rows of x in the
release, or in a part of it that has all rows the rule compares (`RowRule.within`), so that 10^8
rows need no more memory than 10^6.
"""

from onconcord import contract
from onconcord.release.aggregate import ROUNDED_TO, SMALLEST
from onconcord.release.coarse import GRID_BP, READ_FILTERS, WITHHELD_FILTER
from onconcord.release.germline import LINEAGE_CHROMOSOMES, MAX_POPULATION_AF
from onconcord.release.tiers import METRIC_TEXTS, UNLICENSED
from onconcord.verify.row_rule import RELEASED, SHARED, WITH_NORMAL, RowRule

EVENT = "center_id, pair_id, reference_id, chrom, pos, ref, alt"
UNIT = 1.5e-6
"""Largest difference between a ratio rounded to 6 decimals and the same one computed elsewhere."""


def _of_failed_pairs(table: str) -> RowRule:
    return RowRule(
        "failed_qc_withheld",
        table,
        "pair_id",
        "the pair failed QC, so only pair, qc_metric and analysis_scope may have rows of it",
        f"""SELECT t.* FROM {table} t SEMI JOIN
            (SELECT * FROM pair WHERE qc_status = 'FAIL') USING (center_id, pair_id)""",
        {table: ("pair_id",), "pair": ("qc_status",)},
        RELEASED,
    )


def _by_variant(table: str) -> RowRule:
    return RowRule(
        "annotation_of_released_variants",
        table,
        "variant_key",
        "no variant of the release has this key",
        f"""SELECT * FROM {table}
            ANTI JOIN small_variant USING (center_id, reference_id, variant_key)""",
        {table: ("variant_key",), "small_variant": ("variant_key",)},
        RELEASED,
        within="centre",
    )


def _has_rows(analysis: str, source: str) -> RowRule:
    return RowRule(
        "done_has_rows",
        "analysis_scope",
        "status",
        f'"done", and there is no row in {source}: expected "done_none_found"',
        f"""SELECT * FROM (SELECT * FROM analysis_scope WHERE analysis = '{analysis}'
            AND status = 'done') ANTI JOIN {source} USING (center_id, pair_id)""",
        {"analysis_scope": ("status",), source: ()},
        within="pair",
    )


def _has_none(analysis: str, source: str) -> RowRule:
    return RowRule(
        "not_done_has_no_rows",
        "analysis_scope",
        "status",
        f'{source} has passing rows of the pair: expected "done"',
        f"""SELECT * FROM (SELECT * FROM analysis_scope WHERE analysis = '{analysis}'
            AND status NOT IN ('done', 'partial', 'failed'))
            SEMI JOIN (SELECT * FROM {source} WHERE is_pass) USING (center_id, pair_id)""",
        {"analysis_scope": ("status",), source: ("is_pass",)},
        within="pair",
    )


_TARGETS = """
    SELECT center_id, assay_id, reference_id, chrom, min(start0) AS start0, max(end0) AS end0
    FROM (
        SELECT *, sum(fresh) OVER (PARTITION BY center_id, assay_id, reference_id, chrom
            ORDER BY start0, end0 ROWS UNBOUNDED PRECEDING) AS island
        FROM (
            SELECT *, CASE WHEN start0 <= max(end0) OVER (
                PARTITION BY center_id, assay_id, reference_id, chrom ORDER BY start0, end0
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) THEN 0 ELSE 1 END AS fresh
            FROM assay_region))
    GROUP BY center_id, assay_id, reference_id, chrom, island
"""

_CALLABLE = {
    "callable_region": ("start0", "end0"),
    "assay_region": ("start0", "end0"),
    "pair": ("assay_id", "qc_status"),
}

_CELL = f"PARTITION BY center_id, pair_id, reference_id, chrom, (pos - 1) // {GRID_BP}"

RULES: tuple[RowRule, ...] = (
    RowRule(
        "only_somatic",
        "small_variant",
        "origin",
        "only variants that passed and are somatic may be in this tier",
        "SELECT * FROM small_variant WHERE NOT is_pass OR origin <> 'somatic'",
        {"small_variant": ("is_pass", "origin")},
        SHARED,
    ),
    RowRule(
        "somatic_atoms",
        "small_variant_atom",
        "origin",
        "an atom that is not somatic, or of chrM or chrY: its event is of tier controlled",
        f"""SELECT * FROM small_variant_atom WHERE origin IS DISTINCT FROM 'somatic'
            OR chrom IN {LINEAGE_CHROMOSOMES}""",
        {"small_variant_atom": ("origin",)},
        SHARED,
    ),
    RowRule(
        "known_driver_alone",
        "small_variant",
        "origin_method",
        "the pair has no normal: only known drivers of it may be in this tier",
        """SELECT v.* FROM small_variant v SEMI JOIN (SELECT * FROM pair
            WHERE design = 'tumor_only') USING (center_id, pair_id)
            WHERE origin_method <> 'forced'""",
        {"small_variant": ("origin_method",), "pair": ("design",)},
        SHARED,
    ),
    *(
        RowRule(
            "no_lineage",
            table,
            "chrom",
            "variants of chrM and chrY tell of descent, and are of tier controlled",
            f"SELECT * FROM {table} WHERE chrom IN {LINEAGE_CHROMOSOMES}",
            {table: ("chrom",)},
            SHARED,
        )
        for table in ("small_variant", "hotspot_status")
    ),
    *(
        RowRule(
            "rare_in_populations",
            table,
            "gnomad_af_max",
            f"more frequent than {MAX_POPULATION_AF} in a population",
            f"SELECT * FROM {table} WHERE gnomad_af_max > {MAX_POPULATION_AF}",
            {table: ("gnomad_af_max",)},
            SHARED,
        )
        for table in ("small_variant", "small_variant_atom")
    ),
    RowRule(
        "hotspots_shown",
        "hotspot_status",
        "status",
        "mutated without its row in small_variant, or a status or count that the tier withholds",
        f"""SELECT h.* FROM hotspot_status h LEFT JOIN
            (SELECT {EVENT}, true AS shown FROM small_variant) v USING ({EVENT})
            WHERE status NOT IN ('mutated', 'wildtype', 'indeterminate')
            OR (status = 'mutated') <> coalesce(shown AND status = 'mutated', false)
            OR (status <> 'mutated' AND tumor_alt_count IS NOT NULL)
            OR (status = 'indeterminate' AND tumor_depth IS NOT NULL)""",
        {"hotspot_status": ("status", "tumor_depth", "tumor_alt_count"), "small_variant": ()},
        SHARED,
        within="pair",
    ),
    RowRule(
        "hotspots_by_cell",
        "hotspot_status",
        "status",
        f"wild type beside one of the same {GRID_BP} bp that is not: which one would tell of it",
        f"""SELECT * FROM (SELECT *, bool_and(status = 'wildtype') OVER ({_CELL}) AS clean
            FROM hotspot_status) WHERE status = 'wildtype' AND NOT clean""",
        {"hotspot_status": ("status", "pos")},
        SHARED,
        within="pair",
    ),
    RowRule(
        "hotspots_by_cell",
        "hotspot_status",
        "status",
        "not stated where the pair was searched, which would tell of it",
        f"""SELECT h.* FROM (SELECT *, bool_or(status = 'mutated') OVER ({_CELL}) AS beside
            FROM hotspot_status) h SEMI JOIN callable_region r ON r.center_id = h.center_id
            AND r.pair_id = h.pair_id AND r.reference_id = h.reference_id AND r.chrom = h.chrom
            AND r.start0 < h.pos AND h.pos <= r.end0 AND r.state = 'CALLABLE'
            WHERE status = 'indeterminate' AND NOT beside""",
        {"hotspot_status": ("status", "pos"), "callable_region": ("start0", "end0", "state")},
        SHARED,
        within="pair",
    ),
    RowRule(
        "coarse_genes",
        "gene_callability",
        "callable_frac",
        "callable without all of it being so, or a fraction that is not in tenths",
        """SELECT * FROM gene_callability WHERE (status = 'callable' AND callable_frac < 1)
            OR abs(callable_frac * 10 - round(callable_frac * 10)) > 1e-6""",
        {"gene_callability": ("callable_frac", "status")},
        SHARED,
    ),
    RowRule(
        "no_lineage",
        "gene_callability",
        "status",
        "of chrM or chrY, where nobody was searched: expected not_callable",
        f"""SELECT g.* FROM gene_callability g JOIN pair p USING (center_id, pair_id)
            SEMI JOIN assay_region a ON a.center_id = g.center_id AND a.assay_id = p.assay_id
            AND a.gene_id = g.gene_id AND a.chrom IN {LINEAGE_CHROMOSOMES}
            WHERE g.status IN ('callable', 'partial') OR g.tumor_mean_depth IS NOT NULL""",
        {
            "gene_callability": ("status", "tumor_mean_depth"),
            "pair": ("assay_id",),
            "assay_region": ("gene_id",),
        },
        SHARED,
        within="pair",
    ),
    RowRule(
        "coarse_states",
        "callable_region",
        "start0",
        f"tells why it was not searched, or has an edge off the grid of {GRID_BP} bp",
        f"""SELECT * FROM (SELECT *, lag(end0) OVER near AS before, lag(state) OVER near AS beside
            FROM callable_region WINDOW near AS
            (PARTITION BY center_id, pair_id, reference_id, chrom ORDER BY start0))
            WHERE state NOT IN ('CALLABLE', 'NOT_CALLABLE', 'EXCLUDED')
            OR (start0 = before AND start0 % {GRID_BP} <> 0
                AND state <> 'EXCLUDED' AND beside <> 'EXCLUDED')""",
        {"callable_region": ("start0", "end0", "state")},
        SHARED,
        within="pair",
    ),
    RowRule(
        "listed_filters",
        "variant_call_evidence",
        "filters",
        "names a filter that may tell of the normal or of another allele",
        f"""SELECT * FROM variant_call_evidence WHERE len(list_filter(filters, lambda f:
            f <> '{WITHHELD_FILTER}'
            AND split_part(f, '.', -1) NOT IN {tuple(sorted(READ_FILTERS))})) > 0""",
        {"variant_call_evidence": ("filters",)},
        SHARED,
    ),
    RowRule(
        "numbered_phases",
        "small_variant",
        "phase_set",
        "is not a number: the caller's name of a haplotype holds an allele of it",
        "SELECT * FROM small_variant WHERE NOT regexp_full_match(phase_set, '[0-9]+')",
        {"small_variant": ("phase_set",)},
        SHARED,
    ),
    RowRule(
        "only_passing_structural",
        "structural_variant",
        "is_pass",
        "only variants that passed may be in this tier",
        "SELECT * FROM structural_variant WHERE NOT is_pass",
        {"structural_variant": ("is_pass",)},
        SHARED,
    ),
    RowRule(
        "licence",
        "variant_annotation",
        "source",
        "the licence of this source forbids passing it on",
        f"""SELECT * FROM variant_annotation WHERE regexp_matches(source, '{UNLICENSED}')
            OR coalesce(regexp_matches(licence, '{UNLICENSED}'), false)""",
        {"variant_annotation": ("source", "licence")},
        RELEASED,
    ),
    RowRule(
        "coarse_reads",
        "qc_metric",
        "value",
        "a number of reads of more than two digits, which tells the files by it",
        """SELECT * FROM qc_metric WHERE metric_id = 'reads_total' AND value > 0
            AND abs(value - round(value, 1 - CAST(floor(log10(value)) AS INTEGER))) >= 0.5""",
        {"qc_metric": ("value",)},
        SHARED,
    ),
    RowRule(
        "coded_metrics",
        "qc_metric",
        "value_text",
        f"only {' and '.join(METRIC_TEXTS)} may be in a release",
        f"SELECT * FROM qc_metric WHERE value_text NOT IN {METRIC_TEXTS}",
        {"qc_metric": ("value_text",)},
        RELEASED,
    ),
    RowRule(
        "withheld_stated",
        "analysis_scope",
        "n_withheld",
        "it is not said how many passing variants the tier withholds",
        """SELECT * FROM analysis_scope WHERE analysis = 'small_variant' AND n_withheld IS NULL
            AND status IN ('done', 'done_none_found', 'partial')""",
        {"analysis_scope": ("n_withheld", "status")},
        SHARED,
    ),
    RowRule(
        "masked_ages",
        "subject",
        "age_years_at_index",
        "ages below 18 and above 89 are stated by age_mask only",
        "SELECT * FROM subject WHERE age_years_at_index < 18 OR age_years_at_index > 89",
        {"subject": ("age_years_at_index",)},
        RELEASED,
    ),
    *(
        _of_failed_pairs(table)
        for table in (
            "small_variant",
            "variant_call_evidence",
            "small_variant_atom",
            "structural_variant",
            "copy_number_segment",
            "hotspot_status",
            "callable_region",
            "gene_callability",
            "decision",
        )
    ),
    *(
        _by_variant(table)
        for table in ("variant_consequence", "variant_annotation", "oncogenicity", "variant_lift")
    ),
    RowRule(
        "scope_complete",
        "pair",
        "pair_id",
        "analysis_scope has no row of the pair for some analysis: expected one for each",
        """SELECT DISTINCT p.* FROM pair p CROSS JOIN analyses a
            ANTI JOIN analysis_scope s ON s.center_id = p.center_id AND s.pair_id = p.pair_id
            AND s.analysis = a.analysis""",
        {"pair": (), "analysis_scope": ()},
    ),
    _has_rows("small_variant", "small_variant"),
    _has_rows("sv", "structural_variant"),
    _has_rows("cna", "copy_number_segment"),
    _has_rows("signature", "signature_exposure"),
    _has_rows("hotspot", "hotspot_status"),
    RowRule(
        "tumor_only_is_partial",
        "analysis_scope",
        "status",
        "the pair has no normal, so rows are withheld: expected partial",
        """SELECT s.* FROM analysis_scope s SEMI JOIN (SELECT * FROM pair
            WHERE design = 'tumor_only') USING (center_id, pair_id)
            WHERE analysis = 'small_variant' AND status IN ('done', 'done_none_found')""",
        {"analysis_scope": ("status",), "pair": ("design",)},
        SHARED,
    ),
    _has_none("small_variant", "small_variant"),
    _has_none("sv", "structural_variant"),
    RowRule(
        "callable_overlap",
        "callable_region",
        "start0",
        "overlaps the interval before it: every target base has one state",
        """SELECT * FROM (SELECT *, lag(end0) OVER (PARTITION BY center_id, pair_id, reference_id,
            chrom ORDER BY start0) AS before FROM callable_region)
            WHERE start0 < before OR end0 <= start0""",
        {"callable_region": ("start0", "end0")},
        within="pair",
    ),
    RowRule(
        "callable_outside",
        "callable_region",
        "end0",
        "does not lie within a target of the pair's assay",
        f"""SELECT r.* FROM callable_region r JOIN pair p USING (center_id, pair_id)
            ANTI JOIN ({_TARGETS}) t ON t.center_id = r.center_id AND t.assay_id = p.assay_id
            AND t.reference_id = r.reference_id AND t.chrom = r.chrom
            AND t.start0 <= r.start0 AND r.end0 <= t.end0""",
        _CALLABLE,
        within="pair",
    ),
    RowRule(
        "callable_sum",
        "pair",
        "pair_id",
        "its callable states leave target bases without one, or have some twice",
        f"""SELECT p.* FROM pair p
            LEFT JOIN (SELECT center_id, assay_id, reference_id, sum(end0 - start0) AS wanted
                FROM ({_TARGETS}) GROUP BY ALL) t USING (center_id, assay_id, reference_id)
            LEFT JOIN (SELECT center_id, pair_id, sum(end0 - start0) AS found
                FROM callable_region GROUP BY ALL) r USING (center_id, pair_id)
            WHERE coalesce(wanted, 0) <> coalesce(found, 0)
            AND NOT (p.qc_status = 'FAIL' AND found IS NULL)""",
        _CALLABLE,
        within="pair",
    ),
    RowRule(
        "vaf",
        "small_variant",
        "tumor_vaf",
        "is not tumor_alt_count / tumor_depth",
        f"""SELECT * FROM small_variant WHERE CASE
            WHEN tumor_alt_count IS NULL OR coalesce(tumor_depth, 0) = 0 THEN tumor_vaf IS NOT NULL
            ELSE coalesce(abs(tumor_vaf - tumor_alt_count / tumor_depth) > {UNIT}, true) END""",
        {"small_variant": ("tumor_vaf", "tumor_alt_count", "tumor_depth")},
    ),
    RowRule(
        "counts",
        "small_variant",
        "tumor_alt_count",
        "more reads with the alleles than reads over the site (tumor_depth)",
        "SELECT * FROM small_variant WHERE tumor_alt_count + tumor_ref_count > tumor_depth",
        {"small_variant": ("tumor_alt_count", "tumor_ref_count", "tumor_depth")},
        WITH_NORMAL,
    ),
    RowRule(
        "counts",
        "small_variant",
        "tumor_alt_count",
        "more reads with the allele than reads over the site (tumor_depth)",
        "SELECT * FROM small_variant WHERE tumor_alt_count > tumor_depth",
        {"small_variant": ("tumor_alt_count", "tumor_depth")},
        SHARED,
    ),
    RowRule(
        "variant_key",
        "small_variant",
        "variant_key",
        "is not chrom:pos:ref:alt",
        "SELECT * FROM small_variant WHERE variant_key <> concat_ws(':', chrom, pos, ref, alt)",
        {"small_variant": ("variant_key",)},
    ),
    RowRule(
        "length",
        "small_variant",
        "length_bp",
        "is not the length of alt minus that of ref",
        "SELECT * FROM small_variant WHERE length_bp <> length(alt) - length(ref)",
        {"small_variant": ("length_bp",)},
    ),
    RowRule(
        "event_id",
        "small_variant",
        "event_id",
        "is not the first 16 hex digits of SHA-256 over pair and atoms",
        # nearly every event is one atom, so only the others are brought in order, which is slow
        """SELECT v.* FROM small_variant v LEFT JOIN (
            SELECT center_id, pair_id, event_id,
                left(sha256(concat_ws('|', pair_id, first_atom, others)), 16) AS wanted
            FROM (SELECT center_id, pair_id, event_id,
                concat_ws(':', chrom, pos, ref, alt) AS first_atom
                FROM small_variant_atom WHERE atom_index = 1)
            LEFT JOIN (SELECT center_id, pair_id, event_id, string_agg(
                concat_ws(':', chrom, pos, ref, alt), '|' ORDER BY atom_index) AS others
                FROM small_variant_atom WHERE atom_index <> 1 GROUP BY ALL
                ) USING (center_id, pair_id, event_id)
            ) a USING (center_id, pair_id, event_id) WHERE wanted IS DISTINCT FROM event_id""",
        {"small_variant": ("event_id",), "small_variant_atom": ("atom_index",)},
        within="pair",
    ),
    *(
        RowRule(
            "consensus",
            "small_variant",
            column,
            f"does not follow from variant_call_evidence ({meaning})",
            f"""SELECT v.* FROM small_variant v LEFT JOIN (
                SELECT {EVENT}, count(*) AS called, count(*) FILTER (is_pass) AS passed,
                    list_sort(coalesce(list(caller) FILTER (is_pass), [])) AS passing
                FROM variant_call_evidence WHERE match <> 'atoms_partial' GROUP BY {EVENT}
                ) e USING ({EVENT}) WHERE {wrong}""",
            {"small_variant": (column,), "variant_call_evidence": ("match", "is_pass")},
            within="pair",
        )
        for column, meaning, wrong in (
            (
                "n_callers_called",
                "callers that emitted it",
                "n_callers_called <> coalesce(called, 0)",
            ),
            (
                "n_callers_pass",
                "callers that passed it",
                "n_callers_pass <> coalesce(passed, 0)",
            ),
            ("callers_pass", "callers that passed it", "callers_pass <> coalesce(passing, [])"),
            (
                "n_callers_capable",
                "the denominator, at least those that passed it",
                "n_callers_capable < coalesce(passed, 0)",
            ),
        )
    ),
    RowRule(
        "normal_of_tumor_only",
        "small_variant",
        "normal_depth",
        "the pair has no normal: expected null",
        """SELECT v.* FROM small_variant v SEMI JOIN (SELECT * FROM pair
            WHERE design = 'tumor_only') USING (center_id, pair_id)
            WHERE normal_depth IS NOT NULL""",
        {"small_variant": ("normal_depth",), "pair": ("design",)},
        WITH_NORMAL,
    ),
    RowRule(
        "design",
        "pair",
        "design",
        "matched is a pair with a normal, tumor_only one without",
        "SELECT * FROM pair WHERE (design = 'matched') <> (normal_sample_id IS NOT NULL)",
        {"pair": ("design", "normal_sample_id")},
    ),
    RowRule(
        "copies_need_purity",
        "copy_number_segment",
        "total_cn",
        "the pair's purity is not fitted: expected null",
        """SELECT s.* FROM copy_number_segment s SEMI JOIN (SELECT * FROM pair WHERE
            purity_status <> 'fitted') USING (center_id, pair_id)
            WHERE total_cn IS NOT NULL OR minor_cn IS NOT NULL""",
        {"copy_number_segment": ("total_cn",), "pair": ("purity_status",)},
    ),
    RowRule(
        "single_breakends",
        "structural_variant",
        "chrom2",
        'a single breakend has chrom2 "*", pos2 0 and strand2 "*", and nothing else has',
        """SELECT * FROM structural_variant WHERE (sv_type = 'SGL') <> (chrom2 = '*')
            OR (chrom2 = '*') <> (pos2 = 0) OR (chrom2 = '*') <> (strand2 = '*')""",
        {"structural_variant": ("sv_type",)},
    ),
    RowRule(
        "biomarker_class",
        "biomarker",
        "class",
        "measured on too few callable bases: expected null",
        "SELECT * FROM biomarker WHERE status = 'below_min_callable' AND class IS NOT NULL",
        {"biomarker": ("status", "class")},
    ),
    RowRule(
        "retracted",
        "pair",
        "pair_id",
        "the pair was retracted, and is still in the release",
        "SELECT * FROM pair SEMI JOIN retraction USING (center_id, pair_id)",
        {"pair": (), "retraction": ()},
    ),
    RowRule(
        "small_cells",
        "aggregate_variant",
        "n_mutated",
        f"tells of fewer than {SMALLEST} patients, or is not a multiple of {ROUNDED_TO}",
        f"""SELECT * FROM aggregate_variant WHERE suppressed OR count_precision <> 'rounded'
            OR coalesce(n_mutated < {SMALLEST} OR n_tested - n_mutated < {SMALLEST}
                OR n_mutated % {ROUNDED_TO} <> 0 OR n_tested % {ROUNDED_TO} <> 0, true)""",
        {"aggregate_variant": ("n_mutated", "n_tested", "suppressed")},
    ),
    RowRule(
        "frequencies",
        "aggregate_variant",
        "freq",
        "is not n_mutated / n_tested",
        f"""SELECT * FROM aggregate_variant WHERE NOT suppressed
            AND coalesce(abs(freq - n_mutated / n_tested) > {UNIT}, true)""",
        {"aggregate_variant": ("freq", "n_mutated", "n_tested")},
    ),
)


def foreign_keys() -> tuple[RowRule, ...]:
    """One rule per foreign key of the contract; a null, or an empty list, points nowhere."""
    return tuple(
        _foreign_key(table, key.columns, key.table, key.to)
        for table in contract.load().tables.values()
        for key in table.foreign_keys
    )


def _foreign_key(
    table: contract.Table, columns: tuple[str, ...], to: str, keys: tuple[str, ...]
) -> RowRule:
    lists = [name for name in columns if table.field(name).type == "list<string>"]
    assert len(lists) <= 1, f"{table.name}: a foreign key with two lists"
    source = table.name
    if lists:
        name = lists[0]
        source = f"(SELECT * REPLACE (unnest({name}) AS {name}) FROM {table.name})"
    on = " AND ".join(f"c.{column} = p.{key}" for column, key in zip(columns, keys, strict=True))
    filled = " AND ".join(f"c.{name} IS NOT NULL" for name in columns)
    return RowRule(
        "foreign_keys",
        table.name,
        columns[-1],
        f"points to no row of {to} ({', '.join(keys)})",
        f"""SELECT c.* FROM (SELECT * FROM {source} c WHERE {filled}) c
            ANTI JOIN {to} p ON {on}""",
        {table.name: columns, to: keys},
        # a list of pairs is short enough to be held whole
        within="pair" if "pair_id" in columns and to != "pair" else "release",
    )
