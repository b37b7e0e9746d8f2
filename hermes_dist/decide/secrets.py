"""Secrets: what looks like one, where, and a value with ``${NAME}`` in its place.

Precise before complete: what is flagged stops an export, so placeholders, variables and ordinary code stay
unflagged. Values that the machine is known to keep secret are found in other spellings, too.
"""

from __future__ import annotations

import base64
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from math import log2
from urllib.parse import quote

from msgspec import Struct

from hermes_dist.model.paths import RelPath

_PROVIDERS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("AWS key", ("AKIA", "ASIA"), r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    (
        "GitHub token", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        r"\bgh[pousr]_[0-9A-Za-z]{36,}|\bgithub_pat_[0-9A-Za-z_]{40,}",
    ),
    ("GitLab token", ("glpat-", "glptt-", "glrt-"), r"\bgl(?:pat|ptt|rt)-[\w-]{20,}"),
    ("Anthropic key", ("sk-ant-",), r"\bsk-ant-[\w-]{24,}"),
    ("OpenAI or OpenRouter key", ("sk-",), r"\bsk-(?=(?:[\w-]*\d){3})[\w-]{32,}"),
    (
        "Stripe key", ("_live_", "_test_", "whsec_"),
        r"\b(?:sk|rk)_(?:live|test)_[0-9A-Za-z]{16,}|\bwhsec_[0-9A-Za-z]{24,}",
    ),
    ("Slack token", ("xox", "xapp-"), r"\bxox[abeoprs]-[0-9A-Za-z-]{16,}|\bxapp-\d-[0-9A-Za-z-]{20,}"),
    ("Slack webhook", ("hooks.slack.com",), r"https://hooks\.slack\.com/services/T\w{6,}/B\w{6,}/\w{16,}"),
    ("Discord webhook", ("/api/webhooks/",), r"https://(?:\w+\.)?discord(?:app)?\.com/api/webhooks/\d{15,}/[\w-]{50,}"),
    ("Discord token", (".",), r"(?<![\w-])[MNO][\w-]{22,27}\.[\w-]{6}\.[\w-]{27,45}\b"),
    ("Telegram token", (":",), r"\b\d{8,10}:[A-Za-z0-9_-]{35}\b"),
    ("Google key", ("AIza", "ya29.", "GOCSPX-"), r"\bAIza[\w-]{35}|\bya29\.[\w-]{30,}|\bGOCSPX-[\w-]{24,}"),
    ("Hugging Face token", ("hf_",), r"\bhf_[0-9A-Za-z]{30,}"),
    ("npm token", ("npm_",), r"\bnpm_[0-9A-Za-z]{36}\b"),
    ("PyPI token", ("pypi-",), r"\bpypi-[\w-]{60,}"),
    ("SendGrid key", ("SG.",), r"\bSG\.[\w-]{20,}\.[\w-]{30,}"),
    ("Tavily key", ("tvly-",), r"\btvly-(?:dev-|prod-)?[0-9A-Za-z]{24,}"),
    ("Groq key", ("gsk_",), r"\bgsk_[0-9A-Za-z]{40,}"),
    ("xAI key", ("xai-",), r"\bxai-[0-9A-Za-z]{40,}"),
    ("Perplexity key", ("pplx-",), r"\bpplx-[0-9A-Za-z]{40,}"),
    ("Replicate token", ("r8_",), r"\br8_[0-9A-Za-z]{36,}"),
    ("DigitalOcean token", ("_v1_",), r"\bdo[opr]_v1_[0-9a-f]{64}\b"),
    ("Mailgun key", ("key-",), r"\bkey-[0-9a-f]{32}\b"),
    ("Firecrawl key", ("fc-",), r"\bfc-[0-9a-f]{32}\b"),
    ("NVIDIA key", ("nvapi-",), r"\bnvapi-[\w-]{40,}"),
    ("Notion token", ("secret_", "ntn_"), r"\b(?:secret_[0-9A-Za-z]{43}|ntn_[0-9A-Za-z]{40,})\b"),
    ("Linear key", ("lin_api_",), r"\blin_api_[0-9A-Za-z]{32,}"),
    ("Shopify token", ("shp",), r"\bshp(?:at|ca|pa|ss)_[0-9a-f]{32}\b"),
    ("Docker token", ("dckr_pat_",), r"\bdckr_pat_[\w-]{24,}"),
    ("age key", ("AGE-SECRET-KEY-",), r"\bAGE-SECRET-KEY-1[0-9A-Z]{58}\b"),
    ("web token (JWT)", ("eyJ",), r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{16,}"),
)
"""Kind, what any of them contains (looked for first, since that is fast), pattern."""
_PATTERNS = tuple((kind, hints, re.compile(pattern, re.ASCII)) for kind, hints, pattern in _PROVIDERS)
_PEM = re.compile(
    r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?:[^-]|-(?!----END))*(?:-----END [A-Z0-9 ]+-----)?"
)
_USERINFO = re.compile(r"://[^\s/:@\"'<>]{0,80}:(?P<secret>[^\s/@\"'<>]{3,200})@[\w\[]")
_NAME = (
    r"(?:api[_-]?key|apikey|secret|passw(?:or)?d|passphrase|private[_-]?key|access[_-]?key|client[_-]?secret"
    r"|auth[_-]?token|access[_-]?token|refresh[_-]?token|bot[_-]?token|(?<![a-z])token|credentials?|bearer|authorization"
    r"|(?-i:(?<=[A-Z0-9]_)KEY(?![A-Za-z0-9_])))"
)
_NAMED = re.compile(_NAME, re.IGNORECASE)
_NO_SECRET = re.compile(
    r"public_?key|tokens|tokeni|token_?(?:count|limit|budget|usage|type|url|env|file|path|name)"
    r"|_(?:env|file|path|url|name|id|var)$",
    re.IGNORECASE,
)
_ASSIGNED = re.compile(
    rf"(?P<name>{_NAME}[\w.-]{{0,40}})(?:\\*[\"'])?\s{{0,4}}(?::=|=>|[:=])\s{{0,4}}(?:Bearer\s+|Basic\s+)?"
    r"(?:\\*[\"'])?(?P<secret>[A-Za-z0-9+/_~.-]{16,300}={0,2})(?![\w(\[{])",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(
    r"\$\{|\$\(|\{\{|^\$|^<|^%|x{4}|\*{3}|\.{3}|…|0{8}|1234567|abcdef|example|sample|placeholder|changeme"
    r"|change[_-]me|your|dummy|fake|redacted|insert|replace|todo|(?:^|[_-])(?:none|null|test|demo|foo|bar)(?:[_-]|$)|environ|getenv",
    re.IGNORECASE,
)
_PLAIN_WORDS = frozenset(
    ["password", "passwd", "pass", "secret", "token", "user", "pw", "pwd", "key", "postgres", "admin", "root"]
)
_RANDOM_RUN = re.compile(r"[A-Za-z0-9+/]{16,}")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_WINDOW = 4 << 20
_OVERLAP = 1 << 14
SHORTEST_KNOWN = 8
_SHORTEST_TOKEN = 16
_TOKEN_BYTES = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.:/+=~")
_TOKENS = bytes(code if code in _TOKEN_BYTES else 32 for code in range(256))
_KEY_WORDS = ("key", "secret", "passw", "passphrase", "token", "credential", "bearer", "authorization")
_IS_ASSIGNED = re.compile(r"[\w.-]{3,80}(?:\\*[\"'])?\s{0,4}[:=]")
_BOMS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


class Finding(Struct, frozen=True, order=True):
    """Something that looks like a secret, from ``start`` to ``end`` of a text."""

    start: int
    end: int
    kind: str


class Leak(Struct, frozen=True, order=True):
    """A place in a file where a secret seems to be; the secret itself is not in it."""

    path: RelPath
    line: int
    kind: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.kind}"


