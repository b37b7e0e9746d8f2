"""What an output shows: its width as it is now, colours by the usual variables, and what its encoding knows."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import select
import struct
import sys
import termios
from collections.abc import Iterator

import pytest

from hermes_dist.cli.shared import screen as screens
from hermes_dist.cli.shared.screen import Screen
from hermes_dist.cli.shared.terminal import colour_of, columns_of, shown_by, shows_colour
from hermes_dist.errors import DistError

VARIABLES = ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "CLICOLOR", "TERM", "COLUMNS")


class Pty:
    """A terminal whose size can be changed, as a stream."""

    def __init__(self) -> None:
        self.master, slave = pty.openpty()
        self.stream = os.fdopen(slave, "w", encoding="utf-8")

    def resize(self, columns: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def text(self) -> str:
        self.stream.flush()
        found = b""
        while select.select([self.master], [], [], 0)[0]:
            found += os.read(self.master, 65536)
        return found.decode().replace("\r\n", "\n")


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pty]:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    made = Pty()
    yield made
    made.stream.close()
    os.close(made.master)


def test_the_width_is_that_of_the_terminal_as_it_is_now(
    terminal: Pty, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert columns_of(terminal.stream) is None
    monkeypatch.setenv("COLUMNS", "70")
    assert columns_of(terminal.stream) == 70
    terminal.resize(44)
    assert columns_of(terminal.stream) == 44
    terminal.resize(3)
    assert columns_of(terminal.stream) == 20
    for words in ("", "x", "-5", "٣"):
        monkeypatch.setenv("COLUMNS", words)
        terminal.resize(0)
        assert columns_of(terminal.stream) is None


def test_a_pipe_has_no_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "70")
    reader, writer = os.pipe()
    with os.fdopen(writer, "w") as stream, os.fdopen(reader):
        assert columns_of(stream) is None
    assert columns_of(io.StringIO()) is None


def test_each_stream_has_a_width_of_its_own_and_a_resize_counts_at_once(
    terminal: Pty, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stderr", terminal.stream)
    screen = Screen(colour=False)
    words = "one two three four five six seven"
    terminal.resize(20)
    screen.say(words)
    screen.tell(f"  note   {words}")
    screen.table(("A", "B"), [("x", f"{words} {words}")], beside=True)
    assert capsys.readouterr().out == f"{words}\n"
    assert terminal.text() == (
        "  note   one two\n         three four\n         five six\n         seven\n"
        "A  B\nx  one two three\n   four five six\n   seven one two\n   three four five\n   six seven\n"
    )
    terminal.resize(200)
    screen.tell(words)
    assert terminal.text() == f"{words}\n"


def test_an_error_and_its_hint_wrap_but_a_command_stays_whole(
    terminal: Pty, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", terminal.stream)
    terminal.resize(30)
    error = DistError(
        "this can't be read at all", where="a.yaml", hint="see what it is: hermes-dist show bot -v"
    )
    Screen(colour=False).error(error)
    assert terminal.text() == (
        "error: a.yaml: this can't be\n       read at all\n  see what it is:\n    hermes-dist show bot -v\n"
    )


def test_lines_of_logs_and_of_differences_are_left_to_the_terminal(
    terminal: Pty, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", terminal.stream)
    terminal.resize(20)
    Screen(colour=False).diff([f"+{'word ' * 9}"], beside=True)
    assert terminal.text() == f"+{'word ' * 9}\n"


def test_a_long_text_in_json_is_wrapped_below_itself(
    terminal: Pty, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stderr", terminal.stream)
    terminal.resize(20)
    text = f'+  "prompt": "{"word " * 5}",'
    lines = ["--- received/a.json", "+++ yours/a.json", text, " }", "--- received/b.md", text]
    Screen(colour=False).diff(lines, beside=True)
    assert terminal.text() == (
        "--- received/a.json\n+++ yours/a.json\n"
        '+  "prompt": "word\n       word word\n       word word ",\n }\n'
        f"--- received/b.md\n{text}\n"
    )
    Screen(colour=False).diff(lines)
    assert capsys.readouterr().out == "".join(f"{line}\n" for line in lines)


@pytest.mark.parametrize(
    ("word", "env", "colour"),
    [
        ("auto", {}, None),
        ("always", {"NO_COLOR": "1", "TERM": "dumb"}, True),
        ("never", {"FORCE_COLOR": "1"}, False),
        ("auto", {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        ("auto", {"NO_COLOR": ""}, None),
        ("auto", {"FORCE_COLOR": "1"}, True),
        ("auto", {"FORCE_COLOR": "0"}, None),
        ("auto", {"CLICOLOR_FORCE": "1", "CLICOLOR": "0"}, True),
        ("auto", {"CLICOLOR_FORCE": "0"}, None),
        ("auto", {"CLICOLOR": "0"}, False),
        ("auto", {"CLICOLOR": "1"}, None),
    ],
)
def test_the_usual_variables_decide_about_colour(
    terminal: Pty, monkeypatch: pytest.MonkeyPatch, word: str, env: dict[str, str], colour: bool
) -> None:
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    assert colour_of(word) is colour


def test_a_dumb_terminal_gets_no_colour_and_no_spinner(
    terminal: Pty, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", terminal.stream)
    assert shows_colour(terminal.stream)
    assert screens.shows_progress()
    monkeypatch.setenv("TERM", "dumb")
    assert not shows_colour(terminal.stream)
    assert not screens.shows_progress()


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("utf-8", "a → b … ✓ é — “x” 日"),
        ("cp1252", "a -> b … ok é — “x” \\u65e5"),
        ("latin-1", 'a -> b ... ok é - "x" \\u65e5'),
        ("ascii", 'a -> b ... ok \\xe9 - "x" \\u65e5'),
    ],
)
def test_what_an_encoding_does_not_know_is_spelled_in_ascii(encoding: str, shown: str) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding)
    text = shown_by(stream, "a → b … ✓ é — “x” 日")
    assert text == shown
    stream.write(text)


def test_output_that_is_not_utf_8_never_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    screen = Screen()
    screen.say("✓ done → 日本")
    screen.table(("Näme", "Was"), [("◆ ü", "…")])
    screen.fields([("Näme", "ü")])
    sys.stdout.flush()
    assert raw.getvalue().decode("ascii").splitlines() == [
        "ok done -> \\u65e5\\u672c",
        "N\\xe4me  Was",
        "* \\xfc   ...",
        "N\\xe4me: \\xfc",
    ]


def test_progress_turns_also_where_the_terminal_is_not_utf_8(
    terminal: Pty, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = os.fdopen(os.dup(terminal.stream.fileno()), "w", encoding="ascii")
    terminal.resize(60)
    monkeypatch.setattr(sys, "stderr", stream)
    screen = Screen()
    screen.progress("fetching → 日本")
    screen.spinner.stop()
    stream.close()
    assert "fetching -> \\u65e5" in terminal.text()


PALETTES = {
    "xterm, dark": ("000000", "cd0000 00cd00 cdcd00 0000ee cd00cd 00cdcd"),
    "xterm, light": ("ffffff", "cd0000 00cd00 cdcd00 0000ee cd00cd 00cdcd"),
    "GNOME, dark": ("1e1e1e", "c01c28 26a269 a2734c 12488b a347ba 2aa1b3"),
    "GNOME, light": ("ffffff", "c01c28 26a269 a2734c 12488b a347ba 2aa1b3"),
    "Tango, dark": ("300a24", "cc0000 4e9a06 c4a000 3465a4 75507b 06989a"),
    "Tango, light": ("ffffff", "cc0000 4e9a06 c4a000 3465a4 75507b 06989a"),
    "macOS, dark": ("000000", "990000 00a600 999900 0000b2 b200b2 00a6b2"),
    "macOS, light": ("ffffff", "990000 00a600 999900 0000b2 b200b2 00a6b2"),
    "Solarized, dark": ("002b36", "dc322f 859900 b58900 268bd2 d33682 2aa198"),
    "Solarized, light": ("fdf6e3", "dc322f 859900 b58900 268bd2 d33682 2aa198"),
    "VS Code, dark": ("1e1e1e", "cd3131 0dbc79 e5e510 2472c8 bc3fbc 11a8cd"),
    "VS Code, light": ("ffffff", "cd3131 00bc00 949800 0451a5 bc05bc 0598bc"),
    "Windows Terminal": ("0c0c0c", "c50f1f 13a10e c19c00 0037da 881798 3a96dd"),
}
"""The backgrounds that terminals ship with, and their colours 31 to 36."""


def _light(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrasts(code: int) -> list[float]:
    """The contrast of a colour with its background in each palette, as WCAG defines it."""
    found = []
    for background, colours in PALETTES.values():
        low, high = sorted([_light(background), _light(colours.split()[code - 31])])
        found.append((high + 0.05) / (low + 0.05))
    return sorted(found)


def _is_readable(code: int) -> bool:
    found = _contrasts(code)
    # No colour of the sixteen reaches 3 everywhere, not even red; the third lowest does.
    return found[0] > 2.1 and found[2] >= 2.9


def test_every_style_is_readable_on_light_and_on_dark_terminals() -> None:
    used = {int(code) for codes in screens.CODES.values() for code in codes.split(";")}
    assert used - {1} == {code for code in range(31, 37) if _is_readable(code)}
