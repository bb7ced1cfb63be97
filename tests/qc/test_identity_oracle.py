"""Odds of one person against two, beside Picard's CrosscheckFingerprints on the same genotypes."""

import subprocess

import numpy as np
import pysam
import pytest

from onconcord.qc.identity import compare_genotypes
from people import RULES, SITES, People

pytestmark = pytest.mark.e2e

LENGTH = 3000 * SITES + 1000
ERROR = 0.003
NORMAL = "normal"


@pytest.fixture(scope="module")
def pileups():
    """A normal, and tumours of the same and of another person, whole, altered or contaminated."""
    people = People(1)
    shares = {
        "same": people.first,
        "altered": people.tumour,
        "contaminated": 0.9 * people.first + 0.1 * people.second,
        "other": people.second,
    }
    made = {name: people.pileup(share, 150) for name, share in shares.items()}
    return {NORMAL: people.pileup(people.first, 80), **made}


def phred_likelihoods(pileup):
    """Of each genotype at each site, from the read counts: shape (sites, 3)."""
    from scipy.stats import binom

    alt, depth = (
        pileup["alt_count"].to_numpy(),
        (pileup["ref_count"] + pileup["alt_count"]).to_numpy(),
    )
    logs = np.stack([binom.logpmf(alt, depth, share) for share in (ERROR, 0.5, 1 - ERROR)], axis=1)
    scaled = -10 * (logs - logs.max(axis=1, keepdims=True)) / np.log(10)
    return np.minimum(np.rint(scaled), 9999).astype(int)


@pytest.fixture(scope="module")
def picard_lods(pileups, tmp_path_factory):
    """Picard's LOD of each tumour with the normal: plain, and as of a tumour and its normal."""
    folder = tmp_path_factory.mktemp("picard")
    header = pysam.VariantHeader()
    header.contigs.add("20", length=LENGTH)
    header.formats.add("GT", 1, "String", "Genotype")
    header.formats.add("PL", "G", "Integer", "Likelihoods")
    for name in pileups:
        header.add_sample(name)
    genotypes = ((0, 0), (0, 1), (1, 1))
    likelihoods = {name: phred_likelihoods(pileup) for name, pileup in pileups.items()}
    normal = pileups[NORMAL]
    with pysam.VariantFile(str(folder / "all.vcf.gz"), "w", header=header) as file:
        for site, position in enumerate(normal["position"]):
            record = file.new_record(
                "20", position - 1, position, ("A", "C"), qual=100, filter="PASS"
            )
            for name, table in likelihoods.items():
                record.samples[name]["GT"] = genotypes[int(table[site].argmin())]
                record.samples[name]["PL"] = tuple(map(int, table[site]))
            file.write(record)
    pysam.tabix_index(str(folder / "all.vcf.gz"), preset="vcf")
    columns = "#CHROMOSOME\tPOSITION\tNAME\tMAJOR_ALLELE\tMINOR_ALLELE\tMAF\tANCHOR_SNP\tPANELS\n"
    rows = [
        f"20\t{position}\tsite{position}\tA\tC\t{frequency:.6f}\t\t\n"
        for position, frequency in normal.select("position", "allele_frequency").iter_rows()
    ]
    sequence = f"@HD\tVN:1.6\tSO:coordinate\n@SQ\tSN:20\tLN:{LENGTH}\n"
    (folder / "haplotypes.txt").write_text(sequence + columns + "".join(rows))
    command = ["gatk", "CrosscheckFingerprints", "-I", "all.vcf.gz", "-H", "haplotypes.txt"]
    command += ["--CROSSCHECK_BY", "SAMPLE", "-O", "lods.txt", "--EXIT_CODE_WHEN_MISMATCH", "0"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    lines = (folder / "lods.txt").read_text().splitlines()
    lines = [line.split("\t") for line in lines if line and not line.startswith("#")]
    rows = [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]
    return {
        row["LEFT_SAMPLE"]: (float(row["LOD_SCORE"]), float(row["LOD_SCORE_TUMOR_NORMAL"]))
        for row in rows
        if row["RIGHT_SAMPLE"] == NORMAL and row["LEFT_SAMPLE"] != NORMAL
    }


@pytest.mark.parametrize(
    ("tumour", "one_person"),
    [("same", True), ("altered", True), ("contaminated", True), ("other", False)],
)
def test_picard_says_the_same_of_whose_dna_it_is(pileups, picard_lods, tumour, one_person):
    ours = compare_genotypes(pileups[tumour], pileups[NORMAL], RULES).lod.value
    plain, of_tumour = picard_lods[tumour]
    assert (ours > 3, of_tumour > 3) == (one_person, one_person)
    assert (ours < -3, of_tumour < -3) == (not one_person, not one_person)
    assert ours == pytest.approx(plain, rel=0.25)
