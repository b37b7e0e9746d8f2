"""A hook of MkDocs: pages and files outside of ``docs/`` that the site shows too, with their links made to fit.

CONTRIBUTING.md, SECURITY.md and CHANGELOG.md become pages, and the schemas are copied into the site. A link to
another file of the repository becomes plain text.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

TOP = Path(__file__).parents[2]
PAGES = ("CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")
SCHEMAS = "schema"
_LOADED = re.compile(
    r"<(?:script|img|iframe|source|video|audio)[^>]*\ssrc=[\"']?(?:https?:)?//[^>]*>"
    r"|<link[^>]*rel=[\"']?(?:stylesheet|preconnect|preload|icon)[^>]*href=[\"']?(?:https?:)?//[^>]*>"
    r"|@import\s+(?:url\()?[\"']?(?:https?:)?//",
)
_LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)\s#]+)(#[^)\s]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what lies outside of ``docs/``."""
    for name in PAGES:
        files.append(
            File.generated(config, name, content=_from_the_top((TOP / name).read_text("utf-8")))
        )
    for schema in sorted((TOP / SCHEMAS).glob("*.json")):
        files.append(File.generated(config, f"{SCHEMAS}/{schema.name}", abs_src_path=str(schema)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001
    """Point links that leave ``docs/`` to where the site has their target."""

    def fitted(link: re.Match[str]) -> str:
        words, target, anchor = link[1], link[2], link[3] or ""
        here = posixpath.dirname(page.file.src_uri)
        if "://" in target or target.startswith("mailto:"):
            return link[0]
        place = posixpath.normpath(posixpath.join(here, target))
        if not place.startswith("../"):
            return link[0]
        inside = place.removeprefix("../")
        if files.get_file_from_path(inside) is None:
            return words
        return f"[{words}]({posixpath.relpath(inside, here or '.')}{anchor})"

    return _LINK.sub(fitted, markdown)


def on_post_build(config: MkDocsConfig) -> None:
    """Make sure that no page loads anything from another host.

    Raises:
        PluginError: A page does.
    """
    for page in sorted(Path(config.site_dir).rglob("*.html")):
        if loaded := _LOADED.search(page.read_text("utf-8")):
            raise PluginError(f"{page.name} loads something from another host: {loaded[0]}")


def _from_the_top(text: str) -> str:
    """A page of the top folder as it is written in ``docs/``."""
    text = re.sub(r"\]\(docs/decisions/\)", "](decisions/index.md)", text)
    return re.sub(r"\]\(docs/", "](", text)
