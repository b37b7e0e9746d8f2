"""The only secret finder: what looks like a secret in a text, and where.

There are three families: keys that begin with the prefix of a known service; secrets recognised by their
surroundings (a private key, a password in a URL); and random values after a telling name.
The first, and private keys, are also looked for inside words of base64.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist import lazily
from hermes_dist.decide.secrets.looks import (
    FEWEST,
    could_be_random,
    is_made_of_words,
    is_mixed,
    is_password,
    is_placeholder,
    is_random,
    looks_drawn,
)
from hermes_dist.decide.secrets.wrapped import unwrapped
from hermes_dist.lazily import later

with later():  # few texts have a word that could be a key
    from hermes_dist.decide.secrets import kinds
    from hermes_dist.decide.secrets.names import is_behind_name, mentions_secrets

_PEM = lazily.pattern(
    r"-----BEGIN (?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY(?: BLOCK)?-----"
    r"(?P<body>(?:[A-Za-z0-9+/=\s\\:,.\"'|#*]|-(?!----)){0,20000})(?:-----END [A-Z0-9 ]{1,60}-----)?"
)
_LINE_OF_KEY = lazily.pattern(r"[A-Za-z0-9+/]{40}")
_USERINFO = lazily.pattern(
    r"://(?P<user>[^\s/:@\"'<>]{0,80})(?::(?P<secret>[^\s/@\"'<>]{3,200}))?@[\w\[]"
)
_USER_FLAGS = ("-u ", "--user ", "--user=", "--proxy-user ")
_USER = lazily.pattern(r"--?[a-z-]{1,10}[ =]{1,3}[\"']?[^\s:\"']{0,80}:(?P<secret>[^\s\"']{6,200})")
_BASIC = lazily.pattern(r"Basic[ ]+(?P<secret>[A-Za-z0-9+/]{12,400}={0,2})")
_PASSWORDS = ("password", "passwd", "passphrase", "pwd", "_pass", "secret", "passwort")
_PASSWORD = lazily.pattern(
    r"""[\w.-]{0,40}[\\"'`\])]{0,4}(?:[ \t]{0,4}(?::=|=>|[:=])[ \t]{0,4}|[ \t]{1,4})[\\"'`]{0,3}"""
    r"""(?P<secret>[^\s"'`\\<>;,|&(){}\[\]]{8,120})"""
)
_PLAIN = lazily.pattern(
    r"\$|%|example|sample|placeholder|change|your|dummy|fake|redacted|insert|replace|todo|pass|secret|token|test|demo"
    r"|x{3}|\*{3}|\.{3}|12345|p[a@4]ss|p[a@4][s5]{2}|s[e3]cr[e3]t|w[o0]rd|\b(?:user|pw|pwd|key|postgres|admin|root|guest|none|null|foo|bar)\b",
    re.IGNORECASE,
)
_TOKEN_SIGNS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.+/~")
_TOKENS = bytes(code if code in _TOKEN_SIGNS else 32 for code in range(256))
_WORDS = bytes(code if code in _TOKEN_SIGNS or code in b":=|$@" else 32 for code in range(256))
_MARKS = bytes(code if code == 32 else 120 for code in range(256))
_LONG_WORD = b"x" * FEWEST
_MANY = 100
"""From one long word in so many characters on, splitting the text is faster than looking for them."""
_TOKEN = lazily.pattern(r"[A-Za-z0-9_\-.+/~]{12,}")
_GOES_ON = ("…", "...", "***")
"""The text after a value that is shown only in part."""
_REFERS = ("${", "{{", "$(")
"""The beginnings of a reference to a variable."""
_FEW = 24
_WIDEST_ROW = 600
_HIGHEST_TABLE = 6000
_LONGEST = 800
_ESCAPE = lazily.pattern(
    r"(?:\\(?:[nrtbf]|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2})|%[0-9A-Fa-f]{2}|\[[\d;]{0,8}m)\Z"
)
"""An escaped character whose escape ends with a letter or a digit: in JSON, in a URL, in terminal colours."""
_RANDOM_NAMED = "random value behind a key-like name"


class Finding(Struct, frozen=True, order=True):
    """Something that looks like a secret, from ``start`` to ``end`` of a text."""

    start: int
    end: int
    kind: str


def find_secrets(text: str) -> list[Finding]:
    """Find what looks like secrets in a text."""
    words = _words(text)
    return _apart(
        [
            *_with_prefix(text, words),
            *_by_surroundings(text),
            *_named(text, words),
            *_in_base64(text, words),
        ]
    )


