"""Secrets that people note in comments, in words of their own: ``# pass: …``, ``# old key …``, ``# token for ci …``.

In prose nothing joins a name and a value as in a setting, and passwords that people make up are short. So only comments
are read, and a value counts if a word for a secret stands shortly before it, and nothing else explains how it looks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from hermes_dist import lazily
from hermes_dist.decide.secrets.finder import Finding
from hermes_dist.decide.secrets.looks import (
    is_made_of_words,
    is_placeholder,
    is_random,
    turns,
)
from hermes_dist.model.paths import RelPath

_SETTINGS = frozenset([".yaml", ".yml", ".toml", ".ini", ".cfg", ".conf", ".env", ".properties"])
_SCRIPTS = frozenset([".py", ".sh", ".bash", ".zsh", ".rb", ".pl", ".ps1", ".tf", ".mk", ".txt"])
_HASH = _SETTINGS | _SCRIPTS
_SLASHES = frozenset([".js", ".mjs", ".cjs", ".ts", ".tsx", ".jsonc", ".json5", ".go", ".rs"])
_COMMENT = {
    "#": lazily.pattern(r"(?:^\ufeff?|(?<=\s))#+(.*)"),
    "//": lazily.pattern(r"(?:^\ufeff?|(?<=\s))//+(.*)"),
}
_WORD = lazily.pattern(
    r"(?<![\w-])(?:(?P<password>pass|password|passwd|passphrase|passcode|pwd|pw|psk"
    r"|passwort|kennwort|contrase[nñ]a|mot de passe)"
    r"|(?P<key>(?:\w{1,20}[ _-])?key|apikey|token|secret|credentials?|creds|bearer|pat|auth))"
    r"(?=[\s:=：\"'`)])[\"'`)]*",
    re.IGNORECASE,
)
# Blanks are never given back: a line of nothing but blanks behind a name would take quadratic time otherwise.
_PART = lazily.pattern(r"[\s\"'`]*+(?P<sign>[:=：]+|->|=>|→)?[\s\"'`]*+(?P<text>[^\s\"'`,;]+)")
_JOINS = frozenset(["is", "was", "ist", "war", "are", "to"])
_FARTHEST = 6
"""A value is looked for among so many words behind the name."""
_OTHERWISE = lazily.pattern(
    r"[($<\[{}%|\\]|://|^[.~]?/|^[\w.+-]+@[\w-]+\.\w+$|^[\w.-]+:\d+$|^v?\d+(?:\.\w+)+$|^\d{4}-\d\d|^(?:HTTP|GHSA|CVE|RFC|ISO|PEP)\b|=\d*$|^[\d.,:/+x-]+\w{0,4}$"
    r"|\.(?:py|md|json|ya?ml|txt|sh|js|ts|toml|env|pem|key|pub|crt|log|db|html|org|com|io|dev|ai|net)$"
    r"|^(?i:id_)?(?i:ed25519|secp\d+\w*|[hre]s\d{3}|sha-?\d+\w*|aes\w*|md5\w*|base\d\d\w*|utf-?\d+|x\.?509\w*|oauth\w*|argon2\w*|p-?\d{3})$",
)
"""A path, an address, a version, a date, a number, a file, an algorithm, a call."""
_NAME = lazily.pattern(
    r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|[a-z]+(?:_[a-z0-9]+)+|[a-z]+(?:[A-Z][a-z]+)+\d?"
)
"""The name of a variable, whatever it may be called."""
_SHORT_PREFIX = lazily.pattern(
    r"(?:sk|pk|rk|ghp|gho|xox[bap]|hf|gsk|key|tok)[-_](?=\w*\d)[\w-]{5,}"
)
_HEX = lazily.pattern(r"(?=.*\d)(?=.*[a-f])[0-9a-f]{12,}", re.IGNORECASE)
_KIND = "secret in a comment"


def loose_secrets(path: RelPath, text: str) -> Iterator[Finding]:
    """Yield the values in the comments of a file that are named as secrets and look like ones."""
    sign = _sign_of(path)
    if sign is None or sign not in text or "\0" in text or not _WORD.search(text):
        return
    at = 0
    for line in text.splitlines(keepends=True):
        found = _COMMENT[sign].search(line) if sign in line else None
        if found:
            for start, end in _in_comment(found[1]):
                begin = at + found.start(1)
                yield Finding(begin + start, begin + end, _KIND)
        at += len(line)


def _sign_of(path: RelPath) -> str | None:
    """Return what begins a comment in a file; None if it is written in a language without comments, or in prose."""
    if path.name.startswith(".env") or not path.suffix or path.suffix in _HASH:
        return "#"
    return "//" if path.suffix in _SLASHES else None


def _in_comment(words: str) -> Iterator[tuple[int, int]]:
    for name in _WORD.finditer(words):
        found = _behind(words, name)
        if found:
            yield found


def _behind(words: str, name: re.Match[str]) -> tuple[int, int] | None:
    """Return where the value of a name is; None if nothing behind it looks like one."""
    at, joined = name.end(), False
    for far in range(_FARTHEST):
        part = _PART.match(words, at)
        if part is None:
            return None
        joined = joined or bool(part["sign"]) or _is_quoted(words, part)
        value = part["text"].rstrip(".:!?)")
        if _is_secret(name, value, close=joined or (not far and name[0].lower() != "pass")):
            return part.start("text"), part.start("text") + len(value)
        if _WORD.match(part["text"] + " "):
            return None  # the value belongs to that name
        joined = part["text"].lower() in _JOINS or part["text"].endswith((":", "="))
        at = part.end()
    return None


def _is_quoted(words: str, part: re.Match[str]) -> bool:
    """Whether a value stands in quotes of its own, as people mark what is to be typed exactly so."""
    begin, end = part.span("text")
    return begin > 0 and words[begin - 1] in "\"'`" and words[end : end + 1] == words[begin - 1]


def _is_secret(name: re.Match[str], value: str, *, close: bool) -> bool:
    looks = _like_password if name["password"] else _like_key
    return looks(value, close=close) and not _is_something_else(value)


def _is_something_else(value: str) -> bool:
    return bool(_OTHERWISE.search(value) or _NAME.fullmatch(value)) or is_placeholder(value)


def _like_password(value: str, *, close: bool) -> bool:
    """Whether a value looks like a password: close to its name a word with a number, as people make them up."""
    has_letter = any(char.isalpha() for char in value)
    has_other = any(not char.isalpha() and char not in "-_./'" for char in value)
    return close and len(value) >= 6 and has_letter and has_other


def _like_key(value: str, *, close: bool) -> bool:
    if _SHORT_PREFIX.fullmatch(value) or _HEX.fullmatch(value):
        return True
    if is_made_of_words(value):
        return False
    digits, _ = turns(value)
    return is_random(value) or (close and len(value) >= 8 and digits >= 3)
