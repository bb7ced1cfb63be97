"""Every FASTQ that holds the mates of the same reads is taken, whatever its form; no other is."""

import bz2
import gzip
import io
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compressed_forms import FORMS, bgzip
from onconcord.compressed import BGZF_END
from onconcord.errors import InputError
from onconcord.reads import fastq
from onconcord.reads.fastq import read_lane, write_pairs

SUFFIXES = {
    "none": ("", ""),
    "slash": ("/1", "/2"),
    "Illumina": (" 1:N:0:ACGT", " 2:N:0:ACGT"),
    "SRA": (".1", ".2"),
    "capitals": ("_R1", "_R2"),
    "capitals after a colon": (":R1", ":R2"),
    "SRA with comments": (".1 1 length=8", ".2 1 length=8"),
    "tabs": ("\tBC:Z:AC GT\tx", "\tBC:Z:AC GT\ty"),
}


def records(count, seed=0, low="#", high="I"):
    """Names, bases and qualities of some pairs, as text."""
    chosen = random.Random(seed)
    made = []
    for number in range(count):
        length = chosen.randint(1, 60)
        bases = ["".join(chosen.choices("ACGTN", k=length)) for _ in range(2)]
        scores = [
            "".join(chr(chosen.randint(ord(low), ord(high))) for _ in range(length))
            for _ in range(2)
        ]
        made.append((f"M:1:FC:1:{number}:{chosen.randint(1, 999)}", bases, scores))
    return made


def text_of(made, mate, suffix):
    lines = (f"@{n}{suffix[mate]}\n{b[mate]}\n+\n{q[mate]}\n" for n, b, q in made)
    return "".join(lines).encode()


def lane(folder, made, suffix=("/1", "/2"), forms=("gzip", "gzip"), names=("a", "b")):
    paths = [folder / name for name in names]
    for mate, path in enumerate(paths):
        path.write_bytes(FORMS[forms[mate]](text_of(made, mate, suffix)))
    return paths


def pairs_of(paths):
    out = io.BytesIO()
    write_pairs("L1", *paths, out)
    return out.getvalue().decode()


def interleaved(made):
    return "".join(
        f"@{name}\n{bases[mate]}\n+\n{scores[mate]}\n"
        for name, bases, scores in made
        for mate in (0, 1)
    )


def message(paths, head_only=False):
    with pytest.raises(InputError) as error:
        read_lane("L1", paths, head_only=head_only)
    (fault,) = error.value.faults
    return str(fault).replace(f"{paths[0].parent}/", "")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_form_of_a_lane_gives_the_same_pairs(tmp_path, form, suffix):
    made = records(30)
    paths = lane(tmp_path, made, SUFFIXES[suffix], (form, "gzip"), ("r1.BAM", "r2"))
    assert pairs_of(paths) == interleaved(made)
    assert [file.reads for file in read_lane("L1", paths)] == [30, 30]
    assert read_lane("L1", paths, head_only=True)


def test_the_format_is_that_of_the_content(tmp_path):
    paths = lane(tmp_path, records(3), forms=("plain", "bgzip"), names=("a.fq.gz", "b.txt"))
    assert [file.format for file in read_lane("L1", paths)] == ["fastq", "fastq.gz"]


@pytest.mark.parametrize("form", [gzip.compress, bgzip, lambda data: gzip.compress(data) * 3])
@pytest.mark.parametrize("head_only", [False, True])
def test_the_lane_of_a_dead_sample_has_no_pair(tmp_path, form, head_only):
    paths = [tmp_path / "a", tmp_path / "b"]
    for path in paths:
        path.write_bytes(form(b""))
    assert [file.reads for file in read_lane("L1", paths, head_only=head_only)] == [0, 0]
    assert pairs_of(paths) == ""


def test_a_file_without_reads_beside_one_with_many_is_found_at_their_beginnings(tmp_path):
    first, second = lane(tmp_path, records(3000), forms=("plain", "plain"))
    first.write_bytes(gzip.compress(b""))
    found = message([first, second], head_only=True)
    assert "a has 0 reads, b has at least " in found


def test_the_ends_of_lines_may_change_within_a_file(tmp_path):
    made = records(40)
    paths = lane(tmp_path, made, forms=("plain", "plain"))
    for path in paths:
        lines = path.read_bytes().splitlines(keepends=True)
        windows = b"".join(lines[80:]).replace(b"\n", b"\r\n")
        path.write_bytes(b"".join(lines[:80]) + windows.removesuffix(b"\n"))
    assert pairs_of(paths) == interleaved(made)


