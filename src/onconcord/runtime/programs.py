"""Programs that the package itself starts, each with the command template that the tables show."""

import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from onconcord.errors import ToolError


@dataclass(frozen=True)
class Program:
    """
    A command that the code behind a script starts.

    Args:
        script: file of `scripts/`, which rules start; their step is that of the command.
        template: its words; a word `{name}` stands for a value, or for any number of words.
    """

    script: str
    template: str

    def words(self, **values: str | Sequence[str]) -> list[str]:
        """The words of the command line, every `{name}` replaced by its value."""
        words: list[str] = []
        for word in shlex.split(self.template):
            value = values[word[1:-1]] if word[0] + word[-1] == "{}" else word
            words += [value] if isinstance(value, str) else value
        return words

    def run(self, stdin: bytes | None = None, **values: str | Sequence[str]) -> bytes:
        """
        Run the command to its end; what it writes to standard output.

        Raises:
            ToolError: it failed; with what it says.
        """
        words = self.words(**values)
        done = subprocess.run(words, input=stdin, capture_output=True, check=False)
        if done.returncode:
            message = done.stderr.decode(errors="replace").strip()
            raise ToolError(f"{' '.join(words[:2])} ended with {done.returncode}: {message}")
        return done.stdout