def _words(text: str) -> bytes:
    """Return the long words of a text that could be random, each once; most texts have few."""
    words = _long_words(text.encode("utf-8", "replace").translate(_WORDS))
    return b"\n".join([word for word in words if could_be_random(word)])


def _long_words(signs: bytes) -> set[bytes]:
    """Return the words of at least ``FEWEST`` signs, without looking at each of the others: prose has few long ones."""
    marks = signs.translate(_MARKS)
    if marks.count(_LONG_WORD) * _MANY > len(marks):
        return {word for word in signs.split() if len(word) >= FEWEST}
    found: set[bytes] = set()
    at = marks.find(_LONG_WORD)
    while at >= 0:
        end = marks.find(b" ", at)
        end = end if end >= 0 else len(marks)
        found.add(signs[at:end])
        at = marks.find(_LONG_WORD, end)
    return found


def _apart(found: list[Finding]) -> list[Finding]:
    """Sort findings and drop those that begin inside another.

    Of two that begin at the same place, the first one found gives the kind: the table lists longer prefixes first
    (``sk-ant-`` before ``sk-``); both are covered.
    """
    kept: list[Finding] = []
    for one in sorted(found, key=lambda one: one.start):
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
        elif one.start == kept[-1].start and one.end > kept[-1].end:
            kept[-1] = replace(kept[-1], end=one.end)
    return kept


def _with_prefix(text: str, words: bytes) -> Iterator[Finding]:
    """Keys of known services."""
    if not words:
        return
    joined = words.decode()
    for kind in kinds.kinds_in(joined):
        if kind.pattern.search(joined):
            yield from _of_kind(text, kind)


def _in_base64(text: str, words: bytes) -> Iterator[Finding]:
    """Keys of known services, and private keys, in a word that is a text in base64."""
    for word, inside in unwrapped(words):
        found = next(iter((*_with_prefix(inside, _words(inside)), *_private_keys(inside))), None)
        if found:
            for at in _places(text, word):
                end = at + len(word)
                yield Finding(at, end + _padding(text, end), found.kind)


def _of_kind(text: str, kind: kinds.KeyKind | kinds.Shape) -> Iterator[Finding]:
    for match in kind.pattern.finditer(text):
        body = match["body"]
        if _stands_free(text, match.start(), kind, match[0], body) and _is_drawn(
            kind, match[0], body
        ):
            yield Finding(match.start(), match.end(), kind.name)


def _stands_free(
    text: str, at: int, kind: kinds.KeyKind | kinds.Shape, whole: str, body: str
) -> bool:
    """Whether a key stands alone, and does not continue a word that happens to end like a prefix."""
    if at == 0 or not (text[at - 1].isalnum() and text[at - 1].isascii()):
        return _is_strict(kind, whole, body)
    before = text[max(0, at - 10) : at]
    if _ESCAPE.search(before):
        return _is_strict(kind, whole, body)
    if isinstance(kind, kinds.Shape):
        return kind.inside
    prefix = whole[: len(whole) - len(body)]
    return (
        len(prefix) >= 4 and not prefix.isalnum() and is_random(body)
    )  # a prefix of letters and digits only is common in base64


def _is_strict(kind: kinds.KeyKind | kinds.Shape, whole: str, body: str) -> bool:
    """Whether a match is convincing: a prefix of up to three characters is common, so the rest has to look random."""
    return isinstance(kind, kinds.Shape) or len(whole) - len(body) > 3 or is_mixed(body)


def _is_drawn(kind: kinds.KeyKind | kinds.Shape, whole: str, body: str) -> bool:
    if is_placeholder(whole) or is_placeholder(body):
        return False
    return (isinstance(kind, kinds.KeyKind) and kind.exact) or not is_made_of_words(body)


def _by_surroundings(text: str) -> Iterator[Finding]:
    if "PRIVATE KEY" in text:
        yield from _private_keys(text)
    if "://" in text and "@" in text:
        yield from _in_urls(text)
    yield from _on_command_lines(text)
    yield from _in_basic_authentication(text)
    yield from _passwords(text)


def _on_command_lines(text: str) -> Iterator[Finding]:
    if "-" not in text:
        return
    for hint in _USER_FLAGS:
        for at in _places(text, hint):
            match = _USER.match(text, at)
            if match and (is_random(match["secret"]) or is_password(match["secret"])):
                yield Finding(*match.span("secret"), "password on a command line")


