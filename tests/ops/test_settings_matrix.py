"""Settings by every way into a home: the dangerous ones wait for their yes, the harmless ones need none."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from story import BOT, Story, yes

from hermes_dist.brand import HERMES, Layout
from hermes_dist.decide.consent.review import grouped
from hermes_dist.model.documents.api import get, same
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.context import Context
from hermes_dist.ops.package.install import install
from hermes_dist.ops.package.rollback import rollback
from hermes_dist.ops.package.update import update
from hermes_dist.ops.profiles.lifecycle import rename
from hermes_dist.ops.transfer.export import Packing, export
from hermes_dist.ops.transfer.import_archive import import_

DATA = Path(__file__).parents[1] / "data"
Way = Callable[[Path, str], Path]
Pair = tuple[tuple[str, ...], object]
QUIET = Request()
"""What ``-y`` says: yes to the content, and to nothing that needs one of its own."""
MANIFEST = "name: bot\nversion: 1.0.0\n"
PLAIN = "model: {default: small}\nmcp_servers: {known: {command: npx, args: [known]}}\n"


def pairs_of(name: str) -> list[Pair]:
    lines = [
        line for line in (DATA / name).read_text().splitlines() if line and not line.startswith("#")
    ]
    cut = (line.partition(" = ") for line in lines)
    return [(tuple(key.split(".")), yaml.safe_load(value)) for key, _, value in cut]


DANGEROUS, HARMLESS = pairs_of("settings-dangerous.txt"), pairs_of("settings-harmless.txt")


def config_of(pairs: list[Pair]) -> dict[str, object]:
    """One configuration that holds all of them."""
    config: dict[str, object] = {}
    for key, value in pairs:
        at = config
        for step in key[:-1]:
            at = at.setdefault(step, {})  # type: ignore[assignment]  # no pair stands in another one
            assert isinstance(at, dict), key
        assert key[-1] not in at, key
        at[key[-1]] = value
    return config


DANGERS = yaml.safe_dump(config_of(DANGEROUS), sort_keys=False)
COMFORTS = yaml.safe_dump(config_of(HARMLESS), sort_keys=False)


def live(home: Path, pairs: list[Pair]) -> list[str]:
    """Those of the pairs that a home's configuration holds, switched on."""
    file = home / "config.yaml"
    config = yaml.safe_load(file.read_text()) if file.exists() else {}
    return [".".join(key) for key, value in pairs if _acts(config or {}, key, value)]


def _acts(config: object, key: tuple[str, ...], value: object) -> bool:
    found = get(config, key)
    if (
        isinstance(found, Mapping)
        and found.get("enabled") is False
        and "enabled" not in (value or {})
    ):  # type: ignore[operator]
        return False
    parts = value.items() if isinstance(value, dict) and isinstance(found, dict) else ()
    return same(found, value) or any(_acts(found, (name,), part) for name, part in parts)


def package(config: str, **more: str) -> dict[str, str]:
    return {"distribution.yaml": MANIFEST, "SOUL.md": "# Bot\n", "config.yaml": config, **more}


def machine(folder: Path) -> Context:
    root = folder / ".hermes"
    root.mkdir(parents=True)
    return Context(HERMES, Layout(HERMES, root, folder), dict(os.environ))


def by_install(tmp: Path, config: str) -> Path:
    story = Story(tmp, package(config))
    install(story.ctx, story.url, QUIET, yes, name="bot")
    return story.home


def by_update(tmp: Path, config: str) -> Path:
    story = Story(tmp, package(PLAIN))
    story.install()
    story.ship({"config.yaml": joined(PLAIN, config)})
    story.update(QUIET)
    return story.home


def by_import(tmp: Path, config: str) -> Path:
    author = Story(tmp, package(config))
    author.install()
    other = machine(tmp / "elsewhere")
    import_(other, _exported(author, tmp), QUIET, yes, passphrase=never)
    return other.layout.home(BOT)


def by_import_into_a_profile(tmp: Path, config: str) -> Path:
    author = Story(tmp, package(config))
    author.install()
    other = machine(tmp / "elsewhere")
    home = other.layout.home(BOT)
    home.mkdir(parents=True)
    (home / "config.yaml").write_text("timezone: Europe/Rome\n")
    import_(other, _exported(author, tmp), QUIET, yes, passphrase=never)
    return home


def by_rollback(tmp: Path, config: str) -> Path:
    story = Story(tmp, package(config))
    install(story.ctx, story.url, QUIET, yes, name="bot")
    story.ship({"config.yaml": PLAIN, "SOUL.md": "# Another\n"})
    story.update(QUIET)
    rollback(story.ctx, BOT, QUIET, yes)
    return story.home


