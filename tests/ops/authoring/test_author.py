"""Beginning a package, judging it, and seeing what would ship."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest
import yaml
from machines import BOT, LIVE, SOUL, Machine

from hermes_dist.decide.validate.problems import Level
from hermes_dist.errors import DistError, Refused, UsageError
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.authoring import author
from hermes_dist.ops.authoring.author import Draft
from hermes_dist.voice.left_out import WORDS
from hermes_dist.voice.problems import problem_words

EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.fixture
def ada(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path / "ada")
    machine.fill()
    return machine


def test_a_manifest_is_begun_from_what_the_files_refer_to(ada: Machine) -> None:
    ada.fill(
        {
            "config.yaml": "model:\n  default: m\n  provider: openrouter\nweb:\n  key: ${WEB_KEY}\n  maybe: ${MAYBE:-x}\n"
            "mcp_servers:\n  z: {command: uvx, env: {ZOTERO_KEY: '${ZOTERO_KEY}', HOME: '${HOME}'}}\nextra:\n  api_key: Qz7xW9kV3mB5nR8tY2pL\n",
            "skills/hello/SKILL.md": "---\nname: hello\ndescription: Hi.\nrequired_environment_variables:\n  - HELLO_TOKEN\n  - {name: HELLO_OPT, optional: true}\n---\nHi.\n",
            "scripts/a.py": "import os\nKEY = os.environ['SCRIPT_KEY']\nX = os.getenv('SCRIPT_OPT')\n",
        }
    )
    ada.init(description='Quotes "and" colons: yes', author="")
    text = ada.read("distribution.yaml")
    data = yaml.safe_load(text)
    assert (data["name"], data["version"], data["description"], data["author"]) == (
        "bot",
        "0.1.0",
        'Quotes "and" colons: yes',
        "Ada Author",
    )
    wanted = {var["name"]: var["required"] for var in data["env_requires"]}
    assert wanted == {
        "OPENROUTER_API_KEY": True,
        "EXTRA_API_KEY": True,
        "WEB_KEY": True,
        "MAYBE": False,
        "ZOTERO_KEY": True,
        "SCRIPT_KEY": False,
        "SCRIPT_OPT": False,
        "HELLO_TOKEN": True,
        "HELLO_OPT": False,
    }
    assert text.count("#") > 8
    assert "ada@example.org" not in text
    assert [
        p
        for p in author.problems_of(ada.ctx, author.package_at(ada.ctx, BOT))
        if p.level is Level.ERROR
    ] == []


def test_what_pack_refuses_as_a_leak_is_an_error_at_the_same_place(
    ada: Machine, tmp_path: Path
) -> None:
    ada.init()
    ada.write(".env", "DB_PASSWORD=xyzzy-plugh-4711\n")
    ada.write("SOUL.md", "# Bot\nconnect with xyzzy-plugh-4711\n")
    with pytest.raises(Refused, match=r"SOUL\.md:2") as caught:
        author.pack(ada.ctx, BOT, tmp_path / "x.tar.gz")
    found = author.checked(ada.ctx, author.package_at(ada.ctx, BOT))
    [leak] = [one for one in found if one.level is Level.ERROR]
    assert (leak.path, leak.line, leak.rule) == ("SOUL.md", 2, "secret")
    assert "xyzzy" not in problem_words(leak)
    assert problem_words(leak).removeprefix("this must not leave the machine: ") in str(
        caught.value
    )


def test_a_manifest_that_is_there_is_never_overwritten(ada: Machine) -> None:
    ada.init()
    before = ada.read("distribution.yaml")
    with pytest.raises(DistError, match="never overwritten"):
        ada.init()
    with pytest.raises(DistError, match="not overwritten"):
        author.write_manifest(ada.ctx, BOT, Draft(name="other"))
    assert ada.read("distribution.yaml") == before


def test_a_folder_begins_empty_and_gets_a_workflow(ada: Machine, tmp_path: Path) -> None:
    folder = tmp_path / "My Agent"
    folder.mkdir()
    place = author.place_of(ada.ctx, f"{folder}/")
    made = author.draft(ada.ctx, place, Draft(name=""))
    author.write_manifest(ada.ctx, place, made)
    workflow = author.write_workflow(ada.ctx, place)
    assert yaml.safe_load((folder / "distribution.yaml").read_text())["name"] == "my-agent"
    steps = yaml.safe_load(workflow.read_text())["jobs"]["validate"]["steps"]
    assert steps[-1]["run"] == "hermes-dist validate ./"
    with pytest.raises(DistError, match="not overwritten"):
        author.write_workflow(ada.ctx, place)
    with pytest.raises(UsageError, match="clone of the repository"):
        author.write_workflow(ada.ctx, BOT)
    assert [p.level for p in author.problems_of(ada.ctx, author.package_at(ada.ctx, place))] == [
        Level.WARNING
    ] * 3


def test_a_folder_is_told_from_a_profile(
    ada: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ctx = ada.ctx
    assert author.place_of(ctx, "bot") == ProfileName("bot")
    assert author.place_of(ctx, f"{ada.home}/") == ProfileName("bot")
    assert author.place_of(ctx, str(EXAMPLES / "coder")) == EXAMPLES / "coder"
    (ada.root / "active_profile").write_text("bot\n")
    assert author.place_of(ctx, None) == author.place_of(ctx, ".") == ProfileName("bot")
    monkeypatch.chdir(EXAMPLES / "coder")
    assert author.place_of(ctx, ".") == EXAMPLES / "coder"
    assert author.place_of(ctx, None) == ProfileName("bot")
    for text, sentence in (("./nothing", "no such folder"), ("nothing", "no profile")):
        with pytest.raises(DistError, match=sentence):
            author.place_of(ctx, text)


def test_a_folder_that_is_not_there_is_made_for_a_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with author.new_folder("bot/"):
        assert (tmp_path / "bot").is_dir()
    with author.new_folder("bot/"):
        (tmp_path / "bot/SOUL.md").touch()
    for text in ("./other", "bot/"):
        with pytest.raises(UsageError), author.new_folder(text):
            raise UsageError(str(Path(text).is_dir()))
    for text in (None, ".", "word", "a/b/", "./bot/SOUL.md"):
        with author.new_folder(text):
            pass
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")) == [
        "bot",
        "bot/SOUL.md",
    ]


def test_a_folder_that_can_not_be_made_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "mkdir", refuse)
    with (
        pytest.raises(DistError, match="can't make the folder"),
        author.new_folder(f"{tmp_path}/x/"),
    ):
        pass


def refuse(path: Path, *_: object) -> None:
    raise PermissionError(13, "Permission denied", str(path))


@pytest.mark.parametrize("name", ["coder", "research-bot"])
def test_the_examples_are_valid(ada: Machine, name: str) -> None:
    assert author.problems_of(ada.ctx, author.package_at(ada.ctx, EXAMPLES / name)) == ()


def test_a_folder_that_can_be_no_package_is_told(ada: Machine, tmp_path: Path) -> None:
    folder = tmp_path / "x"
    folder.mkdir()
    (folder / "distribution.yaml").write_text(
        "name: x\nversion: 1.0.0\ndescription: x\nlicense: MIT\n"
    )
    (folder / "SOUL.md").write_text("x\n")
    (folder / "link").symlink_to("../SOUL.md")
    found = author.problems_of(ada.ctx, author.package_at(ada.ctx, folder))
    assert [(p.path, p.level) for p in found] == [("link", Level.WARNING)]
    (folder / "a:b").write_text("x\n")
    found = author.problems_of(ada.ctx, author.package_at(ada.ctx, folder))
    assert [(p.path, p.level, p.rule) for p in found] == [("a:b", Level.ERROR, "tree")]


def test_what_would_ship_is_listed_with_sizes_and_what_stays(ada: Machine) -> None:
    ada.init()
    ada.fill(
        {
            "memories/MEMORY.md": "m",
            "notes.txt": "n",
            ".env": "A=b\n",
            "skills/.usage.json": "{}",
            "skills/theirs/SKILL.md": "---\nname: t\n---\n",
        }
    )
    import hashlib

    digest = hashlib.md5(b"SKILL.md" + b"---\nname: t\n---\n").hexdigest()
    ada.write("skills/.bundled_manifest", f"theirs:{digest}\n")
    found = author.shipping(ada.ctx, BOT)
    assert [(part, str(path)) for part, path, _ in found.files] == [
        ("soul", "SOUL.md"),
        ("config", "config.yaml"),
        ("skills", "skills/hello/SKILL.md"),
        ("files", "distribution.yaml"),
    ]
    assert found.parts["soul"] == len(SOUL)
    stays = {left.path: WORDS[left.why] for left in found.stays}
    assert stays["memories/"] == stays[".env"] == "belongs to this machine"
    assert stays["skills/theirs"] == "the agent's own"
    assert stays["notes.txt"].startswith("a package does not ship this name")


def test_what_pack_refuses_is_listed_before(ada: Machine, tmp_path: Path) -> None:
    ada.init()
    assert author.shipping(ada.ctx, BOT).refused == ()
    ada.fill({"SOUL.md": "You are a bot.\nSee /home/ada/notes.\n"})
    [line] = author.shipping(ada.ctx, BOT).refused
    assert line.startswith("SOUL.md:2: a path on a machine")
    with pytest.raises(Refused, match=r"SOUL\.md:2"):
        author.pack(ada.ctx, BOT, tmp_path / "x.tar.gz")


def test_a_package_is_packed_the_same_each_time(ada: Machine, tmp_path: Path) -> None:
    ada.init()
    ada.edit("config.yaml", "max_tokens: 1", "api_key: Qz7xW9kV3mB5nR8tY2pL")
    one, two = tmp_path / "1.tar.gz", tmp_path / "2.tar.gz"
    with pytest.raises(DistError, match=r"what is written is not a \.zip file"):
        author.pack(ada.ctx, BOT, tmp_path / "bot.zip")
    assert author.pack(ada.ctx, BOT, one)[0] == len(LIVE) + 1
    author.pack(ada.ctx, BOT, two)
    assert one.read_bytes() == two.read_bytes()
    with tarfile.open(one) as tar:
        files = {m.name: tar.extractfile(m).read() for m in tar if m.isfile()}  # type: ignore[union-attr]  # a file
    assert set(files) == {f"bot-0.1.0/{path}" for path in (*LIVE, "distribution.yaml")}
    assert b"Qz7x" not in b"".join(files.values())
    assert b"MODEL_API_KEY" in files["bot-0.1.0/distribution.yaml"]
    with pytest.raises(DistError, match="exists already"):
        author.pack(ada.ctx, BOT, one)
    ada.edit("SOUL.md", "Rule 1 stands", "Rule /home/lovelace/x stands")
    with pytest.raises(Refused, match=r"SOUL\.md:2"):
        author.pack(ada.ctx, BOT, tmp_path / "3.tar.gz")
