"""The law of answers: nothing that leaves a home holds one, and whoever brings it in again is asked again."""

from __future__ import annotations

import gzip
import json
import random
import string
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from desk import SOUL, Desk, given, manifest
from gitrepo import Repo
from machines import Machine
from story import BOT, yes

from hermes_dist.errors import InputNeeded, Invalid, UsageError
from hermes_dist.model.side import Side
from hermes_dist.ops.change.request import InputQuestion, Questions, Request
from hermes_dist.ops.package import install as installing
from hermes_dist.ops.package.status import status
from hermes_dist.ops.package.update import update
from hermes_dist.ops.transfer.export import Packing, export
from hermes_dist.ops.transfer.import_archive import import_
from hermes_dist.voice.notes import sentences

ODD = (": ", " # '", '"é日', "\\ - ")


def words(seed: int) -> dict[str, str]:
    """Answers that nobody else writes: letters alone, with what YAML and JSON quote, and in several scripts."""
    chance = random.Random(seed)
    letters = "".join(chance.choices(string.ascii_letters, k=12))
    odd = ODD[seed % len(ODD)]
    return {
        "team": f"q{letters}{odd}z{letters[::-1]}",
        "turns": str(chance.randint(10, 89)),
        "hour": str(chance.randint(0, 23)),
        "token": f"s3cret-{letters}",
    }


def traces(answers: Mapping[str, str]) -> list[bytes]:
    """What would give an answer away: its text, as JSON and YAML spell it, too."""
    team = answers["team"]
    parts = {team, json.dumps(team)[1:-1], json.dumps(team, ensure_ascii=False)[1:-1], team[:13]}
    return [part.encode() for part in (*parts, answers["token"])]


def searched(data: bytes, answers: Mapping[str, str]) -> None:
    for trace in traces(answers):
        assert trace not in data, trace


def objects(repo: Repo) -> bytes:
    """Every object of a repository."""
    names = repo.git("rev-list", "--objects", "--all").splitlines()
    shas = [line.split()[0] for line in names]
    return "\n".join(repo.git("cat-file", "-p", sha) for sha in shas).encode("utf-8", "replace")


def file_of(desk: Desk, file: Path) -> bytes:
    export(desk.ctx, BOT, Packing(), file)
    return gzip.decompress(file.read_bytes())


def here(tmp_path: Path, answers: Mapping[str, str]) -> Desk:
    desk = Desk(tmp_path)
    desk.answer(**answers)
    return desk


@pytest.mark.parametrize("seed", range(len(ODD)))
def test_no_byte_of_what_leaves_is_an_answer(tmp_path: Path, seed: int) -> None:
    answers = words(seed)
    desk = here(tmp_path, answers)
    team = answers["team"]
    desk.edit("SOUL.md", "You work for ", "You work day and night for ")
    desk.edit("SOUL.md", "More.", "Still more.")
    config = yaml.safe_load(desk.read("config.yaml"))
    assert config["agent"]["max_turns"] == int(answers["turns"])
    desk.edit("config.yaml", "default: small # best", "default: large # best")
    (desk.home / "skills" / "sort").rename(desk.home / "skills" / "renamed")
    data = file_of(desk, tmp_path / "one.tar.gz")
    searched(data, answers)
    assert b"You work day and night for ${input:team}" in data
    assert b"max_turns: ${input:turns}" in data
    assert b"max_turns: %s" % answers["turns"].encode() not in data
    assert b'"0 ${input:hour} * * *"' in data
    # With a conflict in the line of an answer, and an author who moves on.
    desk.ship({"SOUL.md": SOUL.replace("You work for", "You worked for")})
    desk.update()
    assert desk.lock.conflicts
    assert team in desk.read("SOUL.md")
    searched(file_of(desk, tmp_path / "two.tar.gz"), answers)
    desk.resolve(Side.OURS, "SOUL.md")
    ada = Machine(tmp_path / "ada")
    installing.install(ada.ctx, desk.url, given(**answers), yes, name="bot")
    ada.edit("SOUL.md", "You worked for ", "You worked hard for ")
    own = Repo(tmp_path / "own.git", bare=True)
    ada.publish(f"file://{own.path}")
    searched(objects(own), answers)