def test_reads_of_no_base_are_reads(tmp_path):
    made = [("a", ["", ""], ["", ""]), ("b", ["AC", ""], ["II", ""])]
    assert pairs_of(lane(tmp_path, made)) == interleaved(made)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(
            lambda data: gzip.compress(data)[:-4],
            "b: it stops in the middle of its gzip data, after 20 whole reads. Copy the file again "
            "from its source and compare its checksum.",
            id="truncated",
        ),
        pytest.param(
            lambda data: bgzip(data).removesuffix(BGZF_END),
            "b: it lacks the empty block that ends BGZF, after 20 whole reads. Copy the file again "
            "from its source and compare its checksum.",
            id="without its last block",
        ),
        pytest.param(
            lambda data: gzip.compress(data)[:-8] + bytes(8),
            "b: its gzip data are damaged (Error -3 while decompressing data: incorrect data "
            "check), after 0 whole reads. Copy the file again from its source and compare its "
            "checksum.",
            id="damaged",
        ),
        pytest.param(
            lambda data: b"",
            "b: holds no read. Give the lane's reads, or remove the lane from the sheet.",
            id="empty",
        ),
        pytest.param(
            lambda data: gzip.compress(b""),
            "b: R1 and R2 of lane L1 differ in length: a has 20 reads, b has 0. The two files must "
            "hold the mates of the same reads in the same order: copy the shorter one again.",
            id="nothing inside",
        ),
        pytest.param(
            lambda data: data.replace(b"@M:1:FC:1:3:", b">M:1:FC:1:3:"),
            'b, line 13: begins with ">M:1:FC:1:3:138/2", expected "@": a record of FASTQ has four '
            "lines, @name, bases, + and qualities. Give the FASTQ of the lane.",
            id="not FASTQ in the middle",
        ),
        pytest.param(
            lambda data: data + b"@M:half/2\nACGT\n",
            "b, line 81: the last read has 2 of its four lines. Copy the file again from its "
            "source and compare its checksum.",
            id="half a record",
        ),
        pytest.param(
            lambda data: b"@M:1/2\nAC\n+\nII\n@M:2/2\nA!\n+\nII\n",
            'b, line 6: "!" is no base. Copy the file again from its source and compare its '
            "checksum.",
            id="no base",
        ),
        pytest.param(
            lambda data: b"@M:1/2\nAC\n+\nI\x07\n",
            'b, line 4: "\\x07" is no quality. Copy the file again from its source and compare its '
            "checksum.",
            id="no quality",
        ),
        pytest.param(
            lambda data: data.replace(b"@M:1:FC:1:3:", b"@" + b"M" * 260),
            f'b, line 13: "{"M" * 40}" is no name of a read: expected 1 to 254 signs, of which the '
            "first is not @. Rename the reads (seqkit replace).",
            id="a name that BAM cannot hold",
        ),
        pytest.param(
            lambda data: data.replace(b"@M:1:FC:1:3:", b"@@M:1:FC:1:3:"),
            'b, line 13: "@M:1:FC:1:3:138/2" is no name of a read: expected 1 to 254 signs, of '
            "which the first is not @. Rename the reads (seqkit replace).",
            id="a name that is a header of SAM",
        ),
        pytest.param(
            lambda data: data.replace(b"@M:1:FC:1:3:138/2", b"@ 2:N:0:A"),
            'b, line 13: "" is no name of a read: expected 1 to 254 signs, of which the first is '
            "not @. Rename the reads (seqkit replace).",
            id="no name",
        ),
        pytest.param(
            lambda data: gzip.compress(data) * 2,
            f'b, line 81: the name "{records(1)[0][0]}/2" is there already: every read of a file '
            "has a name of its own. Was the file appended to itself? Give each read once.",
            id="appended to itself",
        ),
        pytest.param(
            lambda data: b"@r 2:N:0:A\nAC\n+\nII\n" * 3,
            'b, line 5: the name "r" is there already: every read of a file has a name of its own. '
            "Was the file appended to itself? Give each read once.",
            id="one name for all",
        ),
        pytest.param(
            bz2.compress,
            "b: it is packed as bzip2: expected plain text or gzip, so unpack it.",
            id="packed otherwise",
        ),
    ],
)
def test_a_file_that_is_wrong_is_refused_where_it_is(tmp_path, change, expected):
    paths = lane(tmp_path, records(20))
    paths[1].write_bytes(change(text_of(records(20), 1, ("/1", "/2"))))
    assert message(paths) == expected


def test_qualities_of_another_scale_are_refused(tmp_path):
    paths = lane(tmp_path, records(20))
    paths[0].write_bytes(text_of(records(20, low="B", high="h"), 0, ("/1", "/2")))
    expected = (
        "a: its qualities go from 'B' to 'h', which is the offset 64 of Illumina 1.3 to 1.7; "
        "expected offset 33. Convert the file with seqtk seq -Q64 -V."
    )
    assert message(paths) == message(paths, head_only=True) == expected


