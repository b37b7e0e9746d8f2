"""Which sources and releases are let in: the rules of docs/trust.md, one by one."""

from __future__ import annotations

import itertools

import pytest

from hermes_dist.decide.trust import (
    Accept,
    Facts,
    check_source,
    followers_of,
    judge,
    judge_move,
    judge_version,
    place_of,
)
from hermes_dist.errors import Refused
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.source import Pin, PinKind, parse_source
from hermes_dist.model.tree import Digest
from hermes_dist.model.trust import Keyring, KnownKey, Policy, Signature
from hermes_dist.voice.notes import sentences

TREE = Digest.of(b"")
PIN = Pin(
    url="https://host/a/b",
    kind=PinKind.BRANCH,
    ref="refs/heads/main",
    commit="1" * 40,
    version="1.0.0",
    tree=TREE,
)
FOLDER = Pin(url="/srv/b", kind=PinKind.FOLDER, tree=TREE)
A, B, C = (f"SHA256:{letter * 43}" for letter in "ABC")


def by(key: str, on: str = "commit") -> Signature:
    return Signature(on="tag" if on == "tag" else "commit", signer=key)


def facts(*signatures: Signature, expected: str = "", **more: object) -> Facts:
    return Facts(source="host/a/b", pin=PIN, signatures=signatures, expected=expected, **more)  # type: ignore[arg-type]


SITUATIONS = {
    "unsigned": (),
    "the expected key": (by(A),),
    "another key": (by(B),),
    "both": (by(B, "tag"), by(A)),
    "broken": (Signature(on="tag", trouble="no"),),
    "foreign": (Signature(on="commit", foreign=True),),
}
NEEDS = {
    ("", "unsigned"): "",
    ("", "the expected key"): "",
    ("", "another key"): "",
    ("", "both"): "",
    ("", "foreign"): "",
    ("", "broken"): "unsigned",
    (A, "unsigned"): "unsigned",
    (A, "foreign"): "unsigned",
    (A, "broken"): "unsigned",
    (A, "the expected key"): "",
    (A, "both"): "",
    (A, "another key"): "new_key",
}
"""What is expected, what is found → the one flag that lets it in."""


@pytest.mark.parametrize(("expected", "found"), NEEDS)
def test_each_flag_grants_its_one_thing_alone(expected: str, found: str) -> None:
    needed = NEEDS[expected, found]
    for granted in itertools.product((False, True), repeat=3):
        accept = Accept(**dict(zip(("new_key", "unsigned", "moved_tag"), granted, strict=True)))
        given = facts(*SITUATIONS[found], expected=expected)
        if not needed or getattr(accept, needed):
            verdict = judge(given, accept)
            assert verdict.signer in {expected, *(s.signer for s in given.signatures)}
            assert verdict.trust is not None
        else:
            with pytest.raises(Refused) as caught:
                judge(given, accept)
            assert f"--accept-{needed.replace('_', '-')}" in caught.value.hint


@pytest.mark.parametrize(("expected", "found"), [key for key, flag in NEEDS.items() if not flag])
def test_a_required_signature_has_to_hold(expected: str, found: str) -> None:
    given = facts(*SITUATIONS[found], expected=expected)
    if any(s.signer for s in given.signatures):
        judge(given, Accept(signature=True))
    else:
        with pytest.raises(Refused, match="--require-signature"):
            judge(given, Accept(signature=True))


def test_the_best_of_several_signatures_counts() -> None:
    ring = Keyring(trusted=(KnownKey("ada", B),))
    assert judge(facts(by(A, "tag"), by(B), keyring=ring), Accept()).signer == B, (
        "a known key before an unknown one"
    )
    assert judge(facts(by(A, "tag"), by(B)), Accept()).signer == A, "else the tag's"
    revoked = Keyring(revoked=(KnownKey("", A),))
    assert judge(facts(by(A, "tag"), by(B), keyring=revoked), Accept()).signer == B, (
        "a revoked one counts as none"
    )
    with pytest.raises(Refused, match="revoked"):
        judge(facts(by(A), keyring=revoked), Accept(unsigned=True, new_key=True))


def test_a_follower_and_a_namesake_come_after_the_expected_key() -> None:
    followed = facts(by(B), expected=A, followers=frozenset({B}))
    assert judge(followed, Accept()).signer == B
    same = Keyring(trusted=(KnownKey("ada", A), KnownKey("ada", B)))
    assert judge(facts(by(B), expected=A, keyring=same), Accept()).signer == B
    gone = Keyring(revoked=(KnownKey("", A),))
    with pytest.raises(Refused, match="revoked since"):
        judge(facts(by(B), expected=A, followers=frozenset({B}), keyring=gone), Accept())