@pytest.mark.parametrize(
    "when", ["every 3h", "7 9 * * 2", "2031-05-06T07:08"], ids=["interval", "cron", "once"]
)
def test_a_schedule_that_was_answered_is_no_answer_in_an_archive(tmp_path: Path, when: str) -> None:
    jobs = {"jobs": [{"name": "R", "prompt": "Report.", "schedule": "${input:when}"}]}
    files = {"cron/jobs.json": json.dumps(jobs)}
    desk = Desk(tmp_path, files)
    desk.ship({"distribution.yaml": manifest({"when": {}})})
    request = given(when=when)
    installing.install(desk.ctx, desk.url, request, yes, name="bot")
    data = file_of(desk, tmp_path / "bot.tar.gz")
    for trace in (when, '"minutes"', '"interval"', "2031-05-06"):
        assert trace.encode() not in data
    other = Machine(tmp_path / "other")
    with pytest.raises(Invalid, match="not a valid schedule"):
        import_(other.ctx, tmp_path / "bot.tar.gz", given(when="soon"), yes, passphrase=str)
    import_(other.ctx, tmp_path / "bot.tar.gz", given(when="every 5m"), yes, passphrase=str)
    [job] = json.loads(other.read("cron/jobs.json"))["jobs"]
    assert job["schedule"]["minutes"] == 5
    assert status(other.ctx, BOT).edited == ()
    source = Machine(tmp_path / "third")
    installing.install(
        source.ctx, str(tmp_path / "bot.tar.gz"), given(when="every 7m"), yes, name="bot"
    )
    [job] = json.loads(source.read("cron/jobs.json"))["jobs"]
    assert job["schedule"]["minutes"] == 7


def test_an_import_is_answered_and_the_profile_is_as_if_it_was_installed_there(
    tmp_path: Path,
) -> None:
    answers = words(1)
    desk = here(tmp_path, answers)
    desk.edit("SOUL.md", "# Desk", "# Our desk")
    file = tmp_path / "bot.tar.gz"
    made = export(desk.ctx, BOT, Packing(), file)
    assert "your answers stay here, and the import asks again: city, hour, team, turns" in (
        " ".join(sentences(made.notes))
    )
    other = Machine(tmp_path / "other")
    with pytest.raises(InputNeeded, match="The team it works for"):
        import_(other.ctx, file, given(), yes, passphrase=str)
    with pytest.raises(UsageError, match="the archive has no input 'taem'"):
        import_(other.ctx, file, given(taem="x"), yes, passphrase=str)
    with pytest.raises(Invalid, match="it is more than 90"):
        import_(other.ctx, file, given(team="fire", turns="91"), yes, passphrase=str)
    assert not other.home.exists()
    import_(other.ctx, file, given(team="fire: 1", turns="50"), yes, passphrase=str)
    assert "# Our desk\n\nYou work for fire: 1.\n" in other.read("SOUL.md")
    config = yaml.safe_load(other.read("config.yaml"))
    assert config["agent"] == {"max_turns": 50}
    assert config["mcp_servers"]["web"]["args"] == ["web", "--for=fire: 1"]
    assert other.read("config.yaml").startswith("# top\nmodel:\n  default: small # best\n")
    assert other.lock.input_values == {"team": "fire: 1", "turns": 50, "hour": 8, "city": "Paris"}
    assert "DESK_CITY=Paris" in other.read(".env")
    assert [one.path for one in status(other.ctx, BOT).edited] == ["SOUL.md"]
    # It goes on as everywhere: the author's next version is merged around the new answers.
    desk.ship({"SOUL.md": SOUL.replace("More.", "Less.")})
    update(other.ctx, BOT, given(token="another-key-1"), yes)
    assert "You work for fire: 1.\n" in other.read("SOUL.md")
    assert "Less." in other.read("SOUL.md")
    assert not other.lock.conflicts


