"""
A tool that ends well and has damaged what it wrote; started by the name of the tool it hides.

LIES names the tool, with its command where it has several, and how it lies: `bcftools norm=half`.
A tool that takes seconds is run once: STORE keeps what it wrote, for when it is asked again.
"""

import gzip
import hashlib
import io
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tarfile
from itertools import pairwise
from pathlib import Path

WITH_COMMANDS = {"bcftools", "samtools", "gatk", "snpEff", "bwa"}
SLOW = {"gatk", "snpEff", "mosdepth", "freebayes", "bwa"}
OUT = {"-o", "--output", "--out", "--f1r2-tar-gz", "--tumor-segmentation", "-csvStats"}
PREDICTOR = "results/1_reference/snpeff/data/genome/snpEffectPredictor.bin"
HEADER = re.compile(rb"^[#@>]")
HERE = os.path.dirname(os.path.abspath(sys.argv[0]))
PATH = os.pathsep.join(one for one in os.environ["PATH"].split(os.pathsep) if one != HERE)


def real(tool, *words, data=None):
    """What the real tool writes to standard output."""
    os.environ["PATH"] = PATH
    done = subprocess.run(
        [shutil.which(tool, path=PATH), *words], input=data, stdout=-1, check=False
    )
    if done.returncode:
        sys.exit(done.returncode)
    return done.stdout


def outputs(tool, command, words):
    """Files that a call writes; those that are there afterwards count."""
    files = [Path(after) for word, after in pairwise(words) if word in OUT]
    if "--nrecords" in words:
        return []
    if tool == "mosdepth":
        prefix = Path(words[-2])
        endings = ("mosdepth.summary.txt", "regions.bed.gz", "quantized.bed.gz")
        return [prefix.with_name(f"{prefix.name}.{end}") for end in endings]
    if (tool, command) == ("snpEff", "build"):
        return [Path(PREDICTOR)]
    if (tool, command) == ("samtools", "faidx"):
        return [Path(f"{words[-1]}.fai")]
    if command == "index":
        options = {"--tbi", "--csi", "--force"}
        source = next(one for one in words[1:] if one not in options and Path(one).suffix != ".bai")
        ending = {"samtools": ".bai", "bcftools": ".tbi"}[tool]
        return [*files, *([] if files else [Path(source + ending)])]
    if tool == "tabix":
        return [Path(words[-1] + ".tbi")]
    return [one for one in files if not str(one).startswith("/dev/")]


def run(tool, words, files):
    """Standard output of a call, whose files are where they belong."""
    if tool not in SLOW:
        return real(tool, *words)
    named = re.sub(r"/tmp\.\w+", "", "\0".join([tool, *words]))
    store = Path(os.environ["STORE"]) / hashlib.sha256(named.encode()).hexdigest()[:16]
    beside = [Path(f"{file}{end}") for file in files for end in ("", ".tbi", ".csi", ".stats")]
    if not store.is_dir():
        said = real(tool, *words)
        store.mkdir(parents=True)
        (store / "stdout").write_bytes(said)
        for number, file in enumerate(beside):
            if file.is_file():
                shutil.copy(file, store / str(number))
        return said
    if stat.S_ISFIFO(os.fstat(0).st_mode):
        sys.stdin.buffer.read()
    for number, file in enumerate(beside):
        if (store / str(number)).is_file():
            file.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(store / str(number), file)
    return (store / "stdout").read_bytes()