def test_followers_are_reached_over_others_and_never_over_a_revoked_key() -> None:
    steps = {(A, B), (B, C), (C, A)}
    assert followers_of(A, steps, Keyring()) == {B, C}
    assert followers_of(A, steps, Keyring(revoked=(KnownKey("", B),))) == frozenset()
    assert followers_of(A, {(B, C)}, Keyring()) == frozenset()
    assert followers_of(A, set(), Keyring()) == frozenset()
    assert followers_of(A, {(A, B)}, Keyring(revoked=(KnownKey("", A),))) == frozenset()


def test_a_folder_has_nothing_to_say_unless_something_is_required() -> None:
    given = Facts(source="./b", pin=FOLDER)
    assert (judge(given, Accept()).trust, judge(given, Accept()).signer) == (None, "")
    with pytest.raises(Refused, match="a folder or an archive has no signature"):
        judge(
            Facts(
                source="./b",
                pin=FOLDER,
                policies=(Policy(place="p", require=frozenset({"signature"})),),
            ),
            Accept(),
        )


def test_a_broken_signature_vouches_for_nobody_even_where_it_is_accepted() -> None:
    broken = Signature(on="tag", signer=A, trouble="it does not belong to what it signs")
    for expected in ("", A):
        verdict = judge(facts(broken, expected=expected), Accept(unsigned=True))
        assert verdict.trust is not None
        assert verdict.trust.kind is NoteKind.UNSIGNED
        assert verdict.signer == expected
    with pytest.raises(Refused, match="--require-signature"):
        judge(facts(broken), Accept(unsigned=True, signature=True))


@pytest.mark.parametrize("needed", ["signature", "trusted"])
def test_an_accepted_unsigned_release_still_has_to_meet_the_policy(needed: str) -> None:
    """The key that is expected next time did not sign this one."""
    policy = Policy(place="p", require=frozenset({needed}))
    ring = Keyring(trusted=(KnownKey("ada", A),))
    given = facts(expected=A, policies=(policy,), keyring=ring)
    with pytest.raises(Refused, match="the policy requires a signature, and it has no valid"):
        judge(given, Accept(unsigned=True))
    judge(facts(by(A), expected=A, policies=(policy,), keyring=ring), Accept())


def test_a_folder_in_between_keeps_the_pinned_key() -> None:
    given = Facts(source="./b", pin=FOLDER, expected=A)
    assert judge(given, Accept(unsigned=True)).signer == A


def test_only_a_named_key_that_did_not_sign_is_worth_a_note() -> None:
    assert judge(facts(by(A)), Accept()).notes == ()
    assert judge(facts(by(A), declared=A), Accept()).notes == ()
    assert judge(facts(by(A), by(B), declared=B), Accept()).notes == ()
    (note,) = judge(facts(by(A), declared=B), Accept()).notes
    assert B in dict(note.data).values()


MAIN, TAG = "refs/heads/main", "refs/tags/v1"


@pytest.mark.parametrize(
    ("ref", "relation", "flag"),
    [
        (MAIN, "forward", ""),
        (MAIN, "unknown", ""),
        (MAIN, "unrelated", ""),
        (MAIN, "backward", "allow-downgrade"),
        (TAG, "forward", "accept-moved-tag"),
        (TAG, "backward", "accept-moved-tag"),
    ],
)
@pytest.mark.parametrize("asked", [True, False])
def test_what_goes_back_or_moves_needs_its_flag(
    ref: str, relation: str, flag: str, asked: bool
) -> None:
    before = Pin(url="u", kind=PinKind.TAG, ref=ref, commit="2" * 40, tree=TREE)

    def judged(*, moved: bool, downgrade: bool) -> tuple[Note, ...]:
        return judge_move(
            "s",
            before,
            ref,
            "3" * 40,
            relation,
            accept=Accept(moved_tag=moved),
            downgrade=downgrade,
            asked=asked,
        )

    if not flag or (asked and flag == "allow-downgrade"):
        notes = judged(moved=False, downgrade=False)
        assert bool(notes) == (relation in {"unknown", "unrelated"} and not asked)
        assert ("can't be found out" in " ".join(sentences(notes))) == (
            relation == "unknown" and not asked
        )
        return
    with pytest.raises(Refused) as caught:
        judged(moved=flag != "accept-moved-tag", downgrade=flag != "allow-downgrade")
    assert f"--{flag}" in caught.value.hint
    judged(moved=flag == "accept-moved-tag", downgrade=flag == "allow-downgrade")


