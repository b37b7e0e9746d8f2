"""The plugin of a profile's chats: put into its home, enabled there alone, and taken away again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hermes_dist import chat_plugin
from hermes_dist.brand import HERMES, Layout
from hermes_dist.decide.ownership import is_machine
from hermes_dist.decide.plugins.troubles import Trouble
from hermes_dist.errors import Refused
from hermes_dist.model.paths import ProfileName, RelPath
from hermes_dist.ops.context import Context
from hermes_dist.ops.plugins import chat
from hermes_dist.ops.plugins.dashboard import Installed

BOT = ProfileName("bot")
CONFIG = "# mine\nmodel: x  # stays\n"


@pytest.fixture
def ctx(home: Path) -> Context:
    layout = Layout(HERMES, home / ".hermes", home)
    for name in ("default", "bot"):
        layout.home(ProfileName(name)).mkdir(parents=True)
        (layout.home(ProfileName(name)) / "config.yaml").write_text(CONFIG)
    return Context(HERMES, layout, {"HOME": str(home), "PATH": ""})


def install(ctx: Context, *, replace: bool = False) -> Installed:
    planned = chat.plan_chat(ctx, BOT)
    return chat.install_chat(ctx, BOT, planned, enable=True, replace=replace)


def place(ctx: Context) -> Path:
    return ctx.layout.home(BOT) / "plugins" / "hermes-dist-chat"


def test_it_comes_and_goes_in_one_home_alone(ctx: Context) -> None:
    done = install(ctx)
    assert done.program[-2:] == ("watch", "answer")
    assert Path(done.program[0]).is_absolute()
    code = (place(ctx) / "__init__.py").read_bytes()
    assert code == Path(chat_plugin.__file__).read_bytes()
    manifest = (place(ctx) / "plugin.yaml").read_text()
    assert "@version@" not in manifest
    assert "pre_gateway_dispatch" in manifest
    assert json.loads((place(ctx) / "program.json").read_text())["argv"] == list(done.program)
    config = ctx.layout.home(BOT) / "config.yaml"
    assert config.read_text() == CONFIG + "plugins:\n  enabled:\n  - hermes-dist-chat\n"
    assert not (ctx.layout.root / "plugins").exists()
    assert (ctx.layout.root / "config.yaml").read_text() == CONFIG
    chat.remove_chat(ctx, BOT)
    assert not place(ctx).exists()
    assert config.read_text() == CONFIG


def test_no_package_holds_it() -> None:
    for file in ("__init__.py", "program.json", "plugin.yaml"):
        assert is_machine(RelPath(f"plugins/hermes-dist-chat/{file}"))


def test_what_is_wrong_with_it_is_told(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    assert chat.chat_status(ctx, BOT).troubles[0] is Trouble.ABSENT
    with monkeypatch.context() as patch:
        patch.setattr("hermes_dist.ops.plugins.folder.__version__", "0.0.1")
        install(ctx)
    assert chat.chat_status(ctx, BOT).troubles[0] is Trouble.BEHIND
    with monkeypatch.context() as patch:
        patch.setattr("sys.executable", "/nowhere/python")
        install(ctx)
    assert chat.chat_status(ctx, BOT).troubles[0] is Trouble.PROGRAM_GONE
    install(ctx)
    assert chat.chat_status(ctx, BOT).troubles == (Trouble.NO_AGENT,)


def test_a_folder_of_somebody_else_stays(ctx: Context) -> None:
    place(ctx).mkdir(parents=True)
    (place(ctx) / "__init__.py").write_text("mine = 1\n")
    with pytest.raises(Refused, match="not as hermes-dist left it"):
        install(ctx)
    chat.remove_chat(ctx, BOT)
    assert (place(ctx) / "__init__.py").read_text() == "mine = 1\n"
    done = install(ctx, replace=True)
    assert done.replaced is not None
    assert (done.replaced / "__init__.py").read_text() == "mine = 1\n"
