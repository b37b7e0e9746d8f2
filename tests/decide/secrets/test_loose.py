"""Secrets noted in comments, in people's own words."""

from __future__ import annotations

from pathlib import Path

import pytest

from hermes_dist.decide.secrets.loose import loose_secrets
from hermes_dist.decide.secrets.redact import redact
from hermes_dist.decide.secrets.scan import scan, secrets_in
from hermes_dist.model.paths import RelPath

CONFIG = RelPath("config.yaml")
PROJECT = Path(__file__).parents[3]
HEX = "9f8e7d6c5b4a39281706f5e4d3c2b1a0"


def found(comment: str, path: RelPath = CONFIG) -> list[str]:
    text = f"a: 1\n{comment}\nb: 2\n"
    return [text[one.start : one.end] for one in loose_secrets(path, text)]


@pytest.mark.parametrize(
    ("comment", "secret"),
    [
        ("# pass: hunter2", "hunter2"),
        ("# pass = hunter2.", "hunter2"),
        ("#password hunter2", "hunter2"),
        ("# the password of the box is hunter2!", "hunter2"),
        ('c: 3  # pw "swordfish9"', "swordfish9"),
        ("# db pass: tr0ub4dor&3 (old)", "tr0ub4dor&3"),
        ("# Passwort ist Sommer2024", "Sommer2024"),
        ("# Kennwort: Sommer2024", "Sommer2024"),
        ("# mot de passe: Soleil2024", "Soleil2024"),
        ("# contraseña: Verano2024", "Verano2024"),
        ("# wifi psk: s3cretwifi", "s3cretwifi"),
        ("# password → Sommer2024", "Sommer2024"),
        ("# pass：hunter2", "hunter2"),
        ("# pass `hunter2`", "hunter2"),
        (f"# token {HEX}", HEX),
        (f"# token for ci: {HEX[:12]}", HEX[:12]),
        ("# old key sk-3f9a1c7e", "sk-3f9a1c7e"),
        ("# my api key was xK4mQ8vR2n", "xK4mQ8vR2n"),
        ("# bearer Zk3vQ9xL1mN8", "Zk3vQ9xL1mN8"),
        ("  # creds: a8f3k2m9", "a8f3k2m9"),
    ],
)
def test_a_word_for_a_secret_and_a_value_that_looks_like_one(comment: str, secret: str) -> None:
    assert found(comment) == [secret]
    assert [(leak.line, leak.kind) for leak in scan(CONFIG, f"a: 1\n{comment}\n".encode())] == [
        (2, "secret in a comment")
    ]
    assert found(comment.replace("#", "//"), RelPath("plugins/p/run.js")) == [secret]
    assert found(comment.replace("#", "##"), RelPath(".env.EXAMPLE")) == [secret]
    assert found(comment, RelPath("skills/x/SKILL.md")) == []


@pytest.mark.parametrize(
    "comment",
    [
        "# pass: your-password-here",
        "# password: <password>",
        "# the token is read from ${GITHUB_TOKEN}",
        "# set the key in OPENROUTER_API_KEY, see https://x.org/keys/a1b2c3d4e5f6",
        "# second pass: step2 of 3",
        "# pass 2: sha256sum",
        "# max token count 4096, key: gpt-4o-mini",
        "# api key: see docs/keys2.md",
        "# token: str | None",
        "# secret = os.environ['X9Y8Z7']",
        "# ssh key ed25519, id_ed25519.pub",
        "# primary key: user_id2",
        "# key rotation since 2024-05-06",
        "# password is in 1password",
        "# pass through to port 8080",
        "# auth: localhost:5432",
        "# token a…",
        "# the key of session_id is sessionId",
        "# tokens 128k",
        "# password: ***",
    ],
)
def test_what_is_no_secret_stays_quiet(comment: str) -> None:
    assert found(comment) == []


def test_a_value_of_the_packages_own_is_no_leak_and_a_secret_is_found_once() -> None:
    text = b"# pass: hunter2\na: 1\n"
    assert scan(CONFIG, text, shipped=True) == []
    assert scan(CONFIG, text, examples=secrets_in(CONFIG, text)) == []
    key = "ghp_" + "x7Kq2Lm9Rt4Vw8Zb3Nc6Pd1Fg5Hj0Ys2Ua7"
    assert len(scan(CONFIG, f"# token {key}\n".encode())) == 1
    assert scan(CONFIG, b"\0# pass: hunter2\n") == []


def test_an_export_hides_it() -> None:
    data = f"# pass: hunter2, token {HEX}\na: 1\n".encode()
    assert redact(data, {}, CONFIG) == (b"# pass: ***, token ***\na: 1\n", ())
    assert redact(data.decode().encode("utf-16"), {}, CONFIG)[0].decode("utf-16") == (
        "# pass: ***, token ***\na: 1\n"
    )


def test_the_projects_own_files_have_none() -> None:
    every = [*(PROJECT / "examples").rglob("*"), *(PROJECT / "hermes_dist").rglob("*.py")]
    texts = [(path, path.read_text("utf-8")) for path in every if path.is_file()]
    hits = [str(path) for path, text in texts if [*loose_secrets(RelPath(path.name), text)]]
    assert hits == []


@pytest.mark.parametrize("line", ["# pass" + " " * 300_000, "# pass" + "\t'" * 150_000 + '"'])
def test_blanks_without_end_behind_a_name_are_read_once(line: str) -> None:
    # Reading them again for each of them would take minutes.
    assert found(line) == []
