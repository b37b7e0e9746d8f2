"""Packages by their names: installed, updated within a range, pinned to one registry, checked against what it says."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from shelf_of import GitShelf, Shelf
from story import BOT, FIRST, GO, Story, yes

from hermes_dist.decide.registry import EntryKind
from hermes_dist.errors import Cancelled, DistError, InputNeeded, Invalid, Refused
from hermes_dist.model.registry import Package, parse_package
from hermes_dist.model.tree import Digest
from hermes_dist.ops.change.proposal import Outcome, Proposal
from hermes_dist.ops.change.target import Naming
from hermes_dist.ops.package import install as installing
from hermes_dist.ops.package.outdated import outdated
from hermes_dist.ops.package.rollback import rollback
from hermes_dist.ops.package.undo import undo
from hermes_dist.ops.package.update import update
from hermes_dist.ops.registry import registries as ops
from hermes_dist.ops.registry.check_registry import check_registry
from hermes_dist.ops.trust.judge_release import Accept
from hermes_dist.voice.notes import sentences
from hermes_dist.voice.registry_words import entry_words


class Shop:
    """A story whose package is in a registry."""

    def __init__(self, home: Path) -> None:
        self.story = Story(home)
        self.shelf = Shelf(home / "shelf")
        self.rows: list[dict[str, Any]] = []
        self.pin("1.0.0", self.story.commits[0])
        ops.remove(self.story.ctx, "default")
        ops.add(self.story.ctx, str(self.shelf.path), "ours")

    def pin(self, version: str, commit: str, **more: Any) -> None:
        self.rows.append({"version": version, "commit": commit, **more})
        self.put()

    def put(self, name: str = "bot", **more: Any) -> None:
        self.shelf.put(
            name, more.pop("source", self.story.url), *more.pop("versions", self.rows), **more
        )

    def ship(self, version: str, **more: Any) -> str:
        commit = self.story.ship(
            {
                "distribution.yaml": f"name: bot\nversion: {version}\n",
                "SOUL.md": f"{FIRST['SOUL.md']}{version}\n",
            }
        )
        self.pin(version, commit, **more)
        return commit

    def install(self, source: str = "bot", **naming: Any) -> Outcome:
        return installing.install(
            self.story.ctx, source, replace(GO, naming=Naming(**naming)), yes, name="bot"
        )

    def update(self, **more: Any) -> Outcome:
        return update(self.story.ctx, BOT, replace(GO, **more), yes)


@pytest.fixture
def shop(home: Path) -> Shop:
    return Shop(home)


def test_a_name_is_installed_at_what_is_pinned_and_the_lock_keeps_the_name(shop: Shop) -> None:
    shop.story.ship({"SOUL.md": "Not released.\n"})
    outcome = shop.install("bot@^1")
    assert outcome.done
    lock = shop.story.lock
    assert (lock.source, lock.registry) == ("bot#^1", "ours")
    assert (lock.pin.url, lock.pin.commit) == (shop.story.url, shop.story.commits[0])
    assert "Not released" not in shop.story.read("SOUL.md")


def test_an_update_stays_within_the_range(shop: Shop) -> None:
    shop.install("bot@^1")
    assert not shop.update().done
    second = shop.ship("1.4.0")
    shop.ship("2.0.0")
    assert outdated(shop.story.ctx, BOT).state == "behind"
    shop.story.edit("SOUL.md", "Rule 3 stands.", "Rule 3 is mine.")
    assert shop.update().done
    assert shop.story.lock.pin.commit == second
    assert "Rule 3 is mine." in shop.story.read("SOUL.md")
    assert outdated(shop.story.ctx, BOT).state == "current"
    assert shop.update(to="^2").done
    assert shop.story.lock.pin.version == "2.0.0"
    assert shop.story.lock.registry == "ours"


def test_an_expected_tree_that_is_another_is_refused_and_nothing_changes(shop: Shop) -> None:
    shop.rows[0]["tree"] = "0" * 64
    shop.put()
    with pytest.raises(Refused, match="is not what the registry ours says"):
        shop.install()
    assert not shop.story.home.exists()
    shop.story.ctx.registries.seen.forget("ours")
    shop.rows[0]["tree"] = ""
    shop.put()
    shop.install()
    shop.rows[0]["tree"] = str(shop.story.lock.pin.tree)
    shop.ship("1.1.0", tree=str(Digest.of(b"other")))
    before = shop.story.files()
    with pytest.raises(Refused):
        shop.update()
    assert shop.story.files() == before


def test_a_release_that_changes_once_it_was_seen_is_refused(shop: Shop) -> None:
    shop.install("bot#1.0.0")
    assert shop.story.lock.pin.kind == "commit"
    other = shop.story.ship({"SOUL.md": "Other."})
    shop.rows[0]["commit"] = other
    shop.put()
    before = shop.story.files()
    for version in ("1.0.0", "v1.0"):
        shop.rows[0]["version"] = version
        shop.put()
        with pytest.raises(Refused, match="the commit pinned for bot") as caught:
            shop.update()
        assert str(shop.story.ctx.registries.seen.file("ours", "bot")) in caught.value.hint
    found = outdated(shop.story.ctx, BOT)
    assert isinstance(found.error, Refused)
    assert shop.story.files() == before
    shop.story.ctx.registries.seen.file("ours", "bot").unlink()
    shop.update()
    assert shop.story.read("SOUL.md") == "Other."


def test_a_digest_that_was_seen_counts_where_the_registry_says_none(shop: Shop) -> None:
    commit = shop.ship("1.1.0", tree=str(Digest.of(b"other")))
    with pytest.raises(Refused, match="is not what the registry ours says"):
        shop.install()
    shop.rows[-1] = {"version": "1.1.0", "commit": commit}
    shop.put()
    with pytest.raises(Refused, match="is not what the registry ours says"):
        shop.install()


def test_a_release_is_its_commit_and_never_a_name(shop: Shop) -> None:
    first = shop.story.commits[0]
    second = shop.story.ship({"SOUL.md": "Evil."})
    shop.story.repo.git("update-ref", f"refs/heads/{first}", second)
    shop.story.repo.git("update-ref", f"refs/tags/{first}", second)
    shop.install()
    assert (shop.story.lock.pin.commit, shop.story.lock.pin.kind) == (first, "range")
    assert shop.story.read("SOUL.md") == FIRST["SOUL.md"]


def test_a_commit_that_the_repository_does_not_have_is_an_error(shop: Shop) -> None:
    shop.pin("1.1.0", "f" * 40)
    with pytest.raises(DistError):
        shop.install()
    assert not shop.story.home.exists()


def test_a_signer_that_the_registry_names_has_to_have_signed(shop: Shop) -> None:
    shop.rows[0]["signer"] = "SHA256:" + "A" * 43
    shop.put()
    with pytest.raises(Refused, match="says that SHA256"):
        shop.install()
    request = replace(GO, accept=Accept(unsigned=True))
    assert installing.install(shop.story.ctx, "bot", request, yes, name="bot").done


def test_a_name_that_leads_elsewhere_later_is_refused(shop: Shop, home: Path) -> None:
    shop.install()
    (home / "other").mkdir()
    other = Story(home / "other")
    shop.put(source=other.url, versions=[{"version": "9.0.0", "commit": other.commits[0]}])
    with pytest.raises(Refused, match="stands for"):
        shop.update()
    assert outdated(shop.story.ctx, BOT).error is not None


def test_a_name_that_another_registry_has_too_stays_with_the_first(shop: Shop, home: Path) -> None:
    shop.install()
    second = Shelf(home / "second")
    second.put("bot", "github.com/mallory/bot", {"version": "99.0.0", "commit": "e" * 40})
    ops.add(shop.story.ctx, str(second.path), "second")
    shop.ship("1.1.0")
    assert shop.update().done
    assert shop.story.lock.pin.version == "1.1.0"
    with pytest.raises(
        InputNeeded, match=r"several registries have 'bot': ours .* second"
    ) as caught:
        installing.install(shop.story.ctx, "bot", GO, yes, name="again")
    assert "--registry NAME" in caught.value.hint
    assert installing.install(
        shop.story.ctx, "bot", replace(GO, naming=Naming(registry="ours")), yes, name="again"
    ).done
    ops.remove(shop.story.ctx, "ours")
    with pytest.raises(
        DistError, match="from the registry 'ours', which this machine no longer uses"
    ):
        shop.update()


def test_a_registry_that_was_taken_out_is_told_with_how_to_add_it_again(shop: Shop) -> None:
    shop.install()
    ops.remove(shop.story.ctx, "ours")
    with pytest.raises(
        DistError, match="from the registry 'ours', which this machine no longer uses"
    ) as told:
        shop.update()
    assert told.value.code == 1
    assert "registry add PLACE --name ours" in told.value.hint


def test_a_near_twin_is_asked_about_with_both_side_by_side(shop: Shop) -> None:
    shop.put("b0t", source="github.com/mallory/b0t", versions=[])
    ops.sync(shop.story.ctx, [])
    with pytest.raises(
        InputNeeded,
        match=r"bot from .* is easily mistaken for b0t from https://github.com/mallory/b0t",
    ) as caught:
        shop.install()
    assert caught.value.hint == "if this is the one you mean, pass --accept-name"
    shown: list[tuple[Package, tuple[Package, ...]]] = []
    with pytest.raises(Cancelled):
        shop.install(ask=lambda meant, others: bool(shown.append((meant, others))))
    assert [(meant.name, [one.name for one in others]) for meant, others in shown] == [
        ("bot", ["b0t"])
    ]
    assert not shop.story.home.exists()
    assert shop.install(ask=lambda _meant, _others: True).done
    shop.ship("1.1.0")
    assert shop.update().done, "whoever has it is not asked again"


def test_names_like_one_that_nobody_has_are_told(shop: Shop) -> None:
    with pytest.raises(DistError, match="no package is called 'bott'") as caught:
        shop.install("bott")
    assert caught.value.hint == "did you mean bot?"
    with pytest.raises(DistError, match="no package is called"):
        shop.install("Bot")
    with pytest.raises(Invalid, match="no folders below"):
        shop.install("bot//x")


def test_a_yanked_release_is_not_taken_but_kept_by_whoever_has_it(shop: Shop) -> None:
    shop.ship("1.1.0")
    shop.install()
    path = ops.yank(shop.story.ctx, "bot", "1.1.0", "it loops").file
    assert parse_package(path.read_bytes(), "bot", local=True).versions[1].yanked == "it loops"
    shop.rows[1]["yanked"] = "it loops"
    outcome = shop.update()
    assert not outcome.done
    assert outcome.proposal is not None
    assert sum("yanked: it loops" in note for note in sentences(outcome.proposal.notes)) == 1
    assert shop.update(to="1.0.0").done
    assert shop.story.lock.pin.version == "1.0.0"
    shop.update(to="latest")
    assert shop.story.lock.pin.version == "1.0.0"
    ops.yank(shop.story.ctx, "bot", "1.1.0", "")
    assert shop.update().done
    assert shop.story.lock.pin.version == "1.1.0"


def test_a_way_back_to_a_yanked_release_says_so_beforehand(shop: Shop) -> None:
    shop.install()
    shop.ship("1.1.0")
    assert shop.update().done
    shown: list[str] = []

    def look(proposal: Proposal) -> bool:
        shown.extend(sentences(proposal.notes))
        return False

    back = partial(rollback, shop.story.ctx, BOT, GO, look)
    for way in (
        back,
        partial(back, exact=True),
        partial(undo, shop.story.ctx, BOT, GO, look, lambda _: None),
    ):
        ops.yank(shop.story.ctx, "bot", "1.0.0", "")
        shown.clear()
        with pytest.raises(Cancelled):
            way()
        assert not any("yanked" in said for said in shown), "it counts"
        ops.yank(shop.story.ctx, "bot", "1.0.0", "it loops")
        with pytest.raises(Cancelled):
            way()
        assert "bot 1.0.0 was yanked: it loops" in shown
    ops.remove(shop.story.ctx, "ours")
    shown.clear()
    with pytest.raises(Cancelled):
        back()
    assert not any("yanked" in said for said in shown), "nothing is known of it any more"


def test_what_is_not_the_users_is_not_yanked(shop: Shop, home: Path) -> None:
    shelf = GitShelf(home / "shelf.git")
    shelf.put("bat", "github.com/you/bat", {"version": "1.0.0", "commit": "a" * 40})
    ops.add(shop.story.ctx, shelf.url, "theirs")
    with pytest.raises(Refused, match="is not a checkout that you can change"):
        ops.yank(shop.story.ctx, "bat", "1.0.0", "x")
    with pytest.raises(DistError, match="no package"):
        ops.yank(shop.story.ctx, "../x", "1.0.0", "x", folder=str(shop.shelf.path))
    with pytest.raises(Invalid, match="no version"):
        ops.yank(shop.story.ctx, "bot", "7", "x")


def test_without_pins_the_source_decides(shop: Shop) -> None:
    shop.rows.clear()
    shop.put()
    shop.story.repo.tag("v1.0.0")
    outcome = shop.install("bot@^1")
    assert outcome.done
    assert outcome.proposal is not None
    assert sum("pins no version" in note for note in sentences(outcome.proposal.notes)) == 1
    assert shop.story.lock.pin.ref == "refs/tags/v1.0.0"
    shop.story.ship({"SOUL.md": "New.\n"})
    shop.story.repo.tag("v1.1.0")
    assert shop.update().done
    assert shop.story.lock.pin.ref == "refs/tags/v1.1.0"


def test_a_policy_holds_the_source_and_not_the_name(shop: Shop) -> None:
    policy = shop.story.ctx.layout.shared / "policy.toml"
    policy.write_text('format = 1\nsources = ["bot", "github.com/acme/**"]\n')
    with pytest.raises(Refused, match="does not allow this source"):
        shop.install()


def test_a_policy_that_wants_pins_is_met_by_an_exact_version_alone(shop: Shop) -> None:
    policy = shop.story.ctx.layout.shared / "policy.toml"
    policy.write_text('format = 1\nrequire = ["pinned"]\n')
    for source in ("bot", "bot@^1"):
        with pytest.raises(Refused, match="names one tag or commit"):
            shop.install(source)
    assert shop.install("bot@1.0.0").done


def test_a_git_registry_is_asked_at_each_update(shop: Shop, home: Path) -> None:
    ops.remove(shop.story.ctx, "ours")
    shelf = GitShelf(home / "shelf.git")
    shelf.put("bot", shop.story.url, *shop.rows)
    ops.add(shop.story.ctx, shelf.url)
    shop.install()
    assert shop.story.lock.registry == "shelf"
    shop.ship("1.1.0")
    shelf.put("bot", shop.story.url, *shop.rows)
    assert shop.update().done
    assert shop.story.lock.pin.version == "1.1.0"


def test_info_tells_what_a_registry_says_and_what_would_be_installed(shop: Shop) -> None:
    shop.ship("1.1.0-rc1")
    about = ops.about(shop.story.ctx, "bot")
    assert about.version == "1.0.0"
    assert [one.version for one in about.found.package.versions] == ["1.0.0", "1.1.0-rc1"]


def test_check_finds_what_is_wrong_with_the_form(shop: Shop) -> None:
    shop.put("bit", source="https://u:p@example.org/x y")
    shop.put("bad-env", source="github.com/you/x", versions=[], env=["lower case"], extra=1)
    (shop.shelf.path / "packages/bo/lost.json").write_text("{}")
    found = check_registry(shop.story.ctx.with_options(offline=True), str(shop.shelf.path))
    places = [problem.place for problem in found.problems if problem.error]
    assert any(place.startswith("packages/ba/bad-env.json") for place in places)
    assert "packages/bi/bit.json: source" in places
    assert "packages/bo/lost.json" in places
    assert found.releases == 0


def test_check_fetches_what_is_pinned_and_holds_it_against_the_entry(shop: Shop) -> None:
    only_here = EntryKind.ONLY_HERE
    first = check_registry(shop.story.ctx, "ours")
    assert [(p.what.kind, p.error) for p in first.problems] == [(only_here, False)]
    assert check_registry(shop.story.ctx, str(shop.shelf.path)) == first
    shop.ship("1.1.0", tree="0" * 64)
    shop.pin("1.2.0", shop.story.commits[0])
    shop.pin("1.3.0", "e" * 40)
    shop.put("bots", source=shop.story.url, versions=[])
    found = check_registry(shop.story.ctx, "ours")
    assert (found.packages, found.releases, found.unpinned) == (2, 4, 1)
    errors = {problem.place: entry_words(problem) for problem in found.problems if problem.error}
    assert "is not what the registry" in errors["packages/bo/bot.json: 1.1.0"]
    assert errors["packages/bo/bot.json: 1.2.0"] == "its manifest says '1.0.0'"
    assert "packages/bo/bot.json: 1.3.0" in errors
    assert [
        entry_words(p) for p in found.problems if not p.error and p.what.kind is not only_here
    ] == ["easily mistaken for bots"]
    assert not (shop.story.root / "profiles" / "registry-check").exists()


def test_a_title_of_its_own_does_not_make_the_manifest_name_wrong(shop: Shop) -> None:
    shop.put(title="The bot")
    found = check_registry(shop.story.ctx, "ours")
    assert [p.what.kind for p in found.problems] == [EntryKind.ONLY_HERE]


def test_the_registry_that_is_carried_is_sound(shop: Shop) -> None:
    ops.add(shop.story.ctx, "default")
    found = check_registry(shop.story.ctx.with_options(offline=True))
    assert [problem for problem in found.problems if problem.error] == []
    assert found.packages > 100


def test_the_lock_says_whose_name_it_is(shop: Shop) -> None:
    shop.install()
    assert 'registry = "ours"' in (shop.story.home / "distribution.lock").read_text()


def test_an_entry_that_can_not_be_read_says_whom_to_tell(shop: Shop) -> None:
    entry = shop.shelf.path / "packages" / "bo" / "bot.json"
    entry.write_text('{"name": "bot", "source": 3}')
    with pytest.raises(Invalid, match="it must be text") as caught:
        shop.install()
    assert "tell the maintainers of the registry" in caught.value.hint


def test_a_folder_of_another_form_is_no_registry_of_ours(shop: Shop) -> None:
    """Its entries may say something else than this program reads in them."""
    (shop.shelf.path / "registry.json").write_text('{"format": 99}')
    with pytest.raises(Invalid, match="it has format 99"):
        shop.install()
