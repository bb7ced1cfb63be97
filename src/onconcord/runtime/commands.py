"""
What a run starts, read from the rules and scripts that start it.

A command template is the command as it stands in a rule's shell block, or in a shell script that
the block calls: its options, and a name in braces for each value. It names no thread, path or host.
"""

import re
import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from string import Formatter

from onconcord.calls.callers import read_caller
from onconcord.runtime.programs import Program

BEFORE_A_COMMAND = frozenset({"if", "then", "else", "elif", "do", "while", "!", "{", "run", "time"})
"""Words of the shell, and of the scripts, that a command may come after."""
_SHELL_SCRIPT = re.compile(r"\{(SCRIPTS|CALLERS_DIR):q\}/([\w/]+\.sh)")
_PYTHON_SCRIPT = re.compile(r"\{SCRIPTS:q\}/(\w+\.py)")
_RULE = re.compile(r"^rule (\w+):\n(.*?)(?=^\S|\Z)", re.M | re.S)
_CONDA = re.compile(r'^    conda:\s+"([^"]+)"', re.M)
_SHELL = re.compile(r'^    shell:\s+r?("""|")(.*?)\1', re.M | re.S)
_PATH = re.compile(r"(?<![A-Z])/")


def commands_of_environment(
    environment: Path, checkout: Path, tools: Collection[str]
) -> dict[tuple[str, str], tuple[str, ...]]:
    """
    Every command that the rules of one conda environment start.

    Args:
        environment: YAML of the environment, which rules name as `conda`.
        checkout: where workflow/ and scripts/ are. The name of a stage's .smk file says its step,
            and a caller's belongs to the step `calls`.
        tools: names of the programs that are looked for.
    Returns:
        Command templates by step and tool, in the order of the rules, each once.
    """
    by_step: dict[tuple[str, str], list[str]] = {}
    callers = checkout / "workflow/callers"
    files = [*checkout.glob("workflow/rules/*.smk"), *callers.glob("*/rules.smk")]
    for file in sorted(files):
        text = file.read_text(encoding="utf-8")
        for _, body in _RULE.findall(text):
            conda, shell = _CONDA.search(body), _SHELL.search(body)
            if not (
                conda and shell and (file.parent / conda[1]).resolve() == environment.resolve()
            ):
                continue
            for command in _commands_of_block(shell[2], checkout):
                tool = command.split(" ", 1)[0]
                if tool in tools:
                    by_step.setdefault((step_of(file), tool), []).append(command)
    thresholds = _thresholds(environment)
    return {
        key: tuple(dict.fromkeys(filled(command, thresholds) for command in commands))
        for key, commands in by_step.items()
    }


def step_of(rules: Path) -> str:
    """The step that rules of a file are: the word of their stage, and `calls` for a caller's."""
    return "calls" if rules.name == "rules.smk" else rules.stem.partition("_")[2]


def _thresholds(environment: Path) -> Mapping[str, float]:
    """Numbers that a caller's rules give to its tool, by the names they have there."""
    folder = environment.parent
    return read_caller(folder).thresholds if (folder / "caller.yaml").is_file() else {}


def _commands_of_block(shell: str, checkout: Path) -> Iterator[str]:
    """Commands of a shell block, as the .smk file has it, and of the scripts that it calls."""
    folders = {"SCRIPTS": checkout / "scripts", "CALLERS_DIR": checkout / "workflow/callers"}
    for folder, script in _SHELL_SCRIPT.findall(shell):
        yield from commands_of_shell((folders[folder] / script).read_text(encoding="utf-8"))
    for script in _PYTHON_SCRIPT.findall(shell):
        yield from (
            program.template for program in _programs_of_package() if program.script == script
        )
    text = ""
    for literal, name, _, _ in Formatter().parse(shell):
        text += literal
        if name is not None:
            text += f"{{{name.rpartition('.')[2]}}}"
    yield from commands_of_shell(text)


def _programs_of_package() -> tuple[Program, ...]:
    """What the package's own code starts; imported here, since a Snakefile needs none of it."""
    from onconcord.annotated import annotation
    from onconcord.evidence import collect, records, recount
    from onconcord.reference import resources

    modules = (resources, records, collect, recount, annotation)
    return tuple(
        value for module in modules for value in vars(module).values() if isinstance(value, Program)
    )


def commands_of_shell(text: str) -> Iterator[str]:
    """
    Command templates of a shell text, in its order: every command, of a tool or of the shell.

    Args:
        text: shell, in which `{name}` stands for a value that is filled in.
    """
    text = re.sub(r"^\s*#.*$", "", text, flags=re.M).replace("\\\n", " ")
    lexer = shlex.shlex(text, posix=True, punctuation_chars="();<>|&\n")
    lexer.whitespace, lexer.whitespace_split, lexer.commenters = " \t\r", True, ""
    words: list[str] = []
    tokens = iter(lexer)
    for token in tokens:
        if set(token) <= set("<>&") and set(token) & set("<>"):
            if words and words[-1].isdigit():
                words.pop()
            next(tokens, None)
        elif set(token) <= set("();<>|&\n") or (not words and token in BEFORE_A_COMMAND):
            if words:
                yield template(words)
            words = []
        else:
            words.append(token)
    if words:
        yield template(words)


def template(words: Iterable[str]) -> str:
    """One command as text: a name in braces for each shell variable, `{path}` for each path."""
    shown = []
    for word in words:
        word = re.sub(r"\$\{?[0-9@][^}\s]*\}?", "{arguments}", word)
        word = re.sub(r"\$\{(\w+)[^}]*\}|\$(\w+)", lambda m: f"{{{m[1] or m[2]}}}", word)
        if _PATH.search(word) and " " not in word:
            word = "{path}"
        shown.append(word if re.fullmatch(r"[\w.,:=+@^{}-]+", word) else shlex.quote(word))
    return " ".join(shown)


def filled(command: str, values: Mapping[str, object]) -> str:
    """A command template with the values that are known, such as a caller's thresholds."""
    return re.sub(r"\{(\w+)\}", lambda m: str(values.get(m[1], m[0])), command)