def test_a_profile_that_was_answered_keeps_its_answers_when_an_archive_is_merged_into_it(
    tmp_path: Path,
) -> None:
    desk = here(tmp_path, {"team": "sea search"})
    desk.edit("SOUL.md", "# Desk", "# Our desk")
    file = tmp_path / "bot.tar.gz"
    export(desk.ctx, BOT, Packing(), file)
    other = Machine(tmp_path / "other")
    installing.install(
        other.ctx, desk.url, given(team="fire", token="another-key-1"), yes, name="bot"
    )
    import_(other.ctx, file, given(), yes, passphrase=str)
    assert "# Our desk\n\nYou work for fire.\n" in other.read("SOUL.md")
    assert other.lock.input_values["team"] == "fire"


def test_on_a_terminal_an_import_asks(tmp_path: Path) -> None:
    desk = here(tmp_path, {"team": "sea search"})
    file = tmp_path / "bot.tar.gz"
    export(desk.ctx, BOT, Packing(), file)
    asked: list[str] = []

    def ask(question: InputQuestion) -> str:
        asked.append(f"{question.name} {question.suggested}")
        return "fire" if question.name == "team" else ""

    other = Machine(tmp_path / "other")
    request = Request(questions=Questions(inputs=ask))
    import_(other.ctx, file, request, yes, passphrase=str)
    assert sorted(asked) == ["city Paris", "hour 8", "team None", "turns 40"]
    assert "You work for fire.\n" in other.read("SOUL.md")


def test_answers_of_layers_stay_too(tmp_path: Path) -> None:
    answers = words(2)
    base = Repo(tmp_path / "base", bare=True)
    rows = {"team": {}, "mood": {"default": "calm"}}
    base.commit(
        {
            "distribution.yaml": yaml.safe_dump(
                {"name": "base", "version": "1.0.0", "inputs": rows}
            ),
            "skills/help/SKILL.md": "---\nname: help\n---\nHelp ${input:team}, be ${input:mood}.\n",
        }
    )
    desk = Desk(tmp_path)
    top = yaml.safe_load(manifest()) | {"extends": f"file://{base.path}"}
    desk.ship({"distribution.yaml": yaml.safe_dump(top, sort_keys=False)})
    mood = "x" + answers["team"][:13]
    desk.answer(**answers, mood=mood)
    data = file_of(desk, tmp_path / "bot.tar.gz")
    searched(data, answers)
    assert mood.encode() not in data
    other = Machine(tmp_path / "other")
    import_(
        other.ctx, tmp_path / "bot.tar.gz", given(team="fire", mood="glad"), yes, passphrase=str
    )
    assert other.read("skills/help/SKILL.md").endswith("Help fire, be glad.\n")
    assert status(other.ctx, BOT).edited == ()


def test_a_line_of_the_users_own_that_holds_an_answer_is_told(tmp_path: Path) -> None:
    desk = here(tmp_path, {"team": "sea search"})
    (desk.home / "skills" / "mine").mkdir()
    (desk.home / "skills" / "mine" / "SKILL.md").write_text(
        "---\nname: mine\n---\nAsk sea search.\n"
    )
    made = export(desk.ctx, BOT, Packing(), tmp_path / "bot.tar.gz")
    assert [note.where for note in made.notes if note.kind == "answer-in-line"] == [
        "skills/mine/SKILL.md:4"
    ]


def test_the_card_is_not_trusted(tmp_path: Path) -> None:
    """What an archive says of inputs is read as strictly as a manifest."""
    desk = here(tmp_path, {"team": "sea search"})
    file = tmp_path / "bot.tar.gz"
    data = file_of(desk, file)
    assert b'"maximum": 90' in data
    bad = data.replace(b'"maximum": 90', b'"maximum": "9"'[:13])
    file.write_bytes(gzip.compress(bad))
    other = Machine(tmp_path / "other")
    with pytest.raises(Invalid):
        import_(other.ctx, file, given(team="x"), yes, passphrase=str)
    assert not other.home.exists()
