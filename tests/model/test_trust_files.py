"""Keyring, policy and rotations as files: round trips, and what is refused."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hermes_dist.errors import Invalid
from hermes_dist.model.trust import (
    Keyring,
    KnownKey,
    Policy,
    Succession,
    dump_keyring,
    dump_successions,
    fingerprint_of,
    load_keyring,
    load_policy,
    load_successions,
    statement,
)

BLOB = b"\0\0\0\x0bssh-ed25519\0\0\0 " + b"k" * 32
KEY = f"ssh-ed25519 {base64.b64encode(BLOB).decode()}"
NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20
).map(lambda text: f"a{text.strip()}".strip())


@st.composite
def known(draw: st.DrawFn) -> KnownKey:
    blob = draw(st.binary(max_size=8))
    key = f"ssh-ed25519 {base64.b64encode(blob).decode()}" if blob and draw(st.booleans()) else ""
    return KnownKey(draw(NAMES), fingerprint_of(blob), key, draw(NAMES))


@given(st.lists(known(), max_size=4), st.lists(known(), max_size=4))
def test_a_keyring_is_read_as_it_was_written(
    trusted: list[KnownKey], revoked: list[KnownKey]
) -> None:
    keyring = Keyring(tuple(trusted), tuple(revoked))
    assert load_keyring(dump_keyring(keyring), "x") == keyring


def test_rotations_are_read_as_they_were_written() -> None:
    rows = (
        Succession(
            KEY, f"{KEY} new", "-----BEGIN SSH SIGNATURE-----\nabc\n-----END SSH SIGNATURE-----\n"
        ),
    )
    text = dump_successions(rows)
    assert load_successions(text) == rows
    assert b"abc\n-----END" in text, "a signature stays as it is printed"
    assert load_successions(b"") == ()
    assert statement("a b", "c d") != statement("a b\nc d", "")


def test_a_key_may_stand_for_its_fingerprint_but_not_for_another() -> None:
    policy = load_policy(f'sources = []\n[[trusted]]\nname = "ada"\nkey = "{KEY}"\n'.encode(), "p")
    assert policy == Policy(
        place="p", sources=(), keyring=Keyring((KnownKey("ada", fingerprint_of(BLOB), KEY),))
    )
    other = fingerprint_of(b"x")
    with pytest.raises(Invalid, match="to another key"):
        load_policy(
            f'[[trusted]]\nname = "ada"\nkey = "{KEY}"\nfingerprint = "{other}"\n'.encode(), "p"
        )


def test_a_file_of_a_newer_program_is_not_called_damaged() -> None:
    with pytest.raises(Invalid) as caught:
        load_policy(b"format = 2\nnew = 1", "/etc/policy.toml")
    assert caught.value.where == "/etc/policy.toml"
    assert "newer" in caught.value.what
    assert "move it away" not in caught.value.hint


@pytest.mark.parametrize(
    "text",
    [
        "[",
        "\xff",
        "format = 2",
        "format = true",
        "format = 0",
        "format = -1",
        'format = "1"',
        "other = 1",
        "trusted = 1",
        "[trusted]\nname = 1",
        '[[trusted]]\nname = "a"',
        '[[trusted]]\nname = "a"\nfingerprint = "MD5:x"',
        f'[[trusted]]\nname = "a"\nkey = "{KEY} comment"',
        '[[trusted]]\nname = "a"\nkey = "ssh-ed25519 A"',
        f'[[trusted]]\nfingerprint = "{fingerprint_of(b"")}"',
        f'[[trusted]]\nname = " "\nfingerprint = "{fingerprint_of(b"")}"',
        'require = "signature"',
        'require = ["signature", "all"]',
        "sources = [1]",
        "x = " + "[" * 3000,
        "#" * (257 << 10),
    ],
)
def test_what_is_not_understood_is_refused_and_names_its_place(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        load_policy(text.encode("latin-1"), "/etc/policy.toml")
    assert caught.value.where == "/etc/policy.toml"


def test_a_keyring_forgets_and_revokes_by_fingerprint() -> None:
    one, two = KnownKey("ada", fingerprint_of(b"1")), KnownKey("ada", fingerprint_of(b"2"))
    ring = Keyring().trusting(two).trusting(one).trusting(one)
    assert ring.trusted == tuple(sorted([one, two]))
    assert ring.find("ada") == ring.trusted
    assert ring.find(one.fingerprint) == (one,)
    gone = ring.revoking(one)
    assert (gone.trusted, gone.revoked) == ((two,), (one,))
    assert (gone.revocation(one.fingerprint), gone.revocation(two.fingerprint)) == (one, None)
    assert gone.without(one.fingerprint) == Keyring((two,))
    assert Keyring((one,)).joined(Keyring((two,))).name_of(two.fingerprint) == "ada"