def find_secrets(text: str) -> list[Finding]:
    """Find what looks like secrets in a text: known kinds of keys, and random values behind key-like names."""
    return _find(text) if _suspicious(text) else []


def _suspicious(text: str) -> bool:
    """Whether a text could hold a secret at all; most can't, and that is seen ten times faster than where."""
    if "PRIVATE KEY" in text or ("://" in text and "@" in text):
        return True
    words = text.encode("utf-8", "replace").translate(_TOKENS).split()
    tokens = {word for word in set(words) if len(word) >= _SHORTEST_TOKEN}
    if not tokens:
        return False
    joined = b"\n".join(tokens).decode()
    if any(pattern.search(joined) for _, hints, pattern in _PATTERNS if any(hint in joined for hint in hints)):
        return True
    low = text.lower()
    if not any(word in low for word in _KEY_WORDS):
        return False
    runs = (run for run in set(_RANDOM_RUN.findall(joined)) if _mixed(run))
    return any(entropy(run) > 3.2 for run in runs) or _UUID.search(joined) is not None


def _find(text: str) -> list[Finding]:
    found = [
        Finding(m.start(), m.end(), kind)
        for kind, hints, pattern in _PATTERNS
        if any(hint in text for hint in hints)
        for m in pattern.finditer(text)
        if _real(m[0])
    ]
    found += [
        Finding(m.start(), m.end(), "private key")
        for m in _PEM.finditer(text)
        if len(m[0]) > 100 and _real(m[0][40:140])
    ]
    found += [
        Finding(*m.span("secret"), "password in a URL")
        for m in _USERINFO.finditer(text)
        if not _PLACEHOLDER.search(m["secret"]) and m["secret"].lower() not in _PLAIN_WORDS
    ]
    for m in _assigned(text):
        if not _NO_SECRET.search(m["name"]) and is_random(m["secret"]):
            found.append(Finding(*m.span("secret"), "random value behind a key-like name"))
    return _apart(found)


