"""Why a variant is, or is not, in a pair's results."""

import json

import pytest
from typer.testing import CliRunner

from cohort_tables import GNAS_R201C, make_release, rule, variant, write_cohort
from onconcord import contract
from onconcord.cli import app
from onconcord.errors import InputError
from onconcord.questions.explain import STATE_WORDS, explain
from onconcord.questions.sources import open_source
from onconcord.questions.spelling import EXAMPLES, canonical_change, parse_variant
from real_ids import MODEL, TUMOUR_DEPTH


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    return open_source(write_cohort(tmp_path_factory.mktemp("cohort")))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("p.R201C", "p.Arg201Cys"),
        ("p.Arg201Cys", "p.Arg201Cys"),
        ("p.(Arg201Cys)", "p.Arg201Cys"),
        ("p.Q12*", "p.Gln12Ter"),
        ("p.Gln12Ter", "p.Gln12Ter"),
        ("p.G646fs*12", "p.Gly646fs"),
        ("p.Gly646TrpfsTer12", "p.Gly646fs"),
        ("p.Gly646fs", "p.Gly646fs"),
        ("p.E10_L12del", "p.Glu10_Leu12del"),
        ("p.Glu10_Leu12delinsVal", "p.Glu10_Leu12delinsVal"),
        ("p.L5=", "p.Leu5="),
        ("p.V295V", "p.Val295="),
        ("p.(Val295Val)", "p.Val295="),
        ("p.W557_K558delinsCP", "p.Trp557_Lys558delinsCysPro"),
        ("p.G646Wfs*12", "p.Gly646fs"),
        ("p.*110Qext*17", "p.Ter110GlnextTer17"),
        ("p.M1V", "p.Met1?"),
        ("p.E746_A750delELREA", "p.Glu746_Ala750del"),
        ("p.[R201C]", "p.Arg201Cys"),
        ("p.r201c", "p.Arg201Cys"),
        ("p.arg201cys", "p.Arg201Cys"),
        ("p.ARG201TER", "p.Arg201Ter"),
        ("p.w557_k558delinscp", "p.Trp557_Lys558delinsCysPro"),
        ("p.*110glnext*17", "p.Ter110GlnextTer17"),
    ],
)
def test_spellings_of_a_protein_change(written, expected):
    assert canonical_change(written) == expected


@pytest.mark.parametrize(
    ("text", "allele"),
    [
        ("chr20:5:C:T", ("chr20", 5, "C", "T")),
        ("20:5:c:t", ("chr20", 5, "C", "T")),
        ("MT:5:C:T", ("chrM", 5, "C", "T")),
        ("chrX:5:CA:C", ("chrX", 5, "CA", "C")),
        ("20-5-C-T", ("chr20", 5, "C", "T")),
        ("chr20:5C>T", ("chr20", 5, "C", "T")),
        ("chr20 5 C T", ("chr20", 5, "C", "T")),
        ("chr20:57,484,420 C/T", ("chr20", 57484420, "C", "T")),
    ],
)
def test_alleles_are_read_with_or_without_chr(text, allele):
    assert parse_variant(text).allele == allele


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("GNAS R201C", f"is not a variant: {EXAMPLES}"),
        ("20:5:C:C", f"changes nothing: {EXAMPLES}"),
        ("GNAS:c.[601C>T;602G>A]", "is several changes: ask for one at a time"),
        (
            "GNAS:c.53AGC[23]",
            "is in no form that is read: expected >, del, dup, ins, inv or delins",
        ),
    ],
)
def test_what_is_no_variant_is_refused(text, told):
    with pytest.raises(InputError) as error:
        parse_variant(text)
    assert str(error.value) == f'VARIANT: "{text}" {told}'