@pytest.mark.parametrize("high", ["I", "K"])
def test_good_qualities_without_a_low_one_are_taken(tmp_path, high):
    assert read_lane("L1", lane(tmp_path, records(20, low="D", high=high)))


def test_mates_that_are_out_of_step_are_named_by_their_first(tmp_path):
    made = records(9000)
    paths = lane(tmp_path, made)
    paths[0].write_bytes(gzip.compress(text_of([*made[:7000], *made[7001:]], 0, ("/1", "/2"))))
    paths[1].write_bytes(gzip.compress(text_of(made[:-1], 1, ("/1", "/2"))))
    first, second = (f"{made[at][0]}/{mate}" for at, mate in ((7001, 1), (7000, 2)))
    assert message(paths) == (
        f'b, line 28001: R1 and R2 of lane L1 are out of step: read 7001 of a is "{first}", of b '
        f'"{second}". Copy both again from their source, or pair them by name (seqkit pair).'
    )


@pytest.mark.parametrize(
    ("suffix", "expected"),
    [
        pytest.param(
            ("/2", "/1"),
            "b: R1 and R2 of lane L1 do not belong together: ",
            id="slash",
        ),
        pytest.param(
            (" 2:N:0:A", " 1:N:0:A"),
            "b: a has the second mates of lane L1 and b the first: exchange fastq_1 and fastq_2.",
            id="Illumina",
        ),
        pytest.param(
            (" 1:N:0:A", " 1:N:0:A"),
            "b: a and b of lane L1 both say that they have mates 1: give the first mates as "
            "fastq_1 and the second as fastq_2.",
            id="twice the first",
        ),
    ],
)
def test_mates_in_the_wrong_place_are_refused(tmp_path, suffix, expected):
    assert message(lane(tmp_path, records(5), suffix)).startswith(expected)


def test_faults_of_both_files_come_at_once(tmp_path):
    paths = lane(tmp_path, records(5))
    for path in paths:
        path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(InputError) as error:
        read_lane("L1", paths)
    assert [fault.source for fault in error.value.faults] == [str(path) for path in paths]


@given(data=st.data())
def test_a_lane_is_taken_as_in_its_plain_form_or_refused_in_words(data, tmp_path_factory):
    """One random lane in a random form, with or without something that users did to theirs."""
    draw = data.draw
    folder = tmp_path_factory.mktemp("lane")
    made = records(draw(st.integers(2, 40)), draw(st.integers(0, 10_000)))
    suffix = SUFFIXES[draw(st.sampled_from(sorted(SUFFIXES)))]
    forms = [draw(st.sampled_from(sorted(FORMS))) for _ in range(2)]
    texts = [text_of(made, mate, suffix) for mate in (0, 1)]
    hit = draw(st.sampled_from([0, 1]))
    harm = draw(st.sampled_from(["none", "byte", "cut", "record lost", "line lost", "exchanged"]))
    lines = texts[hit].split(b"\n")
    at = draw(st.integers(0, len(made) - 2)) * 4
    if harm == "record lost":
        lines[at : at + 4] = []
    elif harm == "line lost":
        del lines[at + draw(st.integers(0, 3))]
    elif harm == "exchanged":
        lines[at : at + 8] = lines[at + 4 : at + 8] + lines[at : at + 4]
    texts[hit] = b"\n".join(lines)
    files = [bytearray(FORMS[form](text)) for form, text in zip(forms, texts, strict=True)]
    if harm == "byte":
        files[hit][draw(st.integers(0, len(files[hit]) - 1))] ^= draw(st.integers(1, 255))
    elif harm == "cut":
        del files[hit][draw(st.integers(0, len(files[hit]) - 1)) :]
    paths = [folder / "a", folder / "b"]
    for path, file in zip(paths, files, strict=True):
        path.write_bytes(file)
    found, refusal = None, ""
    try:
        found = pairs_of(paths)
    except InputError as error:
        refusal = str(error)
    if harm == "none":
        assert (found, refusal) == (interleaved(made), "")
    elif found is None:
        assert str(folder) in refusal
    else:
        # A byte of a base or a quality tells nothing in plain text, nor does a whole shorter file.
        assert harm in ("byte", "cut")
        assert forms[hit] == "plain" or found == interleaved(made)


def test_only_the_beginning_is_read_of_a_long_file(tmp_path, monkeypatch):
    monkeypatch.setattr(fastq, "HEAD_BYTES", 400)
    made = records(50)
    paths = lane(tmp_path, made)
    paths[1].write_bytes(paths[1].read_bytes()[:-20])
    assert read_lane("L1", paths, head_only=True)
    assert message(paths).startswith("b: it stops in the middle of its gzip data, after ")
