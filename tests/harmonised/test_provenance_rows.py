"""What a pair was made from: the same work has the same id, and each row says where it is from."""

import hashlib
import subprocess
from dataclasses import replace

import polars as pl
import pytest

from onconcord.canonical_json import canonical_json
from onconcord.errors import InputError
from onconcord.harmonised import provenance
from onconcord.reads.account import InputFile
from onconcord.reference.contigs import ContigRow
from onconcord.runtime.conserved import conserve
from onconcord.runtime.tools import COLUMNS
from pair_specs import pair_spec

DIGEST = "d" * 64
RESOURCES = {"fasta": "f" * 64, "targets": "a" * 64}
TARGETS = pl.DataFrame(
    [("chr1", 0, 100), ("chr1", 500, 600), ("chr2", 0, 50)],
    schema=["chrom", "start0", "end0"],
    orient="row",
)
GENES = pl.DataFrame(
    [
        ("G2", "TWO", "chr1", 550, 580),
        ("G1", "ONE", "chr1", 90, 120),
        ("G1", "ONE", "chr1", 540, 560),
        ("G3", "NONE", "chr2", 0, 0),
    ],
    schema=["gene_id", "gene_symbol", "chrom", "start0", "end0"],
    orient="row",
)


def reads(sha256, ordinal=1, role="fastq_1"):
    return InputFile(role, ordinal, "fastq.gz", 10, sha256, 5)


INPUTS = {"tumour": (reads("1" * 64), reads("2" * 64, 2)), "normal": (reads("3" * 64),)}


def id_of(spec=None, inputs=INPUTS, resources=RESOURCES, digest=DIGEST):
    return provenance.run_id(spec or pair_spec(), inputs, resources, digest)


def test_no_name_centre_path_or_order_of_lanes_goes_into_the_id_of_the_work():
    spec = pair_spec()
    other = replace(
        spec,
        centre="ELSEWHERE",
        pair="X",
        patient="Y",
        tumour=pair_spec("X").tumour,
        assay=replace(spec.assay, assay_id="other"),
        resources=replace(spec.resources, fasta="/elsewhere/g.fa"),
    )
    lanes = {**INPUTS, "tumour": INPUTS["tumour"][::-1]}
    assert id_of(other, lanes) == id_of()
    assert len(id_of()) == 16


@pytest.mark.parametrize(
    "changed",
    [
        {"inputs": {**INPUTS, "normal": (reads("4" * 64),)}},
        {"inputs": {"tumour": INPUTS["normal"], "normal": INPUTS["tumour"]}},
        {"inputs": {"tumour": INPUTS["tumour"]}},
        {"resources": {**RESOURCES, "targets": "b" * 64}},
        {"digest": "e" * 64},
        {"spec": pair_spec(decision={"min_tumour_depth": 1})},
        {"spec": replace(pair_spec(), assay=replace(pair_spec().assay, padding=7))},
    ],
    ids=["reads", "roles exchanged", "no normal", "resource", "reference", "parameter", "padding"],
)
def test_everything_that_changes_a_result_changes_the_id(changed):
    assert id_of(**changed) != id_of()


def test_another_version_of_the_pipeline_is_other_work(monkeypatch):
    before = id_of()
    monkeypatch.setattr(provenance.checkout, "version", lambda: "9.9.9")
    assert id_of() != before


