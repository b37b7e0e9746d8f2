"""Files that are not plain UTF-8: what is done with each, and that no secret of theirs leaves."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest
from gitrepo import Repo
from machines import SOUL, Machine
from story import BOT, FIRST, Story, yes

from hermes_dist.decide.environment.wanted import Given
from hermes_dist.errors import DistError, Refused
from hermes_dist.ops.authoring.author import InvalidPackage
from hermes_dist.ops.change.machine_secrets import secrets_of
from hermes_dist.ops.change.mask import Mask
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.package.status import status
from hermes_dist.ops.package.update import update
from hermes_dist.ops.transfer.export import Packing, export
from hermes_dist.voice.notes import sentences

PASSWORD = "tulpen-für-märz-regen"
CODINGS = {
    "utf-8": b"",
    "utf-8-sig": b"",
    "latin-1": b"",
    "utf-16": b"",
    "utf-16-le": b"",
    "utf-16-be": b"\xfe\xff",
}


def written(text: str, coding: str) -> bytes:
    return CODINGS[coding] + text.encode(coding)


@pytest.mark.parametrize("coding", CODINGS)
def test_what_an_env_file_keeps_secret_is_known_whatever_its_encoding(
    tmp_path: Path, coding: str
) -> None:
    """It is masked where it is shown, and found in a file of any encoding that would leave."""
    story = Story(tmp_path)
    story.install()
    (story.home / ".env").write_bytes(written(f"A=1\r\nSMTP_PASSWORD={PASSWORD}\r\n", coding))
    assert secrets_of(story.ctx, story.home)["SMTP_PASSWORD"] == PASSWORD
    assert Mask.of(story.ctx, story.home).lines([f"say {PASSWORD}"]) == ["say ${SMTP_PASSWORD}"]
    notes = {f"skills/hello/{other}.md": other for other in CODINGS}
    for path, other in notes.items():
        (story.home / path).write_bytes(written(f"Say {PASSWORD}.\n", other))
    with pytest.raises(Refused) as err:
        export(story.ctx, BOT, Packing(), tmp_path / "bot.tar.gz")
    assert [path for path in notes if path not in f"{err.value} {err.value.hint}"] == []
    export(story.ctx, BOT, Packing(redact=True), tmp_path / "bot.tar.gz")
    with tarfile.open(tmp_path / "bot.tar.gz") as archive:
        for path, other in notes.items():
            member = archive.extractfile(f"bot/{path}")
            assert member is not None
            assert member.read() == written("Say ${SMTP_PASSWORD}.\n", other)


@pytest.mark.parametrize("coding", ["latin-1", "utf-16"])
def test_what_an_env_file_keeps_secret_is_not_published(tmp_path: Path, coding: str) -> None:
    ada = Machine(tmp_path / "ada")
    ada.fill(
        {"SOUL.md": SOUL, "skills/hello/SKILL.md": "---\nname: hello\ndescription: Hi.\n---\n"}
    )
    ada.init()
    (ada.home / ".env").write_bytes(written(f"SMTP_PASSWORD={PASSWORD}\n", coding))
    (ada.home / "skills/hello/notes.md").write_bytes(written(f"Say {PASSWORD}.\n", coding))
    with pytest.raises((InvalidPackage, Refused)):
        ada.publish(f"file://{Repo(tmp_path / 'bot.git', bare=True).path}")


@pytest.mark.parametrize(("coding", "end"), [("utf-8-sig", "\r\n"), ("latin-1", "\n")])
def test_a_variable_is_set_in_a_file_that_stays_what_it_is(
    tmp_path: Path, coding: str, end: str
) -> None:
    story = Story(tmp_path)
    story.install()
    text = f"# Schlüssel{end}A=1{end}"
    (story.home / ".env").write_bytes(written(text, coding))
    story.update(Request(env=Given({"KEY": "zwölf"})))
    assert (story.home / ".env").read_bytes() == written(f"{text}KEY='zwölf'{end}", coding)


def test_utf_16_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    story = Story(tmp_path)
    story.install()
    (story.home / ".env").write_bytes("A=1\r\n".encode("utf-16"))
    for is_new in (False, True):
        if is_new:
            story.ship({"SOUL.md": "Another.\n"})
        before = story.files()
        with pytest.raises(DistError, match=r"profiles/bot: \.env: the file is in UTF-16") as err:
            update(story.ctx, BOT, Request(env=Given({"KEY": "x"})), yes)
        assert "save it as UTF-8" in err.value.hint
        assert story.files() == before
    story.update()
    assert story.read("SOUL.md") == "Another.\n"


FILES = {
    "SOUL.md": "# Größe\nBe %U.\n" + "".join(f"Rule {n}.\n" for n in range(9)) + "Do %A.\n",
    "skills/hello/SKILL.md": "---\nname: hello\ndescription: Für %A\n---\n# Größe\nBe %U.\n",
    "config.yaml": "# Größe\nmodel:\n  default: %U\nagent:\n  max_turns: %A\n",
}
"""``%U`` stands where the user changes something, ``%A`` where the author does."""


def laid_out(coding: str, end: str, user: str, author: str) -> dict[str, str | bytes]:
    """All files of the table in an encoding, as somebody left them."""
    texts = {path: text.replace("%U", user).replace("%A", author) for path, text in FILES.items()}
    return {path: written(text.replace("\n", end), coding) for path, text in texts.items()}


@pytest.mark.parametrize(
    ("coding", "end"),
    [
        ("utf-8", "\r\n"),
        ("utf-8-sig", "\n"),
        ("utf-8-sig", "\r\n"),
        ("latin-1", "\n"),
        ("utf-16", "\r\n"),
        ("utf-16-le", "\n"),
        ("utf-16-be", "\n"),
    ],
)
def test_both_sides_change_a_file(tmp_path: Path, coding: str, end: str) -> None:
    """UTF-8 is merged, with the mark and the line ends that it has; any other file is one side's, whole, and told."""
    story = Story(tmp_path, {**FIRST, **laid_out(coding, end, "small", "1")})
    story.install()

    def here() -> dict[str, bytes]:
        return {path: (story.home / path).read_bytes() for path in FILES}

    assert here() == laid_out(coding, end, "small", "1")
    story.ship(laid_out(coding, end, "small", "2"))
    story.update()
    assert here() == laid_out(coding, end, "small", "2")
    for path, data in laid_out(coding, end, "mine", "2").items():
        assert isinstance(data, bytes)
        (story.home / path).write_bytes(data)
    story.ship(laid_out(coding, end, "small", "3"))
    story.update()
    conflicts = sorted(str(conflict.path) for conflict in story.lock.conflicts)
    if coding.startswith("utf-8"):
        assert (here(), conflicts) == (laid_out(coding, end, "mine", "3"), [])
    else:
        assert (here(), conflicts) == (laid_out(coding, end, "mine", "2"), sorted(FILES))
    status(story.ctx, BOT)
    export(story.ctx, BOT, Packing(), tmp_path / "bot.tar.gz")


@pytest.mark.parametrize("coding", ["utf-8-sig", "latin-1", "utf-16"])
def test_jobs_that_the_agent_can_not_read_are_left_out_and_told(
    tmp_path: Path, coding: str
) -> None:
    job = {
        "id": "0123456789ab",
        "name": "Grüße",
        "prompt": "Grüße!",
        "schedule": {"kind": "interval", "minutes": 60},
    }
    text = json.dumps({"jobs": [job]}, ensure_ascii=False, indent=1)
    story = Story(tmp_path, {**FIRST, "cron/jobs.json": written(text, coding)})
    done = story.install()
    assert done.proposal is not None
    told = [note for note in sentences(done.proposal.notes) if "cron/jobs.json" in note]
    placed = json.loads(story.read("cron/jobs.json"))["jobs"]
    if coding == "utf-8-sig":
        assert ([one["prompt"] for one in placed], told) == (["Grüße!"], [])
    else:
        assert placed == []
        assert len(told) == 1
        assert "not UTF-8 text" in told[0]
