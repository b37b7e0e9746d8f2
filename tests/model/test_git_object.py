"""Raw commits and tags taken apart: what is signed, and by what kind of signature."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hermes_dist.model.git_object import Signed, signed_commit, signed_tag, tag_target

SSH = b"-----BEGIN SSH SIGNATURE-----\nU1NI\nabcd\n-----END SSH SIGNATURE-----\n"
PGP = b"-----BEGIN PGP SIGNATURE-----\n\nabcd\n-----END PGP SIGNATURE-----\n"
HEAD = (
    b"tree "
    + b"a" * 40
    + b"\nparent "
    + b"b" * 40
    + b"\nauthor A <a@x> 1 +0000\ncommitter A <a@x> 1 +0000"
)
MESSAGE = b"first\n\n second\ngpgsig is a word in here\n"
COMMIT = HEAD + b"\n\n" + MESSAGE
TAG = b"object " + b"a" * 40 + b"\ntype commit\ntag v1.0.0\ntagger A <a@x> 1 +0000\n\nFirst.\n"


def header(name: bytes, armor: bytes) -> bytes:
    """A signature as git writes it into a commit: each line but the first begins with a blank."""
    return b"\n" + name + b" " + armor.rstrip(b"\n").replace(b"\n", b"\n ")


@pytest.mark.parametrize("name", [b"gpgsig", b"gpgsig-sha256"])
def test_a_commit_is_signed_without_its_signature(name: bytes) -> None:
    raw = HEAD + header(name, SSH) + b"\n\n" + MESSAGE
    assert signed_commit(raw) == Signed(COMMIT, SSH)


def test_headers_behind_the_signature_stay_signed_with_their_own_long_lines() -> None:
    rest = b"\nmergetag object x\n type commit\nencoding latin-1"
    raw = HEAD + header(b"gpgsig", SSH) + rest + b"\n\n" + MESSAGE
    assert signed_commit(raw) == Signed(HEAD + rest + b"\n\n" + MESSAGE, SSH)


def test_a_commit_without_a_signature_is_its_own_payload() -> None:
    assert signed_commit(COMMIT) == Signed(COMMIT, b"")
    in_the_message = COMMIT + header(b"gpgsig", SSH)
    assert signed_commit(in_the_message) == Signed(in_the_message, b"")


def test_a_signature_of_another_kind_is_told_and_not_taken_for_one() -> None:
    assert signed_commit(HEAD + header(b"gpgsig", PGP) + b"\n\n" + MESSAGE) == Signed(
        COMMIT, b"", other=True
    )
    assert signed_tag(TAG + PGP) == Signed(TAG, b"", other=True)
    x509 = b"-----BEGIN SIGNED MESSAGE-----\nabcd\n-----END SIGNED MESSAGE-----\n"
    assert signed_tag(TAG + x509) == Signed(TAG, b"", other=True)


def test_a_tag_is_signed_up_to_its_signature() -> None:
    assert signed_tag(TAG + SSH) == Signed(TAG, SSH)
    assert signed_tag(TAG) == Signed(TAG, b"")


def test_of_several_signatures_in_a_tag_only_the_last_is_one() -> None:
    assert signed_tag(TAG + SSH + SSH) == Signed(TAG + SSH, SSH)
    assert signed_tag(TAG + SSH + PGP) == Signed(TAG + SSH, b"", other=True)


def test_a_mark_amid_a_line_begins_no_signature() -> None:
    talk = TAG + b"see -----BEGIN SSH SIGNATURE-----\n"
    assert signed_tag(talk) == Signed(talk, b"")


@given(
    st.binary(max_size=60).filter(lambda message: b"-----BEGIN" not in message),
    st.sampled_from([b"", SSH, PGP]),
)
def test_law_payload_and_signature_are_the_whole_tag(message: bytes, armor: bytes) -> None:
    raw = TAG + message + b"\n" + armor
    taken = signed_tag(raw)
    assert taken.payload + armor == raw
    assert (bool(taken.armor), taken.other) == (armor == SSH, armor == PGP)


def test_a_tag_says_what_it_names() -> None:
    assert tag_target(TAG) == ("a" * 40, "commit", "v1.0.0")
    assert tag_target(TAG.replace(b"a" * 40, b"c" * 64)) == ("c" * 64, "commit", "v1.0.0")
    assert tag_target(TAG.replace(b"v1.0.0", b"v\xff"))[2] == "v\udcff"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"a" * 40, b"a" * 39),
        (b"a" * 40, b"A" * 40),
        (b"type commit", b"type secret"),
        (b"tag v1.0.0", b"tag "),
        (b"object", b"\nobject"),
        (b"tagger A", b"sender A"),
        (b"tag v1.0.0\n", b"tag v1.0.0\ntag v2.0.0\n"),
        (b"+0000\n\n", b"+0000\n"),
    ],
)
def test_lines_that_are_not_just_as_git_writes_them_name_nothing(old: bytes, new: bytes) -> None:
    assert old in TAG
    assert tag_target(TAG.replace(old, new)) == ("", "", "")
