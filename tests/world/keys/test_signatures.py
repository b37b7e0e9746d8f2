"""Signatures that git itself made, on tags and commits, through both gits; and 1,600 mutations of them."""

from __future__ import annotations

import os
import random
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from gitrepo import PACKAGE, Repo
from sshkeys import KINDS, Key, SoftwareToken, keys

from hermes_dist.brand import HERMES, Layout
from hermes_dist.errors import Invalid
from hermes_dist.model.git_object import signed_commit, signed_tag, tag_target
from hermes_dist.model.trust import Signature, Succession, dump_successions, statement
from hermes_dist.world.git.repositories import open_git
from hermes_dist.world.keys.signatures import (
    commit_signature,
    signatures_of,
    successions_of,
    tag_signature,
)
from hermes_dist.world.keys.ssh import FILE, GIT, sign

MUTATIONS = 1600


@dataclass(frozen=True)
class Made:
    """A signed tag and a signed commit of one key."""

    key: Key
    commit: str
    tag_object: str
    raw_tag: bytes
    raw_commit: bytes


def signing(key: Key) -> tuple[str, ...]:
    return key.for_git


def raw(repo: Repo, kind: str, oid: str) -> bytes:
    return repo.git("cat-file", kind, oid).encode() + b"\n"


@pytest.fixture(scope="session")
def ring(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Key]:
    return keys(tmp_path_factory.getbasetemp() / "keys")


@pytest.fixture(scope="session")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    os.environ.update(
        {
            f"GIT_{w}_{x}": "ada@example.org"
            for w in ("AUTHOR", "COMMITTER")
            for x in ("NAME", "EMAIL")
        }
    )
    repo = Repo(tmp_path_factory.mktemp("signed") / "bot.git", bare=True)
    repo.commit(PACKAGE)
    return repo


@pytest.fixture(scope="session")
def made(repo: Repo, ring: dict[str, Key]) -> dict[str, Made]:
    found = {}
    tree = repo.git("rev-parse", "main^{tree}")
    for kind, key in ring.items():
        commit = repo.git(
            *signing(key),
            "commit-tree",
            "-S",
            "-p",
            "main",
            "-m",
            f"signed by {kind}\n\nAnd more.",
            tree,
        )
        repo.git("update-ref", f"refs/heads/{kind}", commit)
        repo.git(*signing(key), "tag", "-s", "-m", f"A release of {kind}.", f"v-{kind}", commit)
        oid = repo.git("rev-parse", f"refs/tags/v-{kind}")
        found[kind] = Made(key, commit, oid, raw(repo, "tag", oid), raw(repo, "commit", commit))
    return found


@pytest.mark.parametrize("tool", ["git", "dulwich"])
@pytest.mark.parametrize("kind", KINDS)
def test_tags_and_commits_signed_by_git_are_verified_through_both_gits(
    tool: str, kind: str, repo: Repo, made: dict[str, Made], tmp_path: Path
) -> None:
    env = dict(os.environ) if tool == "git" else {**os.environ, "PATH": str(tmp_path)}
    git = open_git(Layout(HERMES, tmp_path / "root", tmp_path), env)
    url, one = f"file://{repo.path}", made[kind]
    refs = git.refs(url)
    assert refs.annotated[f"v-{kind}"] == one.tag_object
    assert git.fetch(url, one.commit) == one.commit
    found = signatures_of(git, url, one.commit, f"refs/tags/v-{kind}", one.tag_object)
    assert found == (
        Signature(on="tag", signer=one.key.fingerprint),
        Signature(on="commit", signer=one.key.fingerprint),
    )
    assert signatures_of(git, url, one.commit, f"refs/heads/{kind}", "") == found[1:]
    assert git.originals(url, [(one.tag_object, "tag")]) == [one.raw_tag]
    with pytest.raises(Invalid, match="no commit"):
        git.originals(url, [(one.tag_object, "commit")])


