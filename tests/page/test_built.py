"""The page as it is committed: small, without HTML made from text, without a host to install from."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

from hermes_dist.voice.words import size_of

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "hermes_dist" / "page" / "static"
TAB = ROOT / "plugins" / "dashboard" / "dashboard" / "dist"
WEB = ROOT / "web"
BUDGET = 300_000
"""How large the whole page may be, compressed, in bytes."""
NAMESPACES = ("2000/svg", "1998/Math/MathML", "1999/xhtml", "1999/xlink")
BUILT = sorted(p for folder in (PAGE, TAB) for p in folder.rglob("*") if p.is_file())
OURS = sorted(p for p in (WEB / "src").rglob("*") if p.suffix in {".js", ".jsx"})
HTML_FROM_TEXT = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|srcdoc|dangerouslySet"
    r"|createContextualFragment|setHTML|\beval\(|new Function|javascript:"
)


def test_the_page_is_small() -> None:
    size = sum(len(gzip.compress(p.read_bytes(), 9)) for p in BUILT)
    assert size < BUDGET, size_of(size)


def test_it_consists_of_what_the_server_gives_out() -> None:
    page = {"app.css", "app.js", "editor.js", "icon.svg", "index.html"}
    assert {p.name for p in PAGE.iterdir()} == page
    assert {p.name for p in TAB.iterdir()} == {"index.js", "style.css"}  # the editor is the page's


def test_text_never_becomes_html() -> None:
    found = [
        f"{p.relative_to(ROOT)}: {match[0]}"
        for p in OURS
        for match in HTML_FROM_TEXT.finditer(p.read_text("utf-8"))
    ]
    assert not found


def test_no_script_and_no_style_stands_in_the_page_itself() -> None:
    text = (PAGE / "index.html").read_text("utf-8")
    assert not re.search(r"<style|style=|\son\w+=|<script(?![^>]*\bsrc=)", text)
    assert not re.search(r"(?:src|href)=\"(?!/static/)", text)


def test_nothing_is_asked_of_another_host() -> None:
    known = {f"http://www.w3.org/{name}" for name in NAMESPACES}
    for p in BUILT:
        found = set(re.findall(r"https?://[\w./-]+", p.read_text("utf-8")))
        assert found <= known, p


def test_the_lockfile_names_no_host() -> None:
    text = (WEB / "package-lock.json").read_text("utf-8")
    assert '"resolved"' not in text
    packages = json.loads(text)["packages"]
    assert all("integrity" in each for name, each in packages.items() if name)


def test_every_library_of_the_page_is_free() -> None:
    packages = json.loads((WEB / "package-lock.json").read_text("utf-8"))["packages"]
    shipped = {n: e.get("license") for n, e in packages.items() if n and not e.get("dev")}
    assert set(shipped.values()) == {"MIT"}, shipped
