"""What a script's main returns."""

import errno

import pytest

from onconcord.errors import InputError, ToolError
from onconcord.runtime.script import script


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        pytest.param(None, 0, "", id="no error"),
        pytest.param(
            InputError.at("a.tsv", "is empty.", 3), 2, "error: a.tsv, line 3: is empty.\n"
        ),
        pytest.param(ToolError("bwa failed"), 3, "error: bwa failed\n", id="a tool"),
    ],
)
def test_an_error_of_a_user_is_one_message_and_its_exit_code(capsys, error, code, said):
    @script
    def main(argv):
        assert argv == ["--all"]
        if error:
            raise error

    assert main(["--all"]) == code
    assert capsys.readouterr().err == said


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(OSError(errno.ENOSPC, "No space left on device", "{}/half"), id="Python"),
        pytest.param(OSError(errno.EDQUOT, "Disk quota exceeded", "{}/half"), id="a quota"),
        pytest.param(RuntimeError("write: No space left on device (os error 28)"), id="a library"),
    ],
)
def test_a_full_disk_is_one_sentence(capsys, tmp_path, monkeypatch, error):
    monkeypatch.chdir(tmp_path)
    if isinstance(error, OSError):
        error = OSError(error.errno, error.strerror, error.filename.format(tmp_path))

    @script
    def main(argv):
        raise error

    assert main() == 3
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {tmp_path}: ")
    assert line.endswith("and run again; what is finished is kept.")


def test_a_mistake_of_ours_keeps_its_traceback():
    @script
    def main(argv):
        raise KeyError("x")

    with pytest.raises(KeyError):
        main()
