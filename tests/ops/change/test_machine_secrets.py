"""What counts as a secret of this machine: every store of logins of a home and of the default profile."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from story import BOT, Story

from hermes_dist.agents import stores
from hermes_dist.errors import DistError
from hermes_dist.ops.change.machine_secrets import secrets_of

ONE, TWO, THREE = "Zx9Kq2Lm7Vb4Nc8Rt3Wy6", "Qw3Er5Ty7Ui9Op1As2Df4", "Hj6Kl8Zx0Cv2Bn4Mq6We8"


@pytest.fixture
def story(tmp_path: Path) -> Story:
    return Story(tmp_path, {"distribution.yaml": "name: bot\n"})


def _write(folder: Path, name: str, text: str) -> None:
    place = folder / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)


def _found(story: Story) -> set[str]:
    return set(secrets_of(story.ctx, story.ctx.layout.home(BOT)).values())


JSON_STORES = sorted(
    name.replace("*", "x")
    for name in (*stores.CREDENTIALS, "mcp-tokens/github.json")
    if ".json" in name
)


@pytest.mark.parametrize("store", JSON_STORES)
@pytest.mark.parametrize("of_default", [False, True])
def test_every_store_of_logins_in_json_is_read(
    story: Story, store: str, *, of_default: bool
) -> None:
    folder = story.ctx.layout.root if of_default else story.ctx.layout.home(BOT)
    _write(folder, store, json.dumps({"accessToken": ONE}))
    assert ONE in _found(story)


def test_both_values_of_a_variable_count_where_the_default_profile_has_another(
    story: Story,
) -> None:
    _write(story.ctx.layout.root, ".env", f"API_TOKEN={ONE}\n")
    _write(story.ctx.layout.home(BOT), ".env", f"API_TOKEN={TWO}\n")
    found = secrets_of(story.ctx, story.ctx.layout.home(BOT))
    assert found == {"API_TOKEN": TWO, "API_TOKEN_OF_DEFAULT": ONE}


def test_every_login_of_a_pool_counts(story: Story) -> None:
    pool = {"credential_pool": {"openrouter": [{"access_token": x} for x in (ONE, TWO, THREE)]}}
    _write(story.ctx.layout.home(BOT), "auth.json", json.dumps(pool))
    assert {ONE, TWO, THREE} <= _found(story)


def test_files_that_are_not_stores_of_logins_are_not_read(story: Story) -> None:
    _write(story.ctx.layout.home(BOT), "notes.json", json.dumps({"accessToken": ONE}))
    assert _found(story) == set()


def test_a_damaged_store_still_gives_its_keys(story: Story) -> None:
    _write(story.ctx.layout.home(BOT), "auth.json", f'{{"accessToken": "{ONE}"}}, {{')
    assert _found(story) == {ONE}


def test_what_leaves_is_refused_where_a_store_is_too_large_or_its_folder_is_closed(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = story.ctx.layout.home(BOT)
    _write(home, "auth.json", json.dumps({"accessToken": ONE, "more": " " * 200}))
    monkeypatch.setattr("hermes_dist.ops.change.machine_secrets._MOST_READ", 100)
    with pytest.raises(DistError, match="larger than"):
        secrets_of(story.ctx, home, leaving=True)
    monkeypatch.undo()
    real = os.listdir

    def denied(folder: Path) -> list[str]:
        if folder == home / "mcp-tokens":
            raise PermissionError(13, "Permission denied")
        return real(folder)

    monkeypatch.setattr(os, "listdir", denied)
    with pytest.raises(DistError, match="can't be read"):
        secrets_of(story.ctx, home, leaving=True)


@pytest.mark.parametrize("store", [".env", "auth.json", "mcp-tokens/github.json"])
def test_what_leaves_is_refused_where_a_store_can_not_be_read(
    story: Story, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = story.ctx.layout.home(BOT)
    _write(home, store, json.dumps({"accessToken": ONE}))
    real = os.open

    def denied(path: str | Path, flags: int, **more: int | None) -> int:
        if Path(path) == home / store:
            raise PermissionError(13, "Permission denied")
        return real(path, flags, **more)

    monkeypatch.setattr(os, "open", denied)
    assert secrets_of(story.ctx, home) == {}
    with pytest.raises(DistError, match="can't be read") as caught:
        secrets_of(story.ctx, home, leaving=True)
    assert caught.value.where == str(home / store)