def _assigned(text: str) -> Iterator[re.Match[str]]:
    """Values behind key-like names; only the surroundings of key-like words are looked at closely."""
    low = text.lower()
    if len(low) != len(text):  # a letter whose small form is longer: places would not be the same
        yield from _ASSIGNED.finditer(text)
        return
    end = 0
    for at in sorted({at for word in _KEY_WORDS for at in _places(low, word)}):
        if not _IS_ASSIGNED.match(text, at):
            continue
        begin = max(end, at - 16)
        while (found := _ASSIGNED.search(text, begin, at + 420)) is not None and found.start() <= at:
            yield found
            begin = end = found.end()


def _places(text: str, word: str) -> Iterator[int]:
    at = text.find(word)
    while at >= 0:
        yield at
        at = text.find(word, at + 1)


def _apart(found: list[Finding]) -> list[Finding]:
    """In order, without those that begin inside another."""
    kept: list[Finding] = []
    for one in sorted(found):
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
    return kept


def _real(text: str) -> bool:
    return not _PLACEHOLDER.search(text) and len(set(text)) > 9


def is_random(text: str) -> bool:
    """Whether a value looks drawn by chance: no words, a path, a version, or a placeholder."""
    if _PLACEHOLDER.search(text) or "://" in text or text.count("/") > 3:
        return False
    if _UUID.fullmatch(text):
        return True
    return any(_mixed(run) and entropy(run) > 3.2 for run in _RANDOM_RUN.findall(text))


def _mixed(run: str) -> bool:
    """Whether letters and digits, or capitals and small letters, alternate more than they do in names."""
    kinds = [0 if c.isdigit() else 1 if c.isupper() else 2 for c in run]
    counts = Counter(kinds)
    digit_turns = sum((a == 0) != (b == 0) for a, b in pairwise(kinds))
    if counts[0] >= 2 and counts[1] + counts[2] >= 2 and digit_turns >= 4:
        return True
    return min(counts[1], counts[2]) >= 3 and sum(a != b for a, b in pairwise(kinds)) >= len(run) / 2


def entropy(text: str) -> float:
    """Bits per character, by how often each occurs in the text."""
    counts = Counter(text)
    return -sum(n / len(text) * log2(n / len(text)) for n in counts.values()) if text else 0.0


def scan(path: RelPath, data: bytes, known: Iterable[str] = ()) -> list[Leak]:
    """List the places in a file where a secret seems to be.

    Args:
        path: The file.
        data: Its content.
        known: Values that this machine keeps secret; they count in base64 and URL-encoded, too.
    """
    forms = {form for value in known if len(value) >= SHORTEST_KNOWN for form in forms_of(value)}
    spots = {(data.count(b"\n", 0, at) + 1, "a secret of this machine") for at in _all(data, forms)}
    line = 1
    for begin in range(0, max(len(data), 1), _WINDOW):
        text = _text(data[begin : begin + _WINDOW + _OVERLAP], data[:2])
        spots |= {(line + text.count("\n", 0, one.start), one.kind) for one in find_secrets(text)}
        line += data.count(b"\n", begin, begin + _WINDOW)
    return [Leak(path, number, kind) for number, kind in sorted(spots)]