def test_what_nobody_signed_has_no_signature(repo: Repo, tmp_path: Path) -> None:
    git = open_git(Layout(HERMES, tmp_path / "root", tmp_path), dict(os.environ))
    url = f"file://{repo.path}"
    repo.tag("plain", annotated=True)
    repo.tag("light")
    refs = git.refs(url)
    assert "light" not in refs.annotated
    commit = git.fetch(url, "refs/tags/plain")
    assert signatures_of(git, url, commit, "refs/tags/plain", refs.annotated["plain"]) == ()
    assert signatures_of(git, url, commit, "refs/tags/light", "") == ()


def test_a_repository_of_sha_256_is_verified_too(ring: dict[str, Key], tmp_path: Path) -> None:
    repo = Repo(tmp_path / "wide")
    shutil.rmtree(repo.gitdir)
    repo.git("init", "-q", "-b", "main", "--object-format=sha256", str(repo.path))
    (repo.path / "SOUL.md").write_text("Hi.\n")
    repo.git("add", ".")
    key = ring["ed25519"]
    repo.git(*signing(key), "commit", "-q", "-S", "-m", "one")
    repo.git(*signing(key), "tag", "-s", "-m", "one", "v1")
    git = open_git(Layout(HERMES, tmp_path / "root", tmp_path), dict(os.environ))
    url = f"file://{repo.path}"
    commit = git.fetch(url, "refs/tags/v1")
    assert len(commit) == 64
    found = signatures_of(git, url, commit, "refs/tags/v1", git.refs(url).annotated["v1"])
    assert [(s.on, s.signer) for s in found] == [
        ("tag", key.fingerprint),
        ("commit", key.fingerprint),
    ]