@pytest.mark.parametrize(
    ("text", "of", "change"),
    [
        ("GNAS:c.601C>T", "GNAS", "c.601C>T"),
        ("ENST00000371085.8:c.1934dupG", "ENST00000371085.8", "c.1934dupG"),
        ("NM_000516.7(GNAS):c.68_69delAG", "NM_000516.7", "c.68_69delAG"),
        ("KIT:c.1_3delATGinsG", "KIT", "c.1_3delATGinsG"),
        ("20:g.57484420C>T", "chr20", "g.57484420C>T"),
        ("NC_000020.11:g.5delA", "chr20", "g.5delA"),
        ("NC_000023.11:g.5C>T", "chrX", "g.5C>T"),
        ("NC_012920.1:m.5C>T", "chrM", "m.5C>T"),
        ("m.8993t>g", "chrM", "m.8993T>G"),
        ("NM_000516.7(GNAS):c.601C>T (p.Arg201Cys)", "NM_000516.7", "c.601C>T"),
        ("GNAS c.68_69DELag", "GNAS", "c.68_69delAG"),
        ("GNAS:c.[12_13delinsag]", "GNAS", "c.12_13delinsAG"),
    ],
)
def test_hgvs_names_of_contigs_genes_and_transcripts_are_read(text, of, change):
    query = parse_variant(text)
    assert (query.chrom or query.gene, query.change) == (of, change)


def test_an_unknown_pair_is_refused_with_those_near_it(cohort):
    with pytest.raises(InputError, match='no pair "TUM-B03" among 4: did you mean TUM-B0'):
        explain(cohort, "TUM-B03", "GNAS:p.R201C")


@pytest.mark.parametrize("text", ["GNAS:p.R201C", "20:57484420:C:T", "chr20:g.57484420C>T"])
def test_a_dropped_variant_has_its_whole_trail(cohort, text):
    (found,) = explain(cohort, "TUM-A02", text)
    assert found.verdict == "dropped"
    assert found.answer == f"p.Arg201Cys was a candidate and was dropped by {MODEL}."
    assert [(step.rule_id, step.outcome, step.detail) for step in found.steps] == [
        (TUMOUR_DEPTH, "keep", {"callers_pass": ["freebayes", "mutect2"], "needed": 1}),
        (MODEL, "drop", {"limit": 0.02, "normal_alt": 48, "normal_depth": 100, "p": 1.0}),
    ]
    assert [(call["caller"], call["is_pass"]) for call in found.calls] == [
        ("freebayes", True),
        ("mutect2", False),
    ]
    assert found.row["normal_alt_count"] == 48
    assert found.region == {"targeted": True, "state": "CALLABLE"}


def test_a_flagged_variant_says_what_marked_it(tmp_path):
    row = variant("TUM-A01", GNAS_R201C, filters=["onconcord.strand"])
    folder = write_cohort(
        tmp_path, variants=[row], decisions=[rule(row, 1, "onconcord.strand", "flag")], calls=[]
    )
    (found,) = explain(open_source(folder), "TUM-A01", "GNAS:p.R201C")
    assert (found.verdict, found.answer) == (
        "flagged",
        "p.Arg201Cys is kept, and marked by onconcord.strand.",
    )


