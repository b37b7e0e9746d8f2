"""The script that measures public repositories: it walks a history, and sees every kind of loss that it counts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from gitrepo import PACKAGE, Repo

from benchmarks import public
from hermes_dist.brand import HERMES, Layout
from hermes_dist.ops.change.proposal import Outcome
from hermes_dist.ops.context import Context

OLD = {f"skills/old-{n}/SKILL.md": f"Old {n}.\n" for n in range(6)}
SOUL = "".join(f"Rule {n} stands.\n" for n in range(20))


@pytest.fixture
def mirrors(tmp_path: Path) -> Path:
    repo = Repo(tmp_path / "mirrors" / "ada+bot" / "repo", bare=True)
    repo.commit({**PACKAGE, "SOUL.md": SOUL, **OLD})
    repo.commit({**dict.fromkeys(OLD), "SOUL.md": SOUL.replace("Rule 3", "Rule III")})
    repo.commit({"skills/hello/SKILL.md": "---\nname: hello\n---\nSay hello again.\n"})
    repo.commit({"agents/b/distribution.yaml": "name: b\n", "agents/b/SOUL.md": "B.\n"})
    return tmp_path / "mirrors"


def test_every_package_and_version_is_found_and_nothing_is_lost(
    mirrors: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    [repository] = public.repositories([mirrors])
    found = {p.name: len(p.versions) for p in public.packages(repository, 40)}
    assert found == {"ada+bot": 4, "ada+bot//agents/b": 1}
    assert [len(p.versions) for p in public.packages(repository, 3)] == [1, 3]
    assert public.main([str(mirrors)]) == 0
    out = capsys.readouterr().out
    for row in ("| packages | 2 |", "| versions | 5 |", "| edits lost | 0 |", "| crashes | 0 |"):
        assert row in out


def forgetful(home: Path) -> None:
    for path in home.rglob("*.md"):
        kept = [line for line in path.read_text().splitlines(True) if "note of mine" not in line]
        path.write_text("".join(kept))


def stale(home: Path) -> None:
    for path, text in OLD.items():
        if not (home / path).exists():
            (home / path).parent.mkdir(exist_ok=True)
            (home / path).write_text(text)


def broken(_home: Path) -> None:
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("harm", "counted"),
    [
        (forgetful, "edits lost"),
        (stale, "removals missing"),
        (broken, "crashes"),
    ],
)
def test_each_kind_of_loss_is_seen(
    mirrors: Path, monkeypatch: pytest.MonkeyPatch, harm: Callable[[Path], None], counted: str
) -> None:
    update = public.update

    def harmful(ctx: Context, *words: object) -> Outcome:
        done = update(ctx, *words)  # type: ignore[arg-type]  # as it was called
        harm(Layout(HERMES, ctx.layout.root, ctx.layout.root.parent).home(public.BOT))
        return done

    monkeypatch.setattr(public, "update", harmful)
    [repository] = public.repositories([mirrors])
    package = max(public.packages(repository, 40), key=lambda one: len(one.versions))
    tally = public.measure(package, [], 0)
    assert tally.counts[counted] >= 1, tally.faults
