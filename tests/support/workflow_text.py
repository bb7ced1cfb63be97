"""What the workflow's files say: their rules, shell blocks and names, read without Snakemake."""

import ast
import tokenize
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

STATEMENTS = {"rule", "def", "class", "checkpoint"}
DIRECTIVES = {"include", "localrules", "ruleorder", "wildcard_constraints"}


def logical_lines(path: Path) -> Iterator[list[tokenize.TokenInfo]]:
    """Tokens of each logical line; blank lines and comments are left out."""
    line: list[tokenize.TokenInfo] = []
    passed_over = {tokenize.COMMENT, tokenize.NL, tokenize.INDENT, tokenize.DEDENT}
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            if token.type in (tokenize.NEWLINE, tokenize.ENDMARKER):
                if line:
                    yield line
                line = []
            elif token.type not in {*passed_over, tokenize.ENCODING}:
                line.append(token)


def shell_blocks(path: Path) -> dict[str, str]:
    """Text of the shell block of each rule of a file, its placeholders as they stand there."""
    blocks: dict[str, str] = {}
    rule, in_shell = "", False
    for line in logical_lines(path):
        words = [token.string for token in line]
        if words[0] in ("rule", "checkpoint") and line[0].start[1] == 0:
            rule = words[1]
        if in_shell:
            blocks[rule] = "".join(ast.literal_eval(word) for word in words)
        in_shell = words == ["shell", ":"]
        if words[:2] == ["shell", ":"] and not in_shell:
            blocks[rule] = "".join(ast.literal_eval(word) for word in words[2:])
    return blocks


def placeholders(shell: str) -> list[str]:
    """Every `{...}` of a shell block that Snakemake fills in, without its braces."""
    return [
        name + (f":{spec}" if spec else "")
        for _, name, spec, _ in Formatter().parse(shell)
        if name is not None
    ]


def unquoted(shell: str) -> list[str]:
    """Placeholders that the shell would split or expand; the numbers Snakemake sets are not."""
    return [
        one
        for one in placeholders(shell)
        if one != "threads" and not one.startswith("resources.") and not one.endswith(":q")
    ]


def as_shell(shell: str) -> str:
    """A shell block as shell: what Snakemake fills in is a variable, in quotes where it quotes."""
    text = ""
    for literal, name, spec, _ in Formatter().parse(shell):
        text += literal
        if name == "threads":
            text += "1"
        elif name is not None:
            variable = "$" + name.replace(".", "_")
            text += f'"{variable}"' if spec == "q" else variable
    return text


def names_at_top(path: Path) -> Iterator[str]:
    """
    Names that a file adds to those all files of the workflow share: functions, rules, variables.

    A statement that is none of these, an import for instance, is given as its first words.
    """
    for line in logical_lines(path):
        words = [token.string for token in line]
        if line[0].start[1] or line[0].type == tokenize.STRING or words[0] in DIRECTIVES:
            continue
        if words[0] in STATEMENTS:
            yield words[1]
        elif words[1:2] == ["="]:
            yield words[0]
        else:
            yield " ".join(words[:2])