def _in_basic_authentication(text: str) -> Iterator[Finding]:
    for at in _places(text, "Basic "):
        match = _BASIC.match(text, at)
        if match and is_random(match["secret"].rstrip("=")):
            yield Finding(*match.span("secret"), "password of basic authentication")


def _private_keys(text: str) -> Iterator[Finding]:
    for match in _PEM.finditer(text):
        line = _LINE_OF_KEY.search(match["body"], 0, 600)
        if line and not is_placeholder(line[0]) and not is_made_of_words(line[0]):
            yield Finding(match.start(), match.end(), "private key")


def _in_urls(text: str) -> Iterator[Finding]:
    for match in _USERINFO.finditer(text):
        secret = match["secret"]
        if secret is None:
            if is_random(match["user"]):
                yield Finding(*match.span("user"), "token in a URL")
        elif (not _PLAIN.search(secret) and not is_placeholder(secret)) or is_random(secret):
            yield Finding(*match.span("secret"), "password in a URL")


def _passwords(text: str) -> Iterator[Finding]:
    """Yield values after the name of a password that are short or have special characters."""
    low = text.lower()
    if len(low) != len(text):  # a lower-case form is longer, so positions would differ
        low = text
    for word in [word for word in _PASSWORDS if word in low]:
        for at in _places(low, word):
            match = _PASSWORD.match(text, at)
            if match is None or not is_password(match["secret"]) or _PLAIN.search(match["secret"]):
                continue
            begin = match.start("secret")
            if is_behind_name(text, begin, match["secret"]):
                yield Finding(*match.span("secret"), "password behind a key-like name")


def _places(text: str, word: str) -> Iterator[int]:
    at = text.find(word)
    while at >= 0:
        yield at
        at = text.find(word, at + 1)


def _named(text: str, words: bytes) -> Iterator[Finding]:
    """Yield random values after key-like names; the search starts from the value, because names are far more common."""
    values = _drawn_values(words)
    if not values or not mentions_secrets(text):
        return
    for start, end in _spans(text, values):
        if _is_reference(text, start) or not _is_named(text, start, end):
            continue
        if not is_placeholder(text[start:end]) and not text.startswith(_GOES_ON, end):
            yield Finding(start, end + _padding(text, end), _RANDOM_NAMED)


def _drawn_values(words: bytes) -> set[str]:
    tokens = set(words.translate(_TOKENS).split())
    values = {token.decode() for token in tokens if FEWEST <= len(token) <= _LONGEST}
    return {value for value in values if looks_drawn(value.rstrip("."))}


def _is_reference(text: str, start: int) -> bool:
    """Whether a value is the name of a variable (``${NAME}``) or of something to fill in (``<name>``)."""
    return text.startswith(_REFERS, max(0, start - 2)) or text.startswith("<", start - 1)


def _is_named(text: str, start: int, end: int) -> bool:
    return is_behind_name(text, start, text[start:end]) or in_key_column(text, start)


def _padding(text: str, at: int) -> int:
    """Return how many equals signs belong to the end of a base64 value."""
    return len(text[at : at + 2]) - len(text[at : at + 2].lstrip("="))


def _spans(text: str, values: set[str]) -> Iterator[tuple[int, int]]:
    if len(values) <= _FEW:
        for value in values:
            for at in _places(text, value):
                if at == 0 or not (text[at - 1].isascii() and ord(text[at - 1]) in _TOKEN_SIGNS):
                    yield at, at + len(value)
        return
    for match in _TOKEN.finditer(text):
        if match[0] in values:
            yield match.span()


def in_key_column(text: str, at: int) -> bool:
    """Whether a place is in a cell of a table column that is named like a secret."""
    begin = text.rfind("\n", max(0, at - _WIDEST_ROW), at) + 1
    line = text[begin:at]
    if begin == 0 or not line.lstrip().startswith("|"):
        return False
    column = line.count("|")
    above = text[max(0, begin - _HIGHEST_TABLE) : begin].splitlines()
    for number in range(len(above) - 1, 0, -1):
        if not above[number].lstrip().startswith("|"):
            return False
        if set(above[number]) <= set("|-: \t"):
            cells = above[number - 1].split("|")
            if column >= len(cells):
                return False
            name = f"{cells[column].strip()}: "
            return is_behind_name(name, len(name), "")
    return False