@pytest.mark.parametrize(
    ("old", "new", "back"),
    [
        ("1.0", "1.0.0", False),
        ("1.0", "0.9", True),
        ("2", "10", False),
        ("1.0", "1.0rc1", True),
        ("", "0.1", False),
        ("1.0", "", False),
        ("may", "april", False),
        ("1.0", "april", False),
    ],
)
def test_a_version_goes_back_only_where_both_are_versions(old: str, new: str, back: bool) -> None:
    before = Pin(url="u", kind=PinKind.TAG, version=old, tree=TREE)
    assert judge_version("s", before, new, forward=False, downgrade=True) == ()
    told = judge_version("s", before, new, forward=True, downgrade=False)
    assert bool(told) == back
    if back:
        with pytest.raises(Refused, match="version went back"):
            judge_version("s", before, new, forward=False, downgrade=False)
    else:
        assert judge_version("s", before, new, forward=False, downgrade=False) == ()


LET_IN = {
    "git.example.org/acme/*": (["git.example.org/acme/bot"], ["git.example.org/acme/a/b"]),
    "github.com/acme/*": (
        [
            "github.com/acme/bot",
            "acme/bot",
            "https://github.com/acme/bot.git",
            "git@github.com:acme/bot",
            "ssh://git@github.com/acme/bot",
            "https://user:word@github.com/acme/bot",
            "github.com/acme/bot//sub#v1",
        ],
        [
            "github.com/acmex/bot",
            "github.com.evil.org/acme/bot",
            "evil.org/github.com/acme/bot",
            "git@evil.org:github.com/acme/bot",
            "git@evil.org:x@github.com:acme/bot",
            "ssh://git@evil.org/x@github.com/acme/bot",
            "https://evil.org/x@github.com/acme/bot",
            "https://github.com/acme/%2e%2e%2fevil",
            "http://github.com/acme/bot",
            "git@github.com:acme/../evil",
            "file:///github.com/acme/bot",
            "/github.com/acme/bot",
            "./github.com/acme/bot",
        ],
    ),
    "git.acme.example/**": (
        ["git.acme.example/a/b", "git.acme.example/a/b/c/d", "git@git.acme.example:a/b"],
        [
            "xgit.acme.example/a/b",
            "https://git.acme.example:8443/a/b",
            "git@git.acme.example:a/../../b",
            "https://git.acme.example/a/%62",
        ],
    ),
    "https://github.com/acme/bot": ([], ["github.com/acme/bot"]),
    "http://127.0.0.1/**": (["http://127.0.0.1/a/b"], ["127.0.0.1/a/b", "https://127.0.0.1/a/b"]),
    "/srv/agents/*": (
        ["/srv/agents/bot", "/srv/agents/bot/"],
        ["/srv/agents/a/b", "/srv/agents/../secret", "file:///srv/agents/bot"],
    ),
    "file:///srv/**": (
        ["file:///srv/bot.git", "file:///srv/a/b"],
        ["/srv/bot", "file:///srv2/bot"],
    ),
    "**": (["github.com/a/b", "/srv/bot", "file:///x/y"], ["git@host:a/../b"]),
    "github.com/acme/bot": (
        ["github.com/acme/bot", "git@github.com:acme/bot.git"],
        ["github.com/acme/bots", "github.com/acme/Bot"],
    ),
    "": ([], ["github.com/a/b", "/srv/bot"]),
    "github.com/acme/b.t": ([], ["github.com/acme/bot"]),
}


@pytest.mark.parametrize("pattern", LET_IN)
def test_patterns_of_sources(pattern: str) -> None:
    policy = (Policy(place="p", sources=(pattern,)),)
    inside, outside = LET_IN[pattern]
    for text in inside:
        check_source(parse_source(text, allow_insecure=True), policy)
    for text in outside:
        spec = parse_source(text, allow_insecure=True)
        with pytest.raises(Refused, match="does not allow this source"):
            pytest.fail(f"{text} came in as {place_of(spec)}: {check_source(spec, policy)}")


def test_every_policy_has_to_let_a_source_in() -> None:
    spec = parse_source("github.com/acme/bot")
    narrow, wide, open_ = (
        Policy(place="p", sources=s) for s in (("x/y/z",), ("github.com/**",), None)
    )
    check_source(spec, ())
    check_source(spec, (wide, open_))
    with pytest.raises(Refused):
        check_source(spec, (wide, narrow))
