"""Detached signatures of a text, as OpenSSH makes and checks them: `ssh-keygen -Y`."""

import os
import re
import subprocess
from pathlib import Path

from onconcord.errors import InputError, ToolError

NAMESPACE = "onconcord"
"""What a signature is for, in the sense of ssh-keygen -Y; one made for e-mail is none for this."""

_SIGNED_BY = re.compile(rf'Good "{NAMESPACE}" signature with \S+ key (SHA256:\S+)')
_NO_QUESTIONS = {"SSH_ASKPASS": "false", "SSH_ASKPASS_REQUIRE": "force"}


def sign(text: bytes, key_file: Path) -> str:
    """
    A detached signature in OpenSSH's form; the same text and key give the same signature.

    Args:
        text: what is signed.
        key_file: an unencrypted Ed25519 key as ssh-keygen writes it, readable by its owner alone.
    Raises:
        InputError: the key cannot be read, is encrypted, or is of another kind.
        ToolError: ssh-keygen is not installed.
    """
    wanted = 'expected one that `ssh-keygen -t ed25519 -N ""` wrote'
    kind, _ = _key(key_file, wanted)
    if kind != "ED25519":  # signatures of other kinds differ from time to time
        raise InputError.at(key_file, f"the signing key is of the kind {kind}; {wanted}")
    done = _ssh_keygen("sign", "-q", "-f", key_file, "-n", NAMESPACE, text=text)
    if done.returncode:
        raise InputError.at(key_file, f"the signing key cannot be used ({_said(done)}); {wanted}")
    return done.stdout.decode()


def signed_by(text: bytes, signature: Path) -> str:
    """
    Fingerprint of the key that made a signature of a text, as `ssh-keygen -l` writes it.

    Raises:
        ValueError: it is not an OpenSSH signature for onconcord, or not of this text.
        ToolError: ssh-keygen is not installed.
    """
    done = _ssh_keygen("check-novalidate", "-n", NAMESPACE, "-s", signature, text=text)
    match = _SIGNED_BY.match(done.stdout.decode())
    if done.returncode or match is None:
        raise ValueError(_said(done))
    return match[1]


def fingerprint(key_file: Path) -> str:
    """
    Fingerprint of a key, public or private, as `ssh-keygen -l` writes it.

    Raises:
        InputError: it cannot be read.
        ToolError: ssh-keygen is not installed.
    """
    return _key(key_file, "expected the .pub file of ssh-keygen")[1]


def _key(key_file: Path, wanted: str) -> tuple[str, str]:
    """Kind and fingerprint of a key."""
    done = _run(["ssh-keygen", "-l", "-f", key_file])
    words = done.stdout.decode(errors="replace").split()
    if done.returncode or len(words) < 3:
        raise InputError.at(key_file, f"the key cannot be read ({_said(done)}); {wanted}")
    return words[-1].strip("()"), words[1]


def _ssh_keygen(
    action: str, *options: str | Path, text: bytes
) -> subprocess.CompletedProcess[bytes]:
    return _run(["ssh-keygen", "-Y", action, *options], text)


def _run(command: list[str | Path], text: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    # A session of its own has no terminal that ssh-keygen could ask for a passphrase.
    try:
        return subprocess.run(
            command,
            input=text,
            capture_output=True,
            check=False,
            start_new_session=True,
            env={**os.environ, **_NO_QUESTIONS, "LC_ALL": "C"},
        )
    except FileNotFoundError as why:
        message = "ssh-keygen is not installed: it is in Debian's openssh-client"
        raise ToolError(message) from why


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    """The last line that ssh-keygen wrote."""
    lines = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()
    return lines[-1].strip() if lines else f"exit code {done.returncode}"
