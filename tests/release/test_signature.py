"""Signatures of a release: what OpenSSH made for this purpose, of this text, and nothing else."""

import base64
import struct
import subprocess

import pytest

from builders import pairs_of, release_of, write_pairs
from onconcord.errors import InputError, ToolError
from onconcord.release.signature import fingerprint, sign, signed_by
from onconcord.verify import verify_release

TEXT = b'{"a": 1}'


def make_key(path, kind="ed25519", passphrase=""):
    command = ["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-f", path]
    subprocess.run(command, check=True)
    return path


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    return make_key(tmp_path_factory.mktemp("keys") / "id")


@pytest.fixture
def signature(key, tmp_path):
    path = tmp_path / "text.sig"
    path.write_text(sign(TEXT, key))
    return path


def repacked(signature, change):
    """Writes a signature again with its bytes changed."""
    head, *lines, foot = signature.read_text().splitlines()
    blob = change(base64.b64decode("".join(lines)))
    body = base64.b64encode(blob).decode()
    signature.write_text("\n".join([head, body, foot, ""]))


def test_a_signature_names_its_key_and_is_the_same_every_time(key, signature):
    assert signed_by(TEXT, signature) == fingerprint(key.with_suffix(".pub"))
    assert signed_by(TEXT, signature) == fingerprint(key)
    assert sign(TEXT, key) == signature.read_text()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(lambda blob: b"SSHSIC" + blob[6:], "invalid format", id="magic"),
        pytest.param(
            lambda blob: blob[:6] + struct.pack(">I", 2) + blob[10:], "version", id="version"
        ),
        pytest.param(
            lambda blob: blob.replace(b"onconcord", b"onconcorx"), "namespace", id="namespace"
        ),
        pytest.param(lambda blob: blob[:-1] + bytes([blob[-1] ^ 1]), "", id="one bit"),
        pytest.param(lambda blob: blob[:-9], "", id="cut off"),
    ],
)
def test_a_signature_of_another_form_does_not_hold(signature, change, expected):
    repacked(signature, change)
    with pytest.raises(ValueError, match=f"(?i){expected}"):
        signed_by(TEXT, signature)


def test_a_signature_of_another_text_purpose_or_no_signature_does_not_hold(
    key, tmp_path, signature
):
    with pytest.raises(ValueError, match="incorrect signature"):
        signed_by(TEXT + b" ", signature)
    mail = tmp_path / "mail"
    mail.write_bytes(TEXT)
    subprocess.run(["ssh-keygen", "-q", "-Y", "sign", "-f", key, "-n", "file", mail], check=True)
    with pytest.raises(ValueError, match="namespace"):
        signed_by(TEXT, tmp_path / "mail.sig")
    signature.write_text("hello\n")
    with pytest.raises(ValueError, match=r"."):
        signed_by(TEXT, signature)


def test_a_key_that_cannot_sign_is_refused_without_a_question(tmp_path):
    wanted = 'expected one that `ssh-keygen -t ed25519 -N ""` wrote'
    locked = make_key(tmp_path / "locked", passphrase="secret words")
    rsa = make_key(tmp_path / "rsa", kind="rsa")
    text = tmp_path / "text"
    text.write_text("no key")
    for path, expected in (
        (locked, "the signing key cannot be used"),
        (rsa, "the signing key is of the kind RSA"),
        (text, "the key cannot be read"),
        (tmp_path / "none", "the key cannot be read"),
    ):
        with pytest.raises(InputError) as error:
            sign(TEXT, path)
        assert expected in str(error.value)
        assert wanted in str(error.value)


def test_without_ssh_keygen_nothing_is_taken_for_signed(monkeypatch, signature, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError, match="openssh-client"):
        signed_by(TEXT, signature)


@pytest.mark.slow
def test_a_release_is_signed_verified_and_refused_for_another_key(key, tmp_path):
    manifests = write_pairs(tmp_path, pairs_of("ONE", 1))
    out = release_of(tmp_path, manifests, "ONE", sign_key=key)
    assert verify_release(out, key.with_suffix(".pub")).of("signature") == []
    other = make_key(tmp_path / "other").with_suffix(".pub")
    (fault,) = verify_release(out, other).of("signature")
    assert fault.message == (
        f"signed by {fingerprint(key)}; expected {fingerprint(other)} (other.pub)"
    )
    statement = out / "provenance.intoto.json"
    statement.write_bytes(statement.read_bytes() + b" ")
    (fault,) = verify_release(out).of("signature")
    assert fault.message.startswith("the signature does not hold: ")