def by_a_renamed_file(tmp: Path, config: str) -> Path:
    story = Story(tmp, package(PLAIN, **{"skills/settings.yaml": config}))
    story.install()
    story.ship({"config.yaml": config, "skills/settings.yaml": None})
    story.update(QUIET)
    return story.home


def by_a_renamed_profile(tmp: Path, config: str) -> Path:
    story = Story(tmp, package(PLAIN))
    story.install()
    name = ProfileName("other")
    rename(story.ctx, BOT, name)
    story.ship({"config.yaml": joined(PLAIN, config)})
    update(story.ctx, name, QUIET, yes)
    return story.ctx.layout.home(name)


def by_the_authors_word(tmp: Path, config: str) -> Path:
    """The author settles conflicts for theirs; the user holds other values in some places."""
    return _over_own_values(tmp, config, 5)


def by_the_authors_word_everywhere(tmp: Path, config: str) -> Path:
    """The same, with a value of the user's in each place."""
    return _over_own_values(tmp, config, 1)


def _over_own_values(tmp: Path, config: str, every: int) -> Path:
    word = MANIFEST + "merge: {config.yaml: theirs}\n"
    story = Story(tmp, {**package(PLAIN), "distribution.yaml": word})
    story.install()
    own = dict(list(yaml.safe_load(config).items())[::every])
    story.write("config.yaml", joined(PLAIN, yaml.safe_dump(_other(own))))
    story.ship({"config.yaml": joined(PLAIN, config)})
    story.update(QUIET)
    return story.home


WAYS = [
    by_install,
    by_update,
    by_import,
    by_import_into_a_profile,
    by_rollback,
    by_a_renamed_file,
    by_a_renamed_profile,
    by_the_authors_word,
    by_the_authors_word_everywhere,
]


def _exported(author: Story, tmp: Path) -> Path:
    path = tmp / "bot.tar.gz"
    export(author.ctx, BOT, Packing(redact=True), path)
    return path


def never(_path: Path) -> str:
    raise AssertionError


def joined(first: str, second: str) -> str:
    """The keys of two configurations, the second's where both have one."""
    return yaml.safe_dump(_joined(yaml.safe_load(first), yaml.safe_load(second)), sort_keys=False)


def _joined(first: Any, second: Any) -> Any:
    if not (isinstance(first, dict) and isinstance(second, dict)):
        return second
    return {
        k: _joined(first[k], second[k]) if k in first and k in second else {**first, **second}[k]
        for k in {**first, **second}
    }


def _other(value: object) -> object:
    """What a user might hold in the same places."""
    return (
        {key: _other(part) for key, part in value.items()}
        if isinstance(value, dict)
        else "the user's own"
    )


def test_there_are_enough_of_each_kind() -> None:
    assert len(DANGEROUS) >= 300
    assert len(HARMLESS) >= 300
    assert not {key for key, _ in DANGEROUS} & {
        key for key, value in HARMLESS if value in [v for k, v in DANGEROUS if k == key]
    }


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_no_dangerous_setting_is_live_without_its_yes(tmp_path: Path, way: Way) -> None:
    assert live(way(tmp_path, DANGERS), DANGEROUS) == []


def test_with_a_yes_to_all_every_dangerous_setting_is_live(tmp_path: Path) -> None:
    story = Story(tmp_path, package(DANGERS))
    story.install()
    assert sorted(live(story.home, DANGEROUS)) == sorted(".".join(key) for key, _ in DANGEROUS)


@pytest.mark.parametrize("way", [by_install, by_update], ids=lambda way: way.__name__)
def test_every_harmless_setting_arrives_without_a_question(tmp_path: Path, way: Way) -> None:
    home = way(tmp_path, COMFORTS)
    assert sorted(live(home, HARMLESS)) == sorted(".".join(key) for key, _ in HARMLESS)


def test_what_waits_is_a_line_for_each_section_with_every_key_and_value(tmp_path: Path) -> None:
    story = Story(
        tmp_path,
        package(
            "approvals: {mode: off, cron_mode: approve}\nterminal: {backend: ssh, ssh_host: x}\n"
        ),
    )
    outcome = install(story.ctx, story.url, QUIET, yes, name="bot")
    assert outcome.proposal is not None
    lines = {group.name: group.line for group in grouped(outcome.proposal.plan.parked)}
    assert lines == {
        "approvals": "cron_mode: approve; mode: false",
        "terminal": "backend: ssh; ssh_host: x",
    }