def halved(text):
    """Text with its header and every second line of the rest, or with no other line."""
    lines = text.splitlines(keepends=True)
    if lines and lines[0][:1] == b"@" and lines[2:3] == [b"+\n"]:
        return b"".join(lines[: len(lines) // 8 * 4 if KIND == "half" else 0])
    header = [line for line in lines if HEADER.match(line)]
    rest = [line for line in lines if not HEADER.match(line)]
    if not header and rest and b"\t" in rest[0] and not any(c.isdigit() for c in rest[0].decode()):
        header, rest = rest[:1], rest[1:]
    return b"".join(header + (rest[: len(rest) // 2] if KIND == "half" else []))


def damaged(data):
    """What a lying tool makes of its own output."""
    if KIND == "cut":
        return data[: len(data) * 2 // 3]
    if KIND == "no end":
        return data[:-28]
    if data[:2] == b"\x1f\x8b":
        inside = gzip.decompress(data)
        if inside[:3] == b"BCF":
            text = halved(real("bcftools", "view", "--no-version", data=inside))
            return real("bcftools", "view", "--no-version", "-O", "b", data=text)
        if inside[:4] == b"BAM\1":
            text = halved(real("samtools", "view", "-h", "-", data=data))
            return real("samtools", "view", "-b", "-", data=text)
        if b"ustar" in inside[:600]:
            return tar_of({name: halved(table) for name, table in tables_of(inside).items()})
        if inside.startswith(b"SnpEff"):
            lines = inside.splitlines(keepends=True)
            return gzip.compress(b"".join(lines[: len(lines) // 2 if KIND == "half" else 3]))
        return real("bgzip", "-c", data=halved(inside))
    if data[:3] == b"BCF":
        text = halved(real("bcftools", "view", "--no-version", data=data))
        return real("bcftools", "view", "--no-version", "-O", "u", data=text)
    if data[:1] == b"{":
        return json.dumps(smaller(json.loads(data)) if KIND == "half" else {}).encode()
    return halved(data)


def smaller(value):
    if isinstance(value, dict):
        return {key: smaller(one) for key, one in value.items()}
    return value // 2 if isinstance(value, int) else value


def tables_of(data):
    with tarfile.open(fileobj=io.BytesIO(data)) as file:
        return {one.name: file.extractfile(one).read() for one in file if one.isfile()}


def tar_of(tables):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as file:
        for name, table in tables.items():
            info = tarfile.TarInfo(name)
            info.size = len(table)
            file.addfile(info, io.BytesIO(table))
    return data.getvalue()


def lie_of_index(tool, file):
    """An index that is cut off, or of half of the file or of its header alone."""
    if KIND == "cut":
        return file.read_bytes()[: file.stat().st_size // 3]
    source = Path(str(file).removesuffix(".tbi").removesuffix(".bai"))
    part = Path(os.environ["STORE"]) / f"part{''.join(source.suffixes[-2:])}"
    part.write_bytes(damaged(source.read_bytes()))
    options = (
        ["-p", "vcf"] if tool == "tabix" else ["index", *(["-t"] if tool == "bcftools" else [])]
    )
    real(tool, *options, "-f" if tool != "samtools" else "-b", str(part))
    return Path(f"{part}{file.suffix}").read_bytes()


def main():
    global KIND
    tool, words = os.path.basename(sys.argv[0]), sys.argv[1:]
    plain = [one for at, one in enumerate(words) if at == 0 or words[at - 1] != "--java-options"]
    command = next((one for one in plain if not one.startswith("-")), "")
    name = f"{tool} {command}" if tool in WITH_COMMANDS else tool
    named, _, KIND = os.environ.get("LIES", "").partition("=")
    stream = Path(os.environ["STORE"]) / "stream"
    streamed = "/dev/fd/3" in words
    words = [str(stream) if word == "/dev/fd/3" else word for word in words]
    files = outputs(tool, command, words)
    said = run(tool, words, files)
    if name == named and "--nrecords" not in words:
        (Path(os.environ["STORE"]) / "lied").touch()
        written = [file for file in files if file.is_file() and file.suffix != ".csv"]
        for file in written:
            index = (command == "index" and tool != "bwa") or tool == "tabix"
            lie = lie_of_index(tool, file) if index else damaged(file.read_bytes())
            file.write_bytes(lie)
        said = said if written or not said else damaged(said)
    if streamed:
        os.write(3, stream.read_bytes())
    try:
        sys.stdout.buffer.write(said)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        os._exit(0)


main()
