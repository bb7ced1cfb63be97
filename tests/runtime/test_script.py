"""What a script's main returns."""

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


def test_a_mistake_of_ours_keeps_its_traceback():
    @script
    def main(argv):
        raise KeyError("x")

    with pytest.raises(KeyError):
        main()
