"""The agent's own skills in a home: known by its fingerprints, and only while they are as it made them."""

from __future__ import annotations

import hashlib

from shelf import Shelf

from hermes_dist.decide.placement.stock import STOCK_SOULS, agents_own
from hermes_dist.model.tree import Digest


def fingerprint(*files: tuple[str, str]) -> str:
    """The agent's, over path and content of each file, by the order of path components."""
    return hashlib.md5("".join(path + content for path, content in files).encode()).hexdigest()


FILES = {
    "skills/web/search/SKILL.md": "s",
    "skills/web/search/lib/x.py": "x",
    "skills/web/search/lib-2.py": "y",
}
KNOWN = f"search:{fingerprint(('SKILL.md', 's'), ('lib/x.py', 'x'), ('lib-2.py', 'y'))}\n"


def own(bundled: str, files: dict[str, str]) -> list[str]:
    shelf = Shelf()
    return sorted(map(str, agents_own(bundled, shelf.tree(files), shelf.read)))


def test_an_untouched_skill_is_the_agents_with_all_its_files_and_no_other() -> None:
    assert own(KNOWN, {**FILES, "skills/mine/SKILL.md": "m", "SOUL.md": "x"}) == sorted(FILES)


def test_a_skill_that_was_edited_added_to_or_cut_is_the_users() -> None:
    edited = {**FILES, "skills/web/search/SKILL.md": "mine"}
    longer = {**FILES, "skills/web/search/own.md": "mine"}
    shorter = {path: text for path, text in FILES.items() if not path.endswith("x.py")}
    assert own(KNOWN, edited) == own(KNOWN, longer) == own(KNOWN, shorter) == []


def test_skills_that_the_agent_does_not_name_are_not_looked_at() -> None:
    assert own("", FILES) == own("other:" + KNOWN.partition(":")[2], FILES) == []
    assert own("no colon\n\n:\nsearch:0\n", FILES) == []


def test_the_last_line_about_a_skill_counts_and_blanks_around_it_do_not() -> None:
    assert own(f"search:0\n{KNOWN.rstrip()}  \r\n", FILES) == sorted(FILES)


def test_a_skill_at_the_root_of_the_folder_is_nobodys() -> None:
    assert own(f"skills:{fingerprint(('x.md', ''))}", {"skills/SKILL.md": "s"}) == []


def test_the_stock_soul_is_known_by_its_digest() -> None:
    assert Digest.of(b"You are a bot.\n") not in STOCK_SOULS
    assert all(isinstance(digest, Digest) for digest in STOCK_SOULS)