def test_an_object_that_is_not_what_its_name_says_is_refused(
    repo: Repo, made: dict[str, Made], tmp_path: Path
) -> None:
    git = open_git(Layout(HERMES, tmp_path / "root", tmp_path), dict(os.environ))
    url, one = f"file://{repo.path}", made["ed25519"]
    git.fetch(url, one.commit)
    swapped = one.raw_commit.replace(b"And more", b"And less")
    child = tmp_path / "git"
    child.write_text(
        f"#!/bin/sh\necho {one.commit} commit {len(swapped)}\ncat {tmp_path}/swapped\necho\n"
    )
    (tmp_path / "swapped").write_bytes(swapped)
    child.chmod(0o755)
    lying = open_git(
        Layout(HERMES, tmp_path / "root", tmp_path),
        {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
    )
    with pytest.raises(Invalid, match="does not match its id"):
        lying.originals(url, [(one.commit, "commit")])


def test_a_signature_by_another_system_counts_as_none(repo: Repo, made: dict[str, Made]) -> None:
    pgp = b"-----BEGIN PGP SIGNATURE-----\n\nabc\n-----END PGP SIGNATURE-----\n"
    one = made["ed25519"]
    assert tag_signature(
        signed_tag(one.raw_tag).payload + pgp, one.commit, "v-ed25519"
    ) == Signature(on="tag", foreign=True)
    head, _, body = signed_commit(one.raw_commit).payload.partition(b"\n\n")
    lines = b"\n ".join(pgp.rstrip(b"\n").split(b"\n"))
    found = commit_signature(head + b"\ngpgsig " + lines + b"\n\n" + body)
    assert found == Signature(on="commit", foreign=True)


def holds(found: Signature | None) -> bool:
    return found is not None and bool(found.signer) and not found.trouble


def test_every_manipulation_of_a_tag_is_found(made: dict[str, Made]) -> None:
    one, other = made["ed25519"], made["rsa"]
    name = "v-ed25519"
    good = one.raw_tag
    assert holds(tag_signature(good, one.commit, name))
    part = signed_tag(good)
    with_other_key = sign(part.payload, other.key.path.read_bytes(), GIT)
    moved = good.replace(one.commit.encode(), other.commit.encode())
    renamed = good.replace(b"tag v-ed25519", b"tag v-ed25510")
    manipulated: dict[str, tuple[bytes, str, str]] = {
        "message": (good.replace(b"A release", b"A relEase"), one.commit, name),
        "a line more in the message": (
            good.replace(b"of ed25519.\n", b"of ed25519.\n\n"),
            one.commit,
            name,
        ),
        "tagger": (good.replace(b"ada@", b"eve@"), one.commit, name),
        "time": (good.replace(b"> 17", b"> 18"), one.commit, name),
        "target inside": (moved, other.commit, name),
        "target outside": (good, other.commit, name),
        "name inside": (renamed, one.commit, "v-ed25510"),
        "name outside": (good, one.commit, "v-rsa"),
        "a name below": (good, one.commit, f"x/{name}"),
        "type": (good.replace(b"type commit", b"type tree"), one.commit, name),
        "a second object line": (
            b"object " + other.commit.encode() + b"\n" + good,
            other.commit,
            name,
        ),
        "a second tag line": (
            good.replace(b"tag v-ed25519\n", b"tag v-rsa\ntag v-ed25519\n"),
            one.commit,
            "v-rsa",
        ),
        "a header more": (good.replace(b"\n\n", b"\nnote x\n\n", 1), one.commit, name),
        "signature of another tag": (
            part.payload + signed_tag(other.raw_tag).armor,
            one.commit,
            name,
        ),
        "signature of the commit": (
            part.payload + signed_commit(one.raw_commit).armor,
            one.commit,
            name,
        ),
        "another signature behind": (good + signed_tag(other.raw_tag).armor, one.commit, name),
        "another signature before": (
            part.payload + signed_tag(other.raw_tag).armor + part.armor,
            one.commit,
            name,
        ),
        "words behind the signature": (good + b"and more\n", one.commit, name),
        "truncated armor": (good[:-60], one.commit, name),
        "no final newline": (good[:-1], one.commit, name),
        "bit in the signature": (bytearray_flip(good, -60), one.commit, name),
        "bit in the key": (bytearray_flip(good, good.index(b"-----BEGIN") + 70), one.commit, name),
        "namespace": (
            part.payload + sign(part.payload, one.key.path.read_bytes(), FILE),
            one.commit,
            name,
        ),
        "payload of a commit": (
            signed_commit(one.raw_commit).payload + part.armor,
            one.commit,
            name,
        ),
        "no signature": (part.payload, one.commit, name),
        "nothing": (b"", one.commit, name),
    }
    accepted = [
        what
        for what, (data, commit, tag) in manipulated.items()
        if holds(tag_signature(data, commit, tag))
    ]
    assert accepted == []
    theirs = tag_signature(part.payload + with_other_key, one.commit, name)
    assert theirs == Signature(on="tag", signer=other.key.fingerprint), (
        "another key is another signer, never the same"
    )


def test_every_manipulation_of_a_commit_is_found(made: dict[str, Made]) -> None:
    one, other = made["ecdsa256"], made["ed25519"]
    good = one.raw_commit
    assert holds(commit_signature(good))
    tree = good[5:45]
    manipulated = {
        "message": good.replace(b"And more", b"And less"),
        "tree": good.replace(tree, other.commit.encode(), 1),
        "parent": good.replace(b"parent ", b"parent 0", 1),
        "a parent more": good.replace(
            b"author ", b"parent " + other.commit.encode() + b"\nauthor ", 1
        ),
        "author": good.replace(b"author ", b"author Eve ", 1),
        "committer": good.replace(b"committer ", b"committer Eve ", 1),
        "encoding": good.replace(b"\n\n", b"\nencoding latin1\n\n", 1),
        "signature of another commit": good.replace(
            b"\n ".join(signed_commit(one.raw_commit).armor.rstrip().split(b"\n")),
            b"\n ".join(signed_commit(other.raw_commit).armor.rstrip().split(b"\n")),
        ),
        "signature of the tag": good.replace(
            b"\n ".join(signed_commit(one.raw_commit).armor.rstrip().split(b"\n")),
            b"\n ".join(signed_tag(one.raw_tag).armor.rstrip().split(b"\n")),
        ),
        "two signatures": good.replace(b"gpgsig ", b"gpgsig-sha256 x\ngpgsig ", 1),
        "an armor line less": b"\n".join(
            line for at, line in enumerate(good.split(b"\n")) if at != 6
        ),
        "a blank line in the armor": good.replace(b" -----END", b" \n -----END", 1),
        "truncated": good.partition(b" -----END")[0] + b"\n\nmessage\n",
        "signature in the message": signed_commit(good).payload + signed_commit(good).armor,
    }
    assert all(data != good for data in manipulated.values())
    assert [what for what, data in manipulated.items() if holds(commit_signature(data))] == []


def bytearray_flip(data: bytes, at: int) -> bytes:
    changed = bytearray(data)
    changed[at] ^= 1
    return bytes(changed)


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Change a byte, take one out, put one in, exchange two, or cut the end."""
    out, at = bytearray(data), chance.randrange(len(data))
    way = chance.randrange(8)
    if way < 3:
        out[at] ^= 1 << chance.randrange(8)
    elif way < 5:
        out[at] = chance.randrange(256)
    elif way == 5:
        del out[at : at + chance.choice((1, 1, 2, 70))]
    elif way == 6:
        out[at:at] = chance.choice(
            (b"\n", b" ", b"=", b"A", b"\r\n", bytes([chance.randrange(256)]))
        )
    else:
        to = chance.randrange(len(data))
        out[at], out[to] = out[to], out[at]
    return bytes(out)


def test_no_mutation_of_a_signed_object_is_accepted(made: dict[str, Made]) -> None:
    chance = random.Random(20_240_607)
    tokens = [
        SoftwareToken(kind)
        for kind in ("sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com")
    ]
    objects: list[tuple[str, str, bytes]] = []
    for kind, one in made.items():
        objects += [(one.commit, f"v-{kind}", one.raw_tag), (one.commit, "", one.raw_commit)]
    one = made["ed25519"]
    payload = signed_tag(one.raw_tag).payload
    objects += [(one.commit, "v-ed25519", payload + token.sign(payload)) for token in tokens]
    tried, accepted = 0, []
    while tried < MUTATIONS:
        commit, name, good = objects[tried % len(objects)]
        bad = mutated(good, chance)
        if bad == good:
            continue
        tried += 1
        if holds(tag_signature(bad, commit, name) if name else commit_signature(bad)):
            accepted.append(bad)
    assert accepted == []


def test_a_tag_is_read_in_the_one_way_that_git_writes_it(made: dict[str, Made]) -> None:
    one = made["rsa"]
    assert tag_target(one.raw_tag) == (one.commit, "commit", "v-rsa")
    assert tag_target(b"tag v-rsa\n" + one.raw_tag) == ("", "", "")
    assert tag_target(one.raw_tag.replace(b"object ", b"object  ", 1)) == ("", "", "")


def test_a_key_names_its_follower_only_by_its_own_signature(ring: dict[str, Key]) -> None:
    old, new, third = (ring[kind] for kind in ("ed25519", "ecdsa256", "rsa"))
    words = [f"{key.public.kind} {key.public.line.split()[1]}" for key in (old, new, third)]
    good = Succession(words[0], words[1], old.sign(statement(words[0], words[1]), FILE).decode())
    bad = [
        Succession(words[0], words[2], good.signature),
        Succession(words[1], words[0], good.signature),
        Succession(words[0], words[1], new.sign(statement(words[0], words[1]), FILE).decode()),
        Succession(words[0], words[1], old.sign(statement(words[0], words[1]), GIT).decode()),
        Succession(
            words[0], "ssh-dss AAAA", old.sign(statement(words[0], "ssh-dss AAAA"), FILE).decode()
        ),
        Succession(words[0], words[1], "no signature"),
    ]
    assert successions_of(dump_successions((*bad, good))) == {(old.fingerprint, new.fingerprint)}
    assert successions_of(dump_successions(tuple(bad))) == frozenset()
    with pytest.raises(Invalid, match="can't be read"):
        successions_of(b"[[succession]\n")
