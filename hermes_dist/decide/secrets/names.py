"""Names that announce a secret, and the ways in which people write a name and its value.

The search starts at a value: the text before it is read as a name and a separator.
"""

from __future__ import annotations

import re
from functools import lru_cache

from hermes_dist import lazily

_WORDS = (
    r"key|token|secret|passw|passphrase|passcode|pwd|pass(?![a-z])|"
    r"credential|creds|bearer|auth|pat(?![a-z])|cookie"
)
"""Words that occur in the name of a secret, in lower case."""
_WORD = lazily.pattern(_WORDS)
_ANY_WORD = lazily.pattern(_WORDS, re.IGNORECASE)
_HINTS = ("key", "token", "secret", "pass", "pwd", "cred", "bearer", "auth", "pat", "cookie")
_PARTS = lazily.pattern(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_NAME_SIGNS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-")
_SURE = frozenset(
    [
        "password",
        "passwd",
        "passphrase",
        "passcode",
        "pwd",
        "secret",
        "token",
        "credential",
        "credentials",
        "creds",
        "apikey",
        "authtoken",
        "bearer",
        "authorization",
        "secrets",
        "passwords",
    ]
)
"""Words that make a name secret, whatever else it contains, except for a word of `_TELLS_OF`."""
_SURE_ENDS = (
    "password",
    "passwd",
    "passphrase",
    "token",
    "secret",
    "apikey",
    "authkey",
    "secretkey",
    "accesskey",
    "privatekey",
    "masterkey",
    "sharedkey",
    "accountkey",
)
_AT_THE_END = frozenset(["auth", "pass", "pat", "cookie"])
_TELLS_OF = frozenset(
    [
        "file",
        "path",
        "url",
        "uri",
        "name",
        "names",
        "id",
        "ids",
        "count",
        "counts",
        "limit",
        "limits",
        "budget",
        "usage",
        "type",
        "types",
        "env",
        "var",
        "ttl",
        "expiry",
        "expires",
        "expiration",
        "length",
        "size",
        "endpoint",
        "hint",
        "header",
        "prefix",
        "suffix",
        "format",
        "field",
        "fields",
        "label",
        "ref",
        "dir",
        "directory",
        "folder",
        "location",
        "policy",
        "rotation",
        "manager",
        "store",
        "provider",
        "version",
        "arn",
        "hash",
        "digest",
        "fingerprint",
        "regex",
        "pattern",
        "address",
        "program",
        "mint",
        "symbol",
        "contract",
        "index",
        "list",
        "scope",
        "scopes",
        "at",
        "class",
    ]
)
"""Last words of a name that describes a secret instead of holding it."""
_NEVER = frozenset(
    [
        "public",
        "tokens",
        "tokenizer",
        "tokenized",
        "csrf",
        "cancellation",
        "next",
        "page",
        "sync",
        "continuation",
    ]
)
"""Words of names that hold no secret: token counts of a model, cursors for paging."""
_LOOK_UP = frozenset(
    [
        "a",
        "answer",
        "arrow",
        "artifact",
        "asset",
        "attribute",
        "batch",
        "bib",
        "blob",
        "block",
        "board",
        "bucket",
        "business",
        "cache",
        "case",
        "child",
        "citation",
        "cite",
        "cloud",
        "collection",
        "column",
        "component",
        "composite",
        "config",
        "content",
        "customer",
        "data",
        "dedup",
        "dedupe",
        "deploy",
        "dict",
        "dimension",
        "doc",
        "document",
        "don",
        "each",
        "entry",
        "epic",
        "event",
        "every",
        "execution",
        "experiment",
        "feature",
        "field",
        "file",
        "flag",
        "flow",
        "folder",
        "foreign",
        "group",
        "hash",
        "hive",
        "host",
        "hot",
        "i18n",
        "idempotency",
        "image",
        "index",
        "instance",
        "issue",
        "item",
        "job",
        "json",
        "label",
        "layer",
        "locale",
        "lookup",
        "map",
        "media",
        "menu",
        "message",
        "metadata",
        "model",
        "mon",
        "msg",
        "name",
        "natural",
        "new",
        "node",
        "object",
        "option",
        "order",
        "other",
        "package",
        "page",
        "paper",
        "parent",
        "partition",
        "path",
        "primary",
        "process",
        "product",
        "project",
        "property",
        "pub",
        "query",
        "react",
        "record",
        "ref",
        "registry",
        "resource",
        "root",
        "route",
        "row",
        "run",
        "s3",
        "same",
        "search",
        "session",
        "setting",
        "short",
        "shortcut",
        "sort",
        "source",
        "space",
        "sprint",
        "ssh",
        "state",
        "step",
        "storage",
        "string",
        "subject",
        "surrogate",
        "table",
        "tag",
        "target",
        "task",
        "team",
        "template",
        "test",
        "text",
        "the",
        "theme",
        "this",
        "ticket",
        "translation",
        "turn",
        "unique",
        "upload",
        "user",
        "verification",
        "verify",
        "verifying",
        "work",
    ]
)
"""Words before ``key`` that make it the key of a table."""
_SHOUTED_LOOK_UP = frozenset(
    [
        "primary",
        "foreign",
        "sort",
        "cache",
        "partition",
        "idempotency",
        "hash",
        "lookup",
        "index",
    ]
)
"""The same for names in upper case, which are mostly environment variables."""
_TAIL = frozenset(
    [
        "value",
        "val",
        "prod",
        "dev",
        "live",
        "staging",
        "base64",
        "b64",
        "data",
        "default",
        "main",
        "old",
        "new",
        "current",
        "primary",
        "secondary",
        "raw",
        "plain",
        "is",
        "v",
    ]
)
_UUID = 36
"""The length of a UUID; most of them are not secrets."""
_JOINS = lazily.pattern(
    r"""[\\"'`\])}*_>:]{0,6}
    (?:
      (?:[ \t]*(?:
          :[ \t]*&?(?:str|string|String|Optional\[str\]|SecretStr)(?:[ \t]*\|[ \t]*None)?[ \t]*=
        | := | ={1,3} | => | -> | \|\|=? | \?\?=? | \|= | \?= | [:,|(]
        ) | [ \t]+(?:is|was|=|to|are|BY|by|as)(?:[ \t]+now)?[ \t]*:? (?=[ \t\r\n`"'])
      )
      [*_ \t\r\n]* (?:[>|][+-]?[ \t]*\r?\n[ \t]*)? (?:[#>*-][ \t]+)?
    | [ \t]*,?\s*[\\"']*(?:value|val|Value|VALUE|content|data-value|default)[\\"']*\s*[:=]\s*
    | [ \t]*</[\w:-]{1,20}>\s*<[\w:-]{1,20}[^<>]{0,60}>\s*
    | (?:[ \t]+[\w-]{1,20}=["'][^"'<>]{0,30}["']){0,2}[ \t]*/?>\s*
    | [ \t]*\r?\n[\r\n \t]*(?:```\w*\s*|>[ \t]*|-[ \t]+)?
    )
    (?:\\*[nrt])?
    (?:[rbfuL]?[\\"'`(\[{*<$]{0,6}|[\w.]{1,24}\(\\*["'])
    (?:(?:Bearer|Basic|Token|Bot|Api-?Key|Key|Digest|OAuth|Client-ID|SSWS|Splunk|GenieKey|Negotiate)[ \t]+)?""",
    re.VERBOSE | re.IGNORECASE,
)
"""Everything that may come between a name and its value; matched against that whole text."""
_SPACE = lazily.pattern(r"""[ \t]+(?:[\\"'`]{1,3})?""")
_QUOTED = lazily.pattern(r"""[ \t]+[\\"'`]{1,3}""")
_BEFORE_KEY = lazily.pattern(r"([A-Za-z]{2,20})[ ]\Z")
_LOGIN = lazily.pattern(
    r"(?:login|machine|user|account)[ \t]+\S+[ \t\r\n]+\Z|\b(?:ENV|setx?)[ \t]+(?:-\w+[ \t]+)?\Z"
)
_QUERY = lazily.pattern(r"[?&;]\Z")
_WIDEST = 180
"""The number of characters before a value that are read."""


def mentions_secrets(text: str) -> bool:
    """Whether a text contains anything that could be part of the name of a secret."""
    low = text.lower()
    return any(hint in low for hint in _HINTS)


def is_behind_name(text: str, at: int, value: str) -> bool:
    """Whether the text before a place ends with the name of a secret and a separator.

    Args:
        text: The text.
        at: Where the value begins.
        value: The value.
    """
    before = text[max(0, at - _WIDEST) : at]
    if not mentions_secrets(before):
        return False
    found = (
        list(_WORD.finditer(before.lower()))[-4:]
        if before.isascii()
        else list(_ANY_WORD.finditer(before))[-4:]
    )
    return any(_names(before, match.start(), match.end(), value) for match in reversed(found))


def _names(before: str, start: int, end: int, value: str) -> bool:
    while start > 0 and before[start - 1] in _NAME_SIGNS:
        start -= 1
    while end < len(before) and before[end] in _NAME_SIGNS:
        end += 1
    if end == len(before):
        return False
    name, lead, joins = before[start:end].strip("."), before[:start], before[end:]
    if name.lower() == "key":
        return _lone_key(lead, joins)
    if not is_secret_name(name.strip("-")) or (len(value) == _UUID and not is_sure_name(name)):
        return False
    return _joined(name, joins, lead)


def _lone_key(lead: str, joins: str) -> bool:
    """Whether a bare ``key`` names a secret: in a query string, or after a word, as in ``API key:``."""
    if _QUERY.search(lead):
        return joins.startswith("=")
    word = _BEFORE_KEY.search(lead)
    if word is None or word[1].lower() in _LOOK_UP or word[1].lower() not in _SPOKEN:
        return False
    return bool(_JOINS.fullmatch(joins) or _QUOTED.fullmatch(joins))


_SPOKEN = frozenset(
    [
        "api",
        "access",
        "secret",
        "private",
        "auth",
        "account",
        "master",
        "service",
        "license",
        "signing",
        "encryption",
        "your",
        "my",
    ]
)
"""Words before ``key`` that make it the key to something."""


def _joined(name: str, joins: str, lead: str) -> bool:
    if _JOINS.fullmatch(joins):
        return True
    if not _SPACE.fullmatch(joins):
        return False
    shouted = name.isupper() and "_" in name
    return (
        name.startswith("-")
        or shouted
        or bool(_QUOTED.fullmatch(joins))
        or bool(_LOGIN.search(lead))
    )


@lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """Whether a name announces a secret: ``API_KEY``, ``clientSecret``, ``GITHUB_PAT``, ``mistralKey``."""
    words = words_of(name)
    if not words or words[-1] in _TELLS_OF or not _NEVER.isdisjoint(words):
        return False
    if any(word in _SURE or word.endswith(_SURE_ENDS) for word in words):
        return True
    return _ends_like_secret(words, name)


def _ends_like_secret(words: list[str], name: str) -> bool:
    last, shouted = words[-1], name.isupper()
    if last in _AT_THE_END:
        return len(words) > 1 or last == "auth"
    if last == "key" and len(words) > 1:
        return words[-2] not in (_SHOUTED_LOOK_UP if shouted else _LOOK_UP)
    # The words of a variable such as OPENKEY are not told apart.
    return shouted and len(name) > 5 and last.endswith("key") and last not in _NO_KEYS


def words_of(name: str) -> list[str]:
    """Return the words of a name, without a number or a filler at its end: ``API_KEY_2`` is about a key, too."""
    words = [part.lower() for part in _PARTS.findall(name)]
    while len(words) > 1 and (words[-1] in _TAIL or words[-1].isdigit()):
        words.pop()
    return words


_NO_KEYS = frozenset(["monkey", "turkey", "hotkey", "passkey"])


@lru_cache(maxsize=4096)
def is_sure_name(name: str) -> bool:
    """Whether a name can only hold a secret, so that even a UUID as its value counts as one."""
    words = [part.lower() for part in _PARTS.findall(name)]
    return name.isupper() or any(
        word in _SURE or word in _SPOKEN or word in _AT_THE_END or word.endswith(_SURE_ENDS)
        for word in words
    )