def test_tools_have_a_template_with_its_digest_and_resources_are_tools_of_their_own(tmp_path):
    table = tmp_path / "tools.tsv"
    row = ("alignment", "bwa", "0.7.17", "cli", "bwa mem {reads}")
    table.write_text("\t".join(COLUMNS) + "\n" + "\t".join(row) + "\n")
    parameters = {"b": 1, "a": "ü"}
    counts = {"population": {"records": 5}}
    resources = {"population": "b" * 64, "targets": "a" * 64}
    rows = provenance.tool_rows("r" * 16, [table], resources, counts, parameters)
    assert [(one["step"], one["tool"]) for one in rows] == [
        ("alignment", "bwa"),
        ("harmonised", "onconcord"),
        ("resource", "population"),
        ("resource", "targets"),
    ]
    assert rows[0] == {
        "run_id": "r" * 16,
        **dict(zip(COLUMNS, row, strict=True)),
        "command_sha256": hashlib.sha256(b"bwa mem {reads}").hexdigest(),
        "params_json": canonical_json(parameters),
        "conserved_json": None,
    }
    assert (rows[3]["version"], rows[3]["resource_sha256"]) == ("a" * 16, "a" * 64)
    assert [row["params_json"] for row in rows[2:]] == ['{"records":5}', None]


def test_what_went_into_each_tool_and_came_out_is_in_its_row(tmp_path, monkeypatch):
    table = tmp_path / "tools.tsv"
    tools = [
        *(("reference", "bcftools"), ("alignments", "fastp"), ("alignments", "samtools")),
        *(("calls", "bcftools"), ("qc", "mosdepth"), ("qc", "samtools")),
    ]
    lines = ["\t".join((*one, "1", "cli", "x")) for one in tools]
    table.write_text("\n".join(["\t".join(COLUMNS), *lines, ""]))
    counted = {
        "1_reference/population": [("bcftools index", "records", 6)],
        "1_reference/clinical": [("bcftools index", "records", 4)],
        "3_alignments/T": [("fastp", "given reads", 8), ("samtools flagstat", "primary reads", 8)],
        "3_alignments/N": [("samtools flagstat", "primary reads", 7)],
        "4_qc/samples/exome/T": [("mosdepth", "regions", 5)],
        "4_qc/samples/exome/N": [("mosdepth", "regions", 5)],
        "5_calls/a/T": [("bcftools norm", "alleles", 7), ("bcftools sort", "records", 7)],
        "5_calls/b/T": [("bcftools norm", "alleles", 2)],
        "6_evidence/T": [("recount of the tumour", "candidates", 3)],
    }
    files = []
    for name, counts in counted.items():
        files.append(tmp_path / "results" / f"{name}.counts.tsv")
        files[-1].parent.mkdir(parents=True, exist_ok=True)
        monkeypatch.setenv("ONCONCORD_COUNTS", str(files[-1]))
        for tool, what, number in counts:
            conserve(tool, "a file", what, number, number)
        subprocess.run(f"sha256sum < {files[-1]} >> {files[-1]}", shell=True, check=True)
    rows = provenance.tool_rows("r" * 16, [table], {}, {}, {}, files)
    assert [(row["tool"], row["conserved_json"]) for row in rows] == [
        ("fastp", '{"given reads":8}'),
        ("samtools", '{"flagstat primary reads":15}'),
        ("bcftools", '{"norm alleles":9,"sort records":7}'),
        ("mosdepth", '{"regions":10}'),
        ("samtools", None),
        ("bcftools", '{"index records":10}'),
        ("onconcord", '{"recount of the tumour candidates":3}'),
    ]
    files[0].write_text(files[0].read_text().replace("\t6\n", "\t7\n"))
    with pytest.raises(InputError, match="are not those it was written with"):
        provenance.tool_rows("r" * 16, [table], {}, {}, {}, files)


def test_every_reads_file_is_a_row_of_its_sample():
    ids = {"tumour": "TUM", "normal": "NOR"}
    rows = provenance.input_rows("r", INPUTS, ids)
    assert [(row["sample_id"], row["ordinal"], row["sha256"][0]) for row in rows] == [
        ("TUM", 1, "1"),
        ("TUM", 2, "2"),
        ("NOR", 1, "3"),
    ]


@pytest.mark.parametrize(
    ("sex", "karyotype"), [("female", "XX"), ("male", "XY"), ("other", "other"), (None, None)]
)
def test_a_patient_has_the_sex_of_the_sheet_in_the_code_of_the_contract(sex, karyotype):
    (row,) = provenance.subject_rows(pair_spec(sex=sex))
    assert row == {"subject_id": "PAT", "sex_karyotypic": karyotype, "consent_code": None}