@pytest.mark.parametrize(
    ("facts", "f1r2", "expected"),
    [
        pytest.param(
            {"hypothesis": "damage_f1r2", "ref": "C", "alt": "A"},
            9,
            "artefact: all 9 alternate fragments are F1R2, C>A (p_somatic 0.020; for it: log alt; "
            "against it: class, against orientation).",
            id="damage",
        ),
        pytest.param(
            {"hypothesis": "germline_het", "normal_alt_count": 31},
            5,
            "germline: 31 of 60 fragments of the normal show it (p_somatic 0.020; for it: log alt; "
            "against it: class, against orientation).",
            id="germline",
        ),
    ],
)
def test_what_the_model_says_is_a_sentence(tmp_path, facts, f1r2, expected):
    row = variant("TUM-A01", GNAS_R201C) | {
        "is_pass": False,
        "filters": [MODEL],
        "tumor_alt_count": 9,
        "normal_depth": 60,
        "p_somatic": 0.02,
    }
    row |= {name: value for name, value in facts.items() if name not in ("ref", "alt")}
    shares = {"class": -4.0, "against_orientation": -3.0, "log_alt": 2.0}
    told = {"counts": {"tumor_alt_f1r2": f1r2}, "shares": shares}
    folder = write_cohort(
        tmp_path, variants=[row], decisions=[rule(row, 1, MODEL, "drop", **told)], calls=[]
    )
    (found,) = explain(open_source(folder), "TUM-A01", "GNAS:p.R201C")
    change = f"{row['ref']}>{row['alt']}"
    assert found.answer.endswith(f"dropped by {MODEL}: " + expected.replace("C>A", change))


@pytest.mark.parametrize(
    ("text", "verdict", "answer"),
    [
        pytest.param(
            "chr20:57484100:C:T",
            "never_a_candidate",
            "no caller reported it, though the position is targeted and callable.",
            id="never a candidate",
        ),
        pytest.param(
            "chr20:57484420:C:G",
            "never_a_candidate",
            "no caller reported it, though the position is targeted and callable. Other alleles "
            "at this position: chr20:57484420:C:T.",
            id="another allele there",
        ),
        pytest.param(
            "chr20:57485600:C:T",
            "not_callable",
            "the position is LOW_TUMOR: the tumour is not deep enough there.",
            id="not deep enough",
        ),
        pytest.param(
            "chr20:57485901:C:T",
            "not_callable",
            "the position is NO_COVERAGE: no tumour read covers it.",
            id="not covered",
        ),
        pytest.param(
            "chr20:100:C:T",
            "not_targeted",
            "the assay does not target this position.",
            id="not targeted",
        ),
        pytest.param(
            "GNAS:p.R201H",
            "never_a_candidate",
            "no candidate makes this change. 94.0% of GNAS's coding target is callable. "
            "Candidates in GNAS: p.Arg201Cys.",
            id="no such change",
        ),
        pytest.param(
            "GNAS1:p.R201H",
            "not_targeted",
            "the gene model in use has no gene GNAS1. Did you mean GNAS?",
            id="no such gene",
        ),
        pytest.param(
            "gnas:p.r201h",
            "never_a_candidate",
            "no candidate makes this change. 94.0% of GNAS's coding target is callable. "
            "Candidates in GNAS: p.Arg201Cys.",
            id="small letters",
        ),
        pytest.param(
            "NM_000516.7(GNAS):p.R201H",
            "not_targeted",
            "the gene model in use has no transcript NM_000516.7. Did you mean GNAS:p.Arg201His?",
            id="no such transcript",
        ),
    ],
)
def test_an_absent_variant_is_explained(cohort, text, verdict, answer):
    (found,) = explain(cohort, "TUM-A01", text)
    assert (found.verdict, found.answer) == (verdict, answer)


def test_what_needs_a_genome_is_refused_where_there_is_none(cohort):
    with pytest.raises(InputError, match="a release has no genome to read this from: give it as"):
        explain(cohort, "TUM-A01", "20:g.57484420dup")


@pytest.mark.parametrize("text", ["NC_000020.11:g.57484420C>T", "NC_000020.11:57484420:C:T"])
def test_a_place_of_another_build_is_refused(cohort, text):
    with pytest.raises(InputError) as error:
        explain(cohort, "TUM-A01", text)
    told = "is a place of GRCh38: these variants are of GRCh37"
    assert str(error.value) == f'VARIANT: "{text}" {told}'


def test_a_gene_that_could_not_be_called_says_so(cohort):
    (found,) = explain(cohort, "TUM-B01", "TOP1:p.R621H")
    assert found.answer == "no coding base of TOP1 could be called."


