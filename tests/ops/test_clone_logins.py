"""A clone's logins: what only one profile can use stays with the original, and is told."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from hermes_dist.agents.stores import (
    CHANNEL_CREDENTIALS,
    CREDENTIALS,
    CREDENTIALS_ANYWHERE,
    CREDENTIALS_INSIDE,
)
from hermes_dist.brand import HERMES, Layout
from hermes_dist.errors import Invalid
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.context import Context
from hermes_dist.ops.profile_changes import Made
from hermes_dist.ops.profiles import clone as cloning
from hermes_dist.ops.profiles import lifecycle
from hermes_dist.voice.notes import sentences

CODER = ProfileName("coder")
SECRET = "sk-planted-0123456789abcdef"
ROW = {"id": "a", "auth_type": "api_key", "api_key": "static"}
GRANT = {"id": "b", "auth_type": "oauth", "access_token": "at", "refresh_token": "rt"}


@pytest.fixture
def ctx(home: Path) -> Context:
    return Context(
        HERMES, Layout(HERMES, home / ".hermes", home), {"HOME": str(home), "PATH": os.defpath}
    )


@pytest.fixture
def coder(ctx: Context) -> Path:
    return lifecycle.create(ctx, "coder").path


def plant(place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(SECRET)


def cloned(ctx: Context, *, every: bool = False, tokens: bool = False) -> Made:
    """A clone, of which the preview said the same."""
    shown = cloning.clone(ctx, "twin", CODER, every=every, tokens=tokens, dry_run=True)
    assert not shown.path.exists()
    made = cloning.clone(ctx, "twin", CODER, every=every, tokens=tokens)
    assert shown == made
    return made


def found_in(home: Path) -> list[str]:
    return [
        str(p.relative_to(home)) for p in home.rglob("*") if p.is_file() and SECRET in p.read_text()
    ]


def example(pattern: str) -> str:
    """A name that a pattern stands for."""
    return pattern.replace("*", "x")


STORES = sorted(
    {
        *CREDENTIALS,
        *CREDENTIALS_INSIDE,
        *(f"workspace/deep/{name}" for name in CREDENTIALS_ANYWHERE),
    }
    - {"auth.json", "state-snapshots", "backups"}
)


@pytest.mark.parametrize("kind", ["file", "folder"])
@pytest.mark.parametrize("store", STORES)
def test_no_store_of_logins_goes_into_a_clone_of_everything_and_each_is_told(
    ctx: Context, coder: Path, store: str, kind: str
) -> None:
    name = example(store)
    plant(
        coder / name
        if kind == "file" and not (coder / name).is_dir()
        else coder / name / "inside.json"
    )
    made = cloned(ctx, every=True)
    assert found_in(made.path) == []
    assert [told.rstrip("/") for told in (*made.left_out, *made.credentials)] == [name]


@pytest.mark.needs("linux")
@pytest.mark.parametrize("every", [True, False])
def test_names_that_no_package_may_have_are_copied_and_stores_below_them_are_not(
    ctx: Context, coder: Path, *, every: bool
) -> None:
    names = ["at 10:30.md", "a\nb.md", "x" * 255, "trailing. ", os.fsdecode(b"\xff\xfe")]
    for name in names:
        plant(coder / "skills" / name)
        plant(coder / "memories" / name)
    store = next(name for name in sorted(CREDENTIALS_ANYWHERE) if "*" not in name)
    plant(coder / "skills" / "odd: folder" / store)
    made = cloned(ctx, every=every)
    places = ["memories", "skills"] if every else ["skills"]
    assert sorted(found_in(made.path)) == sorted(f"{at}/{name}" for at in places for name in names)
    assert made.credentials == (f"skills/odd: folder/{store}",)


def test_stores_are_told_for_a_plain_clone_only_where_it_would_have_copied_them(
    ctx: Context, coder: Path
) -> None:
    plant(coder / "vault/vault.key")
    plant(coder / "skills/mine/auth.json")
    (coder / "skills/mine/SKILL.md").write_text("---\nname: mine\n---\n")
    made = cloned(ctx)
    assert found_in(made.path) == []
    assert made.credentials == ("skills/mine/auth.json",)
    assert (made.path / "skills/mine/SKILL.md").exists()


@pytest.mark.parametrize("store", CHANNEL_CREDENTIALS)
def test_logins_of_channels_come_along_where_the_user_says_so(
    ctx: Context, coder: Path, store: str
) -> None:
    plant(coder / example(store))
    made = cloned(ctx, every=True, tokens=True)
    assert found_in(made.path) == [example(store)]
    assert (made.left_out, made.credentials) == ((), ())


def test_keys_come_along_and_logins_that_a_second_owner_breaks_do_not(
    ctx: Context, coder: Path
) -> None:
    store = {
        "version": 1,
        "credential_pool": {"openrouter": [ROW], "anthropic": [ROW, GRANT], "xai-oauth": [GRANT]},
        "providers": {"nous": {"tokens": {"refresh_token": "rt"}}, "local": {"api_key": "static"}},
    }
    (coder / "auth.json").write_text(json.dumps(store))
    made = cloned(ctx, every=True)
    assert json.loads((made.path / "auth.json").read_text()) == {
        "version": 1,
        "credential_pool": {"openrouter": [ROW], "anthropic": [ROW]},
        "providers": {"local": {"api_key": "static"}},
    }
    assert stat.S_IMODE((made.path / "auth.json").stat().st_mode) == 0o600
    assert made.credentials == ("auth.json: anthropic", "auth.json: nous", "auth.json: xai-oauth")
    assert json.loads((coder / "auth.json").read_text()) == store


def test_a_clone_of_everything_has_its_jobs_paused(ctx: Context, coder: Path) -> None:
    jobs = {
        "jobs": [
            {
                "id": "a1",
                "name": "look",
                "schedule": {"kind": "interval", "minutes": 5},
                "enabled": True,
            }
        ]
    }
    (coder / "cron" / "jobs.json").write_text(json.dumps(jobs))
    made = cloned(ctx, every=True)
    (job,) = json.loads((made.path / "cron" / "jobs.json").read_text())["jobs"]
    assert (job["enabled"], job["state"]) == (False, "paused")
    assert any("1 job is paused" in note for note in sentences(made.notes))


@pytest.mark.parametrize("tokens", [True, False])
def test_the_preview_names_the_variables_that_are_copied_and_no_value(
    ctx: Context, coder: Path, *, tokens: bool
) -> None:
    (coder / ".env").write_text(
        f"OPENAI_API_KEY={SECRET}\nTELEGRAM_BOT_TOKEN=1:{SECRET}\nhttp_proxy=p\nNOT_SET=\n"
        "Q2hhcmxlc0RpY2tlbnM==\nabc123==\nJBSWY3DPEHPK3PXP==\n"
    )
    made = cloned(ctx, every=True, tokens=tokens)
    bot = ("TELEGRAM_BOT_TOKEN",)
    assert made.variables == tuple(sorted(("OPENAI_API_KEY", "http_proxy", *bot * tokens)))
    assert made.left_out == (() if tokens else bot)


def test_the_preview_says_what_becomes_of_links_and_jobs(ctx: Context, coder: Path) -> None:
    outside = coder.parent.parent / "notes.md"
    outside.write_text("Notes.")
    (coder / "SOUL.md").unlink(missing_ok=True)
    (coder / "SOUL.md").symlink_to(outside)
    (coder / "skills/gone").symlink_to("/nowhere")
    folder = coder.parent.parent / "shelf"
    folder.mkdir()
    plant(folder / "auth.json")
    (coder / "skills/shelf").symlink_to(folder)
    jobs = {
        "jobs": [{"id": "a", "name": "a", "enabled": True, "prompt": "x", "state": "scheduled"}]
    }
    (coder / "cron/jobs.json").write_text(json.dumps(jobs))
    made = cloned(ctx, every=True)
    said = " ".join(sentences(made.notes))
    assert "SOUL.md, skills/shelf" in said
    assert "skills/gone" in said
    assert "paused" in said
    assert made.credentials == ("skills/shelf/auth.json",)


def test_a_clone_that_can_not_be_made_is_refused_by_its_preview(ctx: Context, coder: Path) -> None:
    (coder / ".env").write_bytes("TELEGRAM_BOT_TOKEN=1\n".encode("utf-16"))
    for dry_run in (True, False):
        with pytest.raises(Invalid, match="UTF-16"):
            cloning.clone(ctx, "twin", CODER, dry_run=dry_run)