def _text(data: bytes, head: bytes) -> str:
    if head in _BOMS:
        return data.decode(_BOMS[head], "replace")
    return data.decode("utf-8", "replace") if b"\0" not in data else data.decode("latin-1")


def _all(data: bytes, forms: Iterable[bytes]) -> Iterator[int]:
    for form in forms:
        at = data.find(form)
        while at >= 0:
            yield at
            at = data.find(form, at + len(form))


def forms_of(value: str) -> set[bytes]:
    """The ways in which a value may stand in a file."""
    raw = value.encode()
    forms = {raw, quote(value, safe="").encode(), quote(value).encode()}
    for lead in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            coded = encode(b"\0" * lead + raw).rstrip(b"=")
            forms.add(coded[(0, 2, 3)[lead] : len(coded) - (1 if (lead + len(raw)) % 3 else 0)])
    forms |= {raw.hex().encode(), value.encode("utf-16-le"), json.dumps(value)[1:-1].encode()}
    return {form for form in forms if len(form) >= SHORTEST_KNOWN}


def hide(value: object, key: tuple[str, ...]) -> tuple[object, tuple[str, ...]]:
    """Put ``${NAME}`` in place of what looks like a secret in a value of a document.

    Args:
        value: Any data.
        key: Where it stands; the last parts name the variables.

    Returns:
        The value, and the names of the variables.
    """
    names: list[str] = []
    return _hidden(value, key, names), tuple(dict.fromkeys(names))


def _hidden(value: object, key: tuple[str, ...], names: list[str]) -> object:
    if isinstance(value, Mapping):
        return {k: _hidden(part, (*key, str(k)), names) for k, part in value.items()}
    if isinstance(value, list):
        return [_hidden(part, _key_of_item(key, value, n), names) for n, part in enumerate(value)]
    if not isinstance(value, str) or not value:
        return value
    if _named_secret(value, key):
        scheme, space, rest = value.rpartition(" ")
        kept = f"{scheme}{space}" if scheme.lower() in {"bearer", "basic", "token"} else ""
        secret = rest if kept else value
        return kept + _variable(key, names) if secret else value
    text = value
    for one in reversed(find_secrets(value)):
        text = text[: one.start] + _variable(key, names) + text[one.end :]
    return text


def _key_of_item(key: tuple[str, ...], items: list[object], n: int) -> tuple[str, ...]:
    """The key of a list's item: behind ``--api-key`` it is that."""
    before = items[n - 1] if n else None
    return (*key, before.lstrip("-")) if isinstance(before, str) and before.startswith("--") else key


def _named_secret(value: str, key: tuple[str, ...]) -> bool:
    """Whether a text under a key-like name is a secret of its own, by the name more than by its looks."""
    last = key[-1] if key else ""
    if not _NAMED.search(last) or _NO_SECRET.search(last) or _PLACEHOLDER.search(value):
        return False
    secret = value.partition(" ")[2] if value.lower().startswith(("bearer ", "basic ", "token ")) else value
    if len(secret) < 6 or secret.isdigit() or re.search(r"\s", secret):
        return False
    return secret.lower() not in _PLAIN_WORDS


def _variable(key: tuple[str, ...], names: list[str]) -> str:
    words = [re.sub(r"\W+", "_", part, flags=re.ASCII).strip("_").upper() for part in key]
    words = [word for word in words if word and word not in {"HEADERS", "ENV", "ARGS", "MCP_SERVERS", "PROVIDERS"}]
    last = words[-1] if words else "SECRET"
    own_name = key and re.fullmatch(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+", key[-1])
    name = last if own_name or len(words) < 2 else f"{words[-2]}_{last}"
    name = f"N{name}" if name[0].isdigit() else name
    names.append(name)
    return "${" + name + "}"