def test_a_tumour_alone_has_one_sample():
    assert [row["role"] for row in provenance.sample_rows(pair_spec())] == ["tumor", "normal"]
    (row,) = provenance.sample_rows(pair_spec(normal=None))
    assert (row["sample_id"], row["subject_id"], row["role"]) == ("TUM", "PAT", "tumor")


def test_an_assay_counts_target_bases_and_genes_that_have_some():
    (row,) = provenance.assay_rows(pair_spec(), TARGETS, GENES, RESOURCES)
    assert (row["target_size_bp"], row["n_genes"]) == (250, 2)
    assert row["target_bed_sha256"] == RESOURCES["targets"]
    (without,) = provenance.assay_rows(pair_spec(), TARGETS, GENES.clear(), {})
    assert (without["n_genes"], without["target_bed_sha256"]) == (None, None)


def test_a_target_has_the_first_gene_that_it_meets_or_none():
    rows = provenance.assay_region_rows(pair_spec(), "GRCh37", TARGETS, GENES).rows(named=True)
    assert [(row["chrom"], row["start0"], row["gene_id"], row["feature"]) for row in rows] == [
        ("chr1", 0, "G1", "exon"),
        ("chr1", 500, "G1", "exon"),
        ("chr2", 0, None, None),
    ]


def test_a_gene_may_stand_behind_many_targets_without_one():
    starts = list(range(0, 30_000, 100))
    targets = pl.DataFrame(
        {"chrom": "chr1", "start0": starts, "end0": [at + 50 for at in starts]},
        schema=TARGETS.schema,
    )
    last = GENES.head(1).with_columns(pl.lit("chr1").alias("chrom"), start0=29_900, end0=29_950)
    rows = provenance.assay_region_rows(pair_spec(), "GRCh37", targets, last)
    assert rows["gene_id"].drop_nulls().to_list() == last["gene_id"].to_list()


def test_contigs_are_rows_of_the_reference(tmp_path):
    contigs = tmp_path / "contigs.tsv"
    names = list(ContigRow.__dataclass_fields__)
    lines = [
        ("chr20", "20", 63, "m" * 32, f"SQ.{'a' * 32}", 1, 3),
        ("decoy", "decoy", 5, "n" * 32, f"SQ.{'b' * 32}", 0, 0),
    ]
    contigs.write_text("".join("\t".join(map(str, row)) + "\n" for row in (names, *lines)))
    rows = provenance.contig_rows(contigs, "custom-1")
    assert [(row["source_name"], row["is_primary"], row["masked_bp"]) for row in rows] == [
        ("20", True, 3),
        ("decoy", False, 0),
    ]
    assert {row["reference_id"] for row in rows} == {"custom-1"}


def test_what_the_sheet_states_stands_in_the_rows_and_not_in_the_run_id():
    plain = pair_spec()
    told = replace(
        plain,
        stated={"age_years_at_index": 63},
        tumour=replace(plain.tumour, stated={"sample_type": "primary"}),
        assay=replace(plain.assay, stated={"capture_kit": "V6"}),
    )
    assert provenance.subject_rows(told)[0]["age_years_at_index"] == 63
    assert [row.get("sample_type") for row in provenance.sample_rows(told)] == ["primary", None]
    targets = pl.DataFrame({"chrom": ["chr1"], "start0": [0], "end0": [9]})
    genes = pl.DataFrame(schema={"start0": pl.Int64, "end0": pl.Int64, "gene_id": pl.String})
    assert provenance.assay_rows(told, targets, genes, {})[0]["capture_kit"] == "V6"
    ids = {provenance.run_id(spec, INPUTS, {}, "digest") for spec in (plain, told)}
    assert len(ids) == 1
