"""Whole stories of trust: real repositories, real signatures, the verbs in process."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from msgspec.structs import replace
from sshkeys import Key, make
from story import BOT, FIRST, GO, Story, yes

from hermes_dist.brand import Layout
from hermes_dist.errors import Cancelled, DistError, Invalid, Refused
from hermes_dist.model.lock_head import Demand
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.authoring.sign import rotate
from hermes_dist.ops.change.proposal import Outcome
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.package import install as installing
from hermes_dist.ops.package.inspect import info
from hermes_dist.ops.package.update import update
from hermes_dist.ops.package.upkeep import verify
from hermes_dist.ops.transfer.export import Packing, export
from hermes_dist.ops.transfer.import_archive import import_
from hermes_dist.ops.trust import demands, judge_release
from hermes_dist.ops.trust import trusted_keys as trust
from hermes_dist.ops.trust.judge_release import Accept
from hermes_dist.voice.notes import sentence, sentences


def taking(**more: bool) -> Request:
    return replace(GO, accept=Accept(**more))


class Signed(Story):
    """A story whose author signs; the profile follows the branch unless told otherwise."""

    def __init__(self, tmp: Path) -> None:
        super().__init__(tmp, {})
        self.keys = {name: make(tmp, name) for name in ("ada", "bob", "eve")}
        self.follow = ""

    def __getitem__(self, name: str) -> Key:
        return self.keys[name]

    def signing(self, key: str) -> tuple[str, ...]:
        return self.keys[key].for_git

    def push(self, files: Mapping[str, str | bytes | None], by: str = "") -> str:
        """A commit on the branch, signed by somebody or nobody."""
        commit = self.repo.commit(files)
        if by:
            parents = self.repo.git("rev-list", "--parents", "-1", commit).split()[1:]
            words = [word for parent in parents for word in ("-p", parent)]
            commit = self.repo.git(
                *self.signing(by), "commit-tree", "-S", *words, "-m", "x", f"{commit}^{{tree}}"
            )
            self.repo.git("update-ref", "refs/heads/main", commit)
        return commit

    def release(self, tag: str, by: str = "", commit: str = "main") -> None:
        signed = self.signing(by) if by else ()
        self.repo.git(*signed, "tag", "-f", "-s" if by else "-a", "-m", tag, tag, commit)

    def get(self, request: Request = GO) -> Outcome:
        return installing.install(self.ctx, self.url + self.follow, request, yes, name="bot")

    def to(self, ref: str, request: Request = GO) -> Outcome:
        return update(self.ctx, BOT, replace(request, to=ref), yes)

    def refused(self, words: str, request: Request = GO, hint: str = "", to: str = "") -> Refused:
        """The update is refused with these words, and not a byte has changed."""
        before = self.everything()
        with pytest.raises(Refused, match=words) as caught:
            self.update(replace(request, to=to))
        assert hint in caught.value.hint
        assert caught.value.code == 4
        assert self.everything() == before
        return caught.value

    def everything(self) -> dict[str, tuple[bytes, int, int]]:
        files = sorted(p for p in self.home.rglob("*") if p.is_file()) if self.home.exists() else []
        return {str(p): (p.read_bytes(), p.stat().st_mtime_ns, p.stat().st_ino) for p in files}


@pytest.fixture
def story(tmp_path: Path) -> Signed:
    return Signed(tmp_path)


def words_of(outcome: Outcome) -> str:
    assert outcome.proposal is not None
    return sentence(outcome.proposal.offer.trust) if outcome.proposal.offer.trust else ""


def test_the_first_key_is_pinned_and_the_same_key_goes_on(story: Signed) -> None:
    story.push(FIRST, "ada")
    ada = story["ada"].fingerprint
    assert words_of(story.get()) == f"signed by {ada} (first use)"
    assert story.lock.signer == ada
    story.push({"SOUL.md": "Two."}, "ada")
    assert words_of(story.update()) == f"signed by {ada} (same key as before)"
    assert story.lock.signer == ada
    assert (info(story.ctx, BOT).signer, verify(story.ctx, BOT).signer) == (ada, ada)


def test_a_known_key_is_called_by_its_name(story: Signed) -> None:
    trust.add(story.ctx, "Ada Author", str(story["ada"].pub))
    story.push(FIRST, "ada")
    assert words_of(story.get()).endswith("(trusted as Ada Author)")
    story.push({"SOUL.md": "Two."}, "ada")
    assert words_of(story.update()).endswith("(same key as before, Ada Author)")
    assert info(story.ctx, BOT).signer == f"{story['ada'].fingerprint} (Ada Author)"


def test_what_nobody_signs_is_unsigned_and_pins_nothing(story: Signed) -> None:
    story.push(FIRST)
    assert words_of(story.get()) == "unsigned"
    assert story.lock.signer == ""
    story.push({"SOUL.md": "Two."}, "bob")
    assert words_of(story.update()).endswith("(first use)")
    assert story.lock.signer == story["bob"].fingerprint


def test_a_changed_key_is_refused_until_it_is_accepted(story: Signed) -> None:
    story.push(FIRST, "ada")
    story.get()
    story.push({"SOUL.md": "Evil."}, "eve")
    error = story.refused("the key changed", hint="--accept-new-key")
    assert story["ada"].fingerprint in error.what
    assert story["eve"].fingerprint in error.what
    story.refused("the key changed", taking(unsigned=True, moved_tag=True))
    assert "new key, accepted" in words_of(story.update(taking(new_key=True)))
    assert story.lock.signer == story["eve"].fingerprint
    story.push({"SOUL.md": "Back."}, "ada")
    story.refused("the key changed")


def test_one_name_may_have_two_keys_and_another_name_may_not(story: Signed) -> None:
    story.push(FIRST, "ada")
    story.get()
    trust.add(story.ctx, "ada", str(story["ada"].pub))
    trust.add(story.ctx, "bob", str(story["bob"].pub))
    story.push({"SOUL.md": "Two."}, "bob")
    assert "(bob)" in story.refused("the key changed").what
    trust.add(story.ctx, "ada", str(story["bob"].pub))
    assert "another key of ada" in words_of(story.update())


def test_an_unsigned_release_after_signed_ones_is_refused_until_accepted_and_the_key_stays_expected(
    story: Signed,
) -> None:
    story.push(FIRST, "ada")
    story.get()
    story.push({"SOUL.md": "Two."})
    story.refused("unsigned, and the previous release was signed by", hint="--accept-unsigned")
    story.refused("unsigned", taking(new_key=True, moved_tag=True))
    assert "accepted" in words_of(story.update(taking(unsigned=True)))
    assert story.read("SOUL.md") == "Two."
    assert story.lock.signer == story["ada"].fingerprint
    story.push({"SOUL.md": "Three."})
    story.refused("unsigned")
    story.push({"SOUL.md": "Four."}, "eve")
    story.refused("the key changed")
    story.push({"SOUL.md": "Five."}, "ada")
    assert words_of(story.update()).endswith("(same key as before)")


def test_a_signature_that_does_not_hold_is_refused_even_at_first(story: Signed) -> None:
    commit = story.push(FIRST, "ada")
    raw = story.repo.git("cat-file", "commit", commit).replace("\n\nx", "\n\ny") + "\n"
    forged = story.repo.raw("commit", raw.encode())
    story.repo.git("update-ref", "refs/heads/main", forged)
    with pytest.raises(Refused, match="is not valid: it does not belong to what it signs"):
        story.get()
    assert not story.home.exists()
    assert words_of(story.get(taking(unsigned=True))) == "unsigned"
    assert story.lock.signer == ""


def test_a_signature_of_another_system_counts_as_none_and_is_named(story: Signed) -> None:
    commit = story.push(FIRST)
    raw = story.repo.git("cat-file", "commit", commit)
    pgp = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n abc\n -----END PGP SIGNATURE-----\n\n"
    story.repo.git(
        "update-ref",
        "refs/heads/main",
        story.repo.raw("commit", raw.replace("\n\n", f"\n{pgp}", 1).encode()),
    )
    assert words_of(story.get()).startswith("signed only with OpenPGP or X.509")
    assert story.lock.signer == ""


def test_a_key_that_the_old_one_signed_for_follows_it(story: Signed, tmp_path: Path) -> None:
    story.push(FIRST, "ada")
    story.get()
    work = tmp_path / "work"
    work.mkdir()
    (work / "distribution.yaml").write_text("name: bot\n")
    rotate(story.ctx, work, story["bob"].pub, key=str(story["ada"].path))
    done = rotate(story.ctx, work, story["eve"].pub, key=str(story["bob"].path))
    assert (done.old, done.new) == (story["bob"].fingerprint, story["eve"].fingerprint)
    story.push({"SOUL.md": "Two.", "distribution.keys": done.file.read_text()}, "eve")
    outcome = story.update()
    assert (
        words_of(outcome)
        == f"signed by {story['eve'].fingerprint} (follows {story['ada'].fingerprint}, which signed for that)"
    )
    assert story.lock.signer == story["eve"].fingerprint
    assert not (story.home / "distribution.keys").exists(), "it is the package's, not the home's"
    story.push({"SOUL.md": "Three."}, "ada")
    story.refused("the key changed"), "a key that was followed by another does not come back"


def test_a_rotation_that_another_key_signed_is_none(story: Signed, tmp_path: Path) -> None:
    story.push(FIRST, "ada")
    story.get()
    (tmp_path / "distribution.yaml").write_text("name: bot\n")
    file = rotate(story.ctx, tmp_path, story["eve"].pub, key=str(story["bob"].path)).file
    line = story["bob"].public.line.split()[1]
    forged = file.read_text().replace(line, story["ada"].public.line.split()[1])
    story.push({"SOUL.md": "Two.", "distribution.keys": forged}, "eve")
    story.refused("the key changed")
    story.push({"SOUL.md": "Two.", "distribution.keys": "no toml ["}, "eve")
    story.refused("the key changed")
    outcome = story.update(taking(new_key=True))
    assert outcome.proposal
    assert any("distribution.keys" in note for note in sentences(outcome.proposal.notes))


def test_what_a_revoked_key_signed_is_refused_whatever_is_accepted(
    story: Signed, tmp_path: Path
) -> None:
    story.push(FIRST, "ada")
    story.get()
    trust.add(story.ctx, "Ada", str(story["ada"].pub))
    trust.remove(story.ctx, "Ada", revoke=True, reason="laptop stolen")
    assert verify(story.ctx, BOT).signer.endswith("(revoked)")
    story.push({"SOUL.md": "Two."}, "ada")
    story.refused(
        "a key that was revoked: SHA256:.* \\(Ada: laptop stolen\\)",
        taking(new_key=True, unsigned=True),
    )
    (tmp_path / "distribution.yaml").write_text("name: bot\n")
    file = rotate(story.ctx, tmp_path, story["eve"].pub, key=str(story["ada"].path)).file
    story.push({"distribution.keys": file.read_text()}, "eve")
    story.refused("the key changed.*revoked since")
    assert "new key, accepted" in words_of(story.update(taking(new_key=True)))
    story.push({"SOUL.md": "Three."}, "ada")
    story.refused("revoked")
    with pytest.raises(DistError, match="was revoked"):
        trust.add(story.ctx, "Ada", str(story["ada"].pub))
    trust.remove(story.ctx, story["ada"].fingerprint)
    story.refused("the key changed")


def test_a_signed_tag_counts_where_it_is_what_is_followed(story: Signed) -> None:
    story.push(FIRST)
    story.release("v1.0.0", "ada")
    story.follow = "#v1.0.0"
    assert words_of(story.get()) == f"signed by {story['ada'].fingerprint} (first use)"
    story.push({"SOUL.md": "Two."})
    story.release("v1.1.0", "ada")
    assert words_of(story.to("v1.1.0")).endswith("(same key as before)")
    story.refused("unsigned", to="main")
    story.push({"SOUL.md": "Three."}, "bob")
    story.release("v1.2.0", "ada")
    assert words_of(story.to("v1.2.0")).endswith("(same key as before)"), "either signature counts"
    story.refused("the key changed", to="main")


def test_a_range_moves_from_signed_tag_to_signed_tag(story: Signed) -> None:
    story.push(FIRST)
    story.release("v1.0.0", "ada")
    story.follow = "@^1.0"
    story.get()
    story.push({"SOUL.md": "Two."})
    story.release("v1.1.0", "eve")
    story.refused("the key changed")
    story.release("v1.2.0", "ada")
    assert words_of(story.update()).endswith("(same key as before)")


def test_a_tag_that_moved_is_refused_until_accepted(story: Signed) -> None:
    story.push(FIRST)
    story.release("v1.0.0", "ada")
    story.follow = "#v1.0.0"
    story.get()
    story.push({"SOUL.md": "Two."})
    story.release("v1.0.0", "ada")
    error = story.refused("the tag v1.0.0 was moved", hint="--accept-moved-tag")
    assert story.repo.git("rev-parse", "--short=7", "main") in error.what
    story.refused("was moved", replace(taking(new_key=True, unsigned=True), allow_downgrade=True))
    story.refused("was moved", to="v1.0.0")
    story.update(taking(moved_tag=True))
    assert story.read("SOUL.md") == "Two."
    story.repo.git("tag", "-f", "v1.0.0", "main^")
    story.refused("was moved")
    story.refused("unsigned", taking(moved_tag=True)), "each flag grants one thing"


def test_a_signed_tag_under_another_name_is_refused(story: Signed) -> None:
    story.push(FIRST)
    story.release("v1.0.0", "ada")
    story.repo.git(
        "update-ref", "refs/tags/v9.0.0", story.repo.git("rev-parse", "refs/tags/v1.0.0")
    )
    story.follow = "#v9.0.0"
    with pytest.raises(Refused, match=r"it is for a tag 'v1\.0\.0', not for 'v9\.0\.0'"):
        story.get()


def test_a_version_that_goes_back_is_refused_until_accepted(story: Signed) -> None:
    story.push({**FIRST, "distribution.yaml": "name: bot\nversion: 2.0.0\n"})
    story.get()
    story.repo.git(
        "update-ref", "refs/heads/main", story.repo.git("commit-tree", "main^{tree}", "-m", "anew")
    )
    story.push({"distribution.yaml": "name: bot\nversion: 1.9.0\n"})
    story.refused("version went back from 2.0.0 to 1.9.0", hint="--allow-downgrade")
    story.update(replace(GO, allow_downgrade=True))
    assert story.lock.pin.version == "1.9.0"


def test_a_version_that_goes_back_along_a_branch_is_told(story: Signed) -> None:
    story.push({**FIRST, "distribution.yaml": "name: bot\nversion: 2.0.0\n"})
    story.get()
    story.push({"distribution.yaml": "name: bot\nversion: 1.9.0\n"})
    proposal = story.update().proposal
    assert proposal is not None
    assert "its version goes back from 2.0.0 to 1.9.0, although the commit is newer" in sentences(
        proposal.notes
    )
    story.repo.tag("v2.0.0", "main")
    story.to("^2")
    story.repo.git("tag", "-d", "v2.0.0")
    story.push({"distribution.yaml": "name: bot\nversion: 1.8.0\n"})
    story.repo.tag("v2.1.0", "main")
    (
        story.refused("version went back from 1.9.0 to 1.8.0", hint="--allow-downgrade"),
        "a range is about versions",
    )


def test_where_nobody_knows_how_a_commit_follows_it_counts_as_a_rewrite_and_that_is_told(
    story: Signed,
) -> None:
    first = story.push(FIRST)
    for n in range(3):
        story.push({"SOUL.md": f"{n}\n"})
    story.get()
    story.repo.git("update-ref", "refs/heads/main", first)
    story.repo.git("-c", "gc.pruneExpire=now", "gc", "-q")
    proposal = story.update().proposal
    assert proposal is not None
    assert any(
        "can't be found out, so it counts as a rewritten history" in note
        for note in sentences(proposal.notes)
    )


def test_a_signature_can_be_required(story: Signed, tmp_path: Path) -> None:
    story.push(FIRST)
    with pytest.raises(Refused, match="a signature is required"):
        story.get(taking(signature=True))
    assert not story.home.exists()
    story.get()
    story.refused("a signature is required", taking(signature=True)), "also where nothing is new"
    story.push({"SOUL.md": "Two."}, "ada")
    story.update(taking(signature=True))
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "distribution.yaml").write_text("name: other\n")
    with pytest.raises(Refused, match="a folder or an archive has no signature"):
        installing.install(story.ctx, str(folder), taking(signature=True), yes)
    assert words_of(installing.install(story.ctx, str(folder), GO, yes)) == ""


def policy(story: Signed, text: str) -> Path:
    file = story.ctx.layout.policies[1]
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    return file


def test_a_policy_names_the_sources_before_anybody_is_asked(story: Signed) -> None:
    file = policy(story, 'sources = ["git.acme.example/**"]\n')
    with pytest.raises(Refused, match="does not allow this source") as caught:
        installing.install(story.ctx, "http://127.0.0.1:1/evil/bot", GO, yes)
    assert caught.value.hint == f"it permits git.acme.example/**: see sources in {file}"
    story.push(FIRST)
    policy(story, f'sources = ["{story.url}"]\n')
    story.get()
    policy(story, "sources = []\n")
    story.refused("does not allow this source")


def test_a_policy_requires_signatures_known_keys_and_pinned_sources(story: Signed) -> None:
    story.push(FIRST)
    file = policy(story, 'require = ["signature"]\n')
    with pytest.raises(Refused, match="requires a signature") as caught:
        story.get(taking(unsigned=True))
    assert str(file) in caught.value.hint
    story.push({"SOUL.md": "Two."}, "ada")
    policy(story, 'require = ["trusted"]\n')
    with pytest.raises(Refused, match="requires a trusted key"):
        story.get()
    trust.add(story.ctx, "ada", story["ada"].fingerprint)
    policy(
        story,
        f'require = ["trusted"]\n[[trusted]]\nname = "bob"\nfingerprint = "{story["bob"].fingerprint}"\n',
    )
    with pytest.raises(Refused, match="requires a trusted key"):
        story.get()
    policy(story, 'require = ["trusted", "pinned"]\n')
    with pytest.raises(Refused, match="names one tag or commit"):
        story.get()
    story.follow = f"#{story.repo.git('rev-parse', 'main')}"
    story.get()
    story.release("v1")
    story.to("v1")
    story.refused("names one tag or commit", to="main")


def test_a_policy_is_about_archives_too(story: Signed, tmp_path: Path) -> None:
    story.push(FIRST)
    story.get()
    place = tmp_path / "backups"
    place.mkdir()
    archive = export(story.ctx, BOT, Packing(), place / "bot.tar.gz").path

    def bring(name: str) -> Outcome:
        return import_(story.ctx, archive, GO, yes, passphrase=lambda: "", name=name)

    policy(story, 'require = ["signature"]\n')
    with pytest.raises(Refused, match="an archive has no signature"):
        bring("two")
    policy(story, 'sources = ["github.com/**"]\n')
    with pytest.raises(Refused, match="does not allow this source"):
        bring("two")
    assert not (story.root / "profiles/two").exists()
    policy(story, f'sources = ["{place}/*"]\n')
    assert bring("two").done


def test_the_policy_of_the_machine_counts_beside_the_users(
    story: Signed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine, mine = tmp_path / "etc.toml", tmp_path / "mine.toml"
    monkeypatch.setattr(Layout, "policies", property(lambda _: (machine, mine)))
    machine.write_text(
        f'[[revoked]]\nkey = "{" ".join(story["eve"].public.line.split()[:2])}"\nreason = "the team says so"\n'
    )
    mine.write_text('require = ["signature"]\n')
    story.push(FIRST, "eve")
    with pytest.raises(Refused, match="the team says so"):
        story.get()
    story.push({"SOUL.md": "Two."})
    with pytest.raises(Refused, match="requires a signature"):
        story.get()
    story.push({"SOUL.md": "Two."}, "ada")
    story.get()


@pytest.mark.parametrize(
    "text",
    [
        "no toml [",
        "sorces = []",
        'require = ["signatures"]',
        "sources = 1",
        "format = 2",
        "require = [1]",
        '[[trusted]]\nname = "x"\nfingerprint = "SHA256:abc"',
        "[[trusted]]\nname = 1",
    ],
)
def test_a_policy_or_keyring_that_is_not_understood_lets_nothing_in(
    story: Signed, text: str
) -> None:
    story.push(FIRST)
    file = policy(story, text)
    not_understood = "the file can't be read|newer than this program knows"
    with pytest.raises(Invalid, match=not_understood) as caught:
        story.get()
    assert caught.value.where == str(file)
    file.rename(story.ctx.layout.trust_file)
    with pytest.raises(Invalid, match=not_understood):
        story.get()
    assert not story.home.exists()


@pytest.mark.parametrize("exact", [True, False])
def test_going_back_does_not_forget_the_key(story: Signed, exact: bool) -> None:
    story.push(FIRST)
    story.get()
    story.push({"SOUL.md": "Two."}, "ada")
    story.update()
    story.rollback(exact=exact)
    assert story.lock.signer == story["ada"].fingerprint


def test_aborting_an_update_takes_an_accepted_key_back(story: Signed) -> None:
    story.push(FIRST, "ada")
    story.get()
    story.push({"SOUL.md": "Two."}, "eve")
    story.update(taking(new_key=True))
    story.abort()
    assert story.lock.signer == story["ada"].fingerprint
    story.refused("the key changed")


def test_an_update_with_nothing_new_reads_no_signature(
    story: Signed, monkeypatch: pytest.MonkeyPatch
) -> None:
    story.push(FIRST, "ada")
    story.get()

    def never(*_: object) -> None:
        pytest.fail("a signature was read")

    monkeypatch.setattr(judge_release, "signatures_of", never)
    before = story.everything()
    assert story.update(Request()).proposal is None
    assert story.everything() == before


def test_what_the_manifest_says_of_its_key_is_compared(story: Signed) -> None:
    line = story["bob"].pub.read_text().strip()
    files = {**FIRST, "distribution.yaml": f"name: bot\nversion: 1.0.0\nsigning_key: {line}\n"}
    story.push(files, "ada")
    outcome = story.get()
    assert outcome.proposal
    assert any(
        f"names another signing key, {story['bob'].fingerprint}" in note
        for note in sentences(outcome.proposal.notes)
    )
    installing.install(story.ctx, story.url, GO, yes, name="two")
    assert (
        installing.open_home(story.ctx, ProfileName("two")).lock.signer == story["ada"].fingerprint
    )  # type: ignore[union-attr]


def test_the_keyring_is_a_file_of_names_and_fingerprints(story: Signed) -> None:
    ada, bob = story["ada"], story["bob"]
    trust.add(story.ctx, "ada", str(ada.pub))
    trust.add(story.ctx, "ada", bob.pub.read_text())
    trust.add(story.ctx, "eve", story["eve"].fingerprint)
    known = trust.trusted(story.ctx).keyring
    assert [(k.name, k.fingerprint) for k in known.trusted if k.key] == sorted(
        [("ada", ada.fingerprint), ("ada", bob.fingerprint)]
    )
    assert {k.fingerprint for k in trust.remove(story.ctx, "ada")} == {
        ada.fingerprint,
        bob.fingerprint,
    }
    trust.remove(story.ctx, str(bob.pub), revoke=True)
    known = trust.trusted(story.ctx).keyring
    assert ([k.name for k in known.trusted], [k.fingerprint for k in known.revoked]) == (
        ["eve"],
        [bob.fingerprint],
    )
    assert story.ctx.layout.trust_file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(DistError, match="no key is known as 'zoe'"):
        trust.remove(story.ctx, "zoe")
    for name, key in (
        ("", str(ada.pub)),
        ("x\ny", str(ada.pub)),
        ("zoe", "SHA256:short"),
        ("zoe", "ssh-dss AAAA"),
    ):
        with pytest.raises(Invalid):
            trust.add(story.ctx, name, key)
    assert trust.trusted(story.ctx).keyring == known


def agree(_change: demands.Change) -> bool:
    return True


def once_signed(story: Signed) -> None:
    """One signed commit, then one that nobody signed, on a branch."""
    story.push(FIRST, "ada")
    story.get()
    story.push({"SOUL.md": "Two."})


def test_one_signed_commit_does_not_bind_a_branch_for_ever(story: Signed) -> None:
    once_signed(story)
    story.refused("previous release was signed", hint="trust require bot releases")
    demands.require(story.ctx, BOT, Demand.RELEASES, agree)
    said = words_of(story.update())
    assert said == "unsigned (here, only releases have to be signed)"
    assert (story.read("SOUL.md"), story.lock.demands) == ("Two.", Demand.RELEASES)
    # It stays chosen, and the key stays pinned: neither is asked again.
    assert story.lock.signer == story["ada"].fingerprint
    story.push({"SOUL.md": "Three."})
    story.update()
    story.push({"SOUL.md": "Four."}, "eve")
    story.refused("the key changed")


def test_releases_of_a_branch_that_follows_commits_are_still_signed(story: Signed) -> None:
    once_signed(story)
    demands.require(story.ctx, BOT, Demand.RELEASES, agree)
    story.release("v1.0.0")
    story.refused(
        "this profile demands that releases are signed",
        to="v1.0.0",
        hint="trust require bot none",
    )
    story.release("v1.0.1", "ada")
    assert "same key as before" in words_of(story.to("v1.0.1"))


def test_tags_stay_strict_until_it_is_said_otherwise(story: Signed) -> None:
    story.push(FIRST, "ada")
    story.release("v1.0.0", "ada")
    story.follow = "@^1"
    story.get()
    story.push({"SOUL.md": "Two."})
    story.release("v1.1.0")
    story.refused("previous release was signed", hint="trust require bot none")
    demands.require(story.ctx, BOT, Demand.NONE, agree)
    assert words_of(story.update()) == "unsigned"


def test_commits_have_to_be_signed_from_the_first_where_that_is_demanded(story: Signed) -> None:
    story.push(FIRST)
    story.get()
    demands.require(story.ctx, BOT, Demand.COMMITS, agree)
    story.push({"SOUL.md": "Two."})
    story.refused("this profile demands that commits are signed", hint="trust require bot releases")
    assert "unsigned" in words_of(story.update(taking(unsigned=True)))


def test_only_a_looser_choice_asks_and_a_no_changes_nothing(story: Signed) -> None:
    once_signed(story)
    asked: list[tuple[Demand | None, Demand]] = []

    def no(change: demands.Change) -> bool:
        asked.append((change.before.demands, change.after))
        return False

    demands.require(story.ctx, BOT, Demand.COMMITS, no)
    assert asked == []
    for looser in (Demand.RELEASES, Demand.NONE):
        with pytest.raises(Cancelled):
            demands.require(story.ctx, BOT, looser, no)
    assert asked == [(Demand.COMMITS, Demand.RELEASES), (Demand.COMMITS, Demand.NONE)]
    assert story.lock.demands is Demand.COMMITS


def test_the_choice_outlives_going_back_and_does_not_travel(story: Signed, tmp_path: Path) -> None:
    story.push(FIRST, "ada")
    story.get()
    story.push({"SOUL.md": "Two."}, "ada")
    story.update()
    demands.require(story.ctx, BOT, Demand.COMMITS, agree)
    story.abort()
    assert story.lock.demands is Demand.COMMITS
    story.update()
    demands.require(story.ctx, BOT, Demand.NONE, agree)
    story.rollback()
    assert story.lock.demands is Demand.NONE
    file = tmp_path / "bot.tar.gz"
    export(story.ctx, BOT, Packing(), file)
    import_(story.ctx, file, GO, yes, passphrase=lambda: "", name="other")
    other = demands.demanded(story.ctx, ProfileName("other"))
    assert (other.demands, other.signer) == (None, story["ada"].fingerprint)
