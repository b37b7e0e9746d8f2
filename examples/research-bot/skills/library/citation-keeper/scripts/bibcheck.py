"""Find common faults in a BibTeX file. Reads text, uses no network, changes nothing."""

from __future__ import annotations

import re
import sys
import unicodedata
from pathlib import Path

REQUIRED = {
    "article": ("author", "title", "journal", "year"),
    "book": ("title", "publisher", "year"),
    "inproceedings": ("author", "title", "booktitle", "year"),
    "misc": ("title",),
}
ENTRY = re.compile(r"^@(\w+)\s*\{\s*([^,\s]+)\s*,(.*?)^\}", re.MULTILINE | re.DOTALL)
FIELD = re.compile(r"^\s*(\w+)\s*=\s*(.+?)\s*,?\s*$", re.MULTILINE)
DOI = re.compile(r"10\.\d{4,9}/\S+")


def entries(text: str) -> list[tuple[str, str, dict[str, str]]]:
    """Return kind, key and fields of each entry, in the order of the file."""
    found = []
    for kind, key, body in ENTRY.findall(text):
        fields = {name.lower(): value.strip('{}" ') for name, value in FIELD.findall(body)}
        found.append((kind.lower(), key, fields))
    return found


def fingerprint(title: str) -> str:
    """Return a title's letters and digits only, so that spelling of the same work agrees."""
    plain = unicodedata.normalize("NFKD", title).casefold()
    return "".join(char for char in plain if char.isalnum())


def check(text: str) -> list[str]:
    """Return one line for each fault found in the text of a BibTeX file."""
    faults: list[str] = []
    keys: set[str] = set()
    titles: dict[str, str] = {}
    for kind, key, fields in entries(text):
        if key in keys:
            faults.append(f"{key}: this key is used twice")
        keys.add(key)
        missing = [name for name in REQUIRED.get(kind, ("title",)) if not fields.get(name)]
        if missing:
            faults.append(f"{key}: missing {', '.join(missing)}")
        doi = fields.get("doi", "")
        if doi and not DOI.fullmatch(doi):
            faults.append(f"{key}: doi should start with '10.' and hold no link: {doi}")
        if not doi and not fields.get("url"):
            faults.append(f"{key}: neither doi nor url")
        year = fields.get("year", "")
        if year and not re.fullmatch(r"1[5-9]\d\d|20\d\d", year):
            faults.append(f"{key}: odd year: {year}")
        mark = fingerprint(fields.get("title", ""))
        if mark and titles.setdefault(mark, key) != key:
            faults.append(f"{key}: same title as {titles[mark]}")
    return faults


if __name__ == "__main__":
    lines = check(Path(sys.argv[1]).read_text(encoding="utf-8"))
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.exit(1 if lines else 0)