def test_a_rejected_record_is_found(tmp_path):
    folder = write_cohort(tmp_path)
    row = {
        "center_id": "DEMO-A",
        "pair_id": "TUM-A01",
        "caller": "mutect2",
        "line_sha256": "0" * 64,
        "reference_id": "GRCh37",
        "reason": "symbolic",
        "chrom": "chr20",
        "pos": 57484100,
    }
    parquet = folder / "results/8_harmonised/TUM-A01/rejected_record.parquet"
    contract.write("rejected_record", [row], parquet)
    (found,) = explain(open_source(folder), "TUM-A01", "chr20:57484100:C:T")
    assert found.verdict == "rejected"
    assert found.answer == (
        "a record at this position was rejected, as it has no normal form: mutect2 (symbolic)."
    )


def test_a_change_whose_protein_nobody_knows_is_called_by_its_bases(tmp_path):
    row = variant("TUM-A01", GNAS_R201C, hgvsp="p.?", hgvsc="c.586-1G>A")
    folder = write_cohort(tmp_path, variants=[row], decisions=[], calls=[])
    (found,) = explain(open_source(folder), "TUM-A01", "GNAS:c.586-1G>A")
    assert found.answer == "c.586-1G>A is kept: no rule objected."


def test_an_atom_leads_to_its_event(tmp_path):
    event = variant("TUM-A01", ("chr20", 57484420, "CG", "TA"), hgvsp="p.Arg201Tyr")
    folder = write_cohort(tmp_path, variants=[event], decisions=[], calls=[])
    atoms = [
        {
            "center_id": "DEMO-A",
            "pair_id": "TUM-A01",
            "event_id": event["event_id"],
            "atom_index": index,
            "reference_id": "GRCh37",
            "chrom": "chr20",
            "pos": pos,
            "ref": ref,
            "alt": alt,
        }
        for index, pos, ref, alt in [(1, 57484420, "C", "T"), (2, 57484421, "G", "A")]
    ]
    parquet = folder / "results/8_harmonised/TUM-A01/small_variant_atom.parquet"
    contract.write("small_variant_atom", atoms, parquet)
    (found,) = explain(open_source(folder), "TUM-A01", "chr20:57484421:G:A")
    assert found.answer == (
        "chr20:57484421:G:A is part of the event chr20:57484420:CG:TA, which is kept: no rule "
        "objected."
    )


def test_a_consortium_release_says_what_it_does_not_carry(tmp_path):
    release = make_release(write_cohort(tmp_path / "work"), tmp_path / "release")
    (found,) = explain(open_source(release), "TUM-A02", "20:57484420:C:T")
    assert found.verdict == "not_carried"
    assert "it was no candidate, was dropped or is withheld" in found.answer
    assert found.left_out == [
        "the release does not carry the decision trail, nor the candidates that were dropped: "
        "those are of the controlled tier; ask the centre, or use --in with its working folder"
    ]
    (failed,) = explain(open_source(release), "TUM-B02", "20:57484420:C:T")
    assert failed.answer == (
        "the release has no variant of TUM-B02: the pair failed its QC (identity_lod)."
    )


def test_the_command_prints_text_or_json(tmp_path):
    folder = str(write_cohort(tmp_path))
    text = CliRunner().invoke(app, ["explain", "TUM-A02", "GNAS:p.R201C", "--in", folder])
    assert text.exit_code == 0
    assert "2 onconcord.model drop limit 0.02, normal_alt 48, normal_depth 100" in " ".join(
        text.stdout.split()
    )
    made = CliRunner().invoke(app, ["explain", "TUM-A02", "GNAS:p.R201C", "--in", folder, "--json"])
    assert json.loads(made.stdout)[0]["verdict"] == "dropped"


def test_every_state_that_is_not_callable_has_words():
    states = set(contract.load().vocabularies["callable_state"])
    assert set(STATE_WORDS) == states - {"CALLABLE"}
