"""Archives between us and the real agent, and real files that look like anything but secrets."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from partners import Generation

from hermes_dist.brand import HERMES, Layout
from hermes_dist.decide.secrets.scan import scan
from hermes_dist.model.paths import ProfileName, RelPath
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.context import Context
from hermes_dist.ops.transfer.export import Packing, export
from hermes_dist.ops.transfer.import_archive import import_
from hermes_dist.voice.notes import sentences

EXAMPLES = (".md", ".yaml", ".yml", ".json", ".txt", ".sh")


def never() -> str:
    raise AssertionError


@pytest.fixture
def ctx(home: Path) -> Context:
    root = home / ".hermes"
    root.mkdir(exist_ok=True)
    return Context(HERMES, Layout(HERMES, root, home), dict(os.environ))


def write(home: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_text(text)


def test_an_archive_of_the_agent_comes_in_without_keys_and_with_its_memories(
    ctx: Context, home: Path, agent_venv: Path, run: Callable[..., object], generation: Generation
) -> None:
    run(agent_venv / "bin/hermes", "profile", "create", "ada", "--no-alias")
    ada = home / ".hermes/profiles/ada"
    write(
        ada,
        {
            "SOUL.md": "I am Ada.\n",
            "config.yaml": "# mine\nmodel:\n  default: small\n",
            "memories/MEMORY.md": "m\n",
            "skills/own/SKILL.md": "---\nname: own\n---\nMine.\n",
            "hooks/h/HOOK.yaml": "name: h\n",
            "hooks/h/handler.py": "pass\n",
            "google_token.json": '{"token": "ya29.secret"}',
            "platforms/pairing/x.json": "{}",
            "logs/agent.log": "log\n",
            "workspace/" + "deep/" * 6 + "n" * 120 + ".txt": "long\n",
        },
    )
    run(agent_venv / "bin/hermes", "profile", "export", "ada", "-o", str(home / "ada.tar.gz"))
    outcome = import_(
        ctx, home / "ada.tar.gz", Request(), lambda _: True, passphrase=never, name="grace"
    )
    grace = home / ".hermes/profiles/grace"
    assert (grace / "SOUL.md").read_text() == "I am Ada.\n"
    assert (grace / "config.yaml").read_text() == "# mine\nmodel:\n  default: small\n"
    assert (grace / "memories/MEMORY.md").read_text() == "m\n"
    assert (grace / "skills/own/SKILL.md").exists()
    assert next(iter(grace.rglob("n*.txt"))).read_text() == "long\n"
    for left in ("hooks", "google_token.json", "platforms", "logs/agent.log"):
        assert not (grace / left).exists()
    assert outcome.proposal is not None
    assert any("hooks/h" in note for note in sentences(outcome.proposal.notes))
    # 0.22 leaves credentials out itself, so there is nothing left for us to leave out.
    assert {left.path for left in outcome.proposal.offer.left_out} >= generation.exports


def test_the_agent_imports_an_archive_of_ours(
    ctx: Context, home: Path, agent_venv: Path, run: Callable[..., object]
) -> None:
    write(
        home / ".hermes/profiles/ada",
        {"SOUL.md": "I am Ada.\n", "skills/own/SKILL.md": "---\nname: own\n---\nMine.\n"},
    )
    export(ctx, ProfileName("ada"), Packing(), home / "ada.tar.gz")
    run(agent_venv / "bin/hermes", "profile", "import", str(home / "ada.tar.gz"), "--name", "grace")
    assert (home / ".hermes/profiles/grace/SOUL.md").read_text() == "I am Ada.\n"


def test_at_most_one_real_file_in_a_hundred_looks_like_a_secret(agent_venv: Path) -> None:
    """The skills and settings that the agent brings: hundreds of texts about keys, tokens and configuration."""
    package = next(agent_venv.glob("lib/python*/site-packages"))
    files = [
        p
        for folder in ("hermes_cli", "gateway", "skills", "optional-skills", "tools", "agent")
        for p in (package / folder).rglob("*")
        if p.suffix in (*EXAMPLES, ".py") and p.is_file()
    ]
    assert len(files) > 200
    flagged = [str(leak) for p in files for leak in scan(RelPath(p.name), p.read_bytes())[:1]]
    assert len(flagged) <= len(files) / 100, flagged
