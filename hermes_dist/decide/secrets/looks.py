"""The look of a value: random, made of words, or a placeholder that users fill in."""

from __future__ import annotations

import re
from itertools import pairwise

from hermes_dist import lazily
from hermes_dist.lazily import base64

_CLASSES = bytes(
    97 if 97 <= code <= 122 else 65 if 65 <= code <= 90 else 48 if 48 <= code <= 57 else 45
    for code in range(256)
)
"""Lower case, upper case, digits, and all others, each mapped to one character."""
_DIGIT_TURNS = (b"a0", b"0a", b"A0", b"0A")
_CASE_TURNS = (b"aA", b"Aa")
_CAPITALS = b"A" * 10
_PAIRS_OF_LETTERS = """
    ab ac ad ag ai al am an ap ar as at ay be bl bo ca ce ch ck co ct da de di du ea ec ed ee ef el em en er es et ev ex
    ey fe fi fo ge gh gi gr ha he hi ho ia ic id ie if ig il im in io ir is it iv ke la ld le li ll lo ly ma me mi mo mp
    my na nc nd ne ng ni no ns nt of ok ol om on op or os ot ou ow pa pe pl po pp pr ra rd re ri ro rs rt ry sa se sh si
    so ss st su ta te th ti to tr ts tu ty ub uc ul un up ur us ut ve vi wa wh wi wo yo
"""
_PAIRS = frozenset(_PAIRS_OF_LETTERS.split())
"""The pairs of letters that make up most of English and of names in programs; a quarter of all pairs."""
_UUID = lazily.pattern(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_ADDRESS = lazily.pattern(r"0x[0-9a-fA-F]{40}")
"""An account on a public ledger is not a secret."""
_STANDS_FOR = lazily.pattern(
    r"<.*>|\[.*\]|\{.*\}|%.*%|\$\w+|\$\{.*|\$\(.*|\{\{.*|__\w+__|(?:os\.)?environ.*|(?:os\.)?getenv.*|process\.env.*"
    r"|.*\*\*\*.*|.*\.\.\..*|.*….*|.*(?i:x{6,}).*",
    re.DOTALL,
)
_FILLED_IN = lazily.pattern(
    r"example|sample|placeholder|change[_-]?me|your?|dummy|fake|redacted|insert|replace|here|secret|token|value|test"
    r"|demo|foo|bar|none|null|key|api|my|xxx+|123+|0{4,}|abc(?:def)?|password|passwd|pass",
    re.IGNORECASE,
)
_TELLS_SOMEBODY = lazily.pattern(
    r"example|sample|placeholder|changeme|yours?|redacted|insert|replaceme|replace|xxx+|0{4,}",
    re.IGNORECASE,
)
"""The words of these that a password of somebody's own hardly has; many have ``my``, ``test`` or ``1234``."""
_KNOWN_TO_ALL = frozenset(
    [
        "AKIAIOSFODNN7EXAMPLE",
        "AKIAI44QH8DHBEXAMPLE",
        "ASIAIOSFODNN7EXAMPLE",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY",
        "sk_test_4eC39HqLyjWDarjtT1zdp7dc",
        "sk_test_BQokikJOvBiI2HlWgH4olfQ2",
        "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
        "SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",
        "QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
        "QWxhZGRpbjpPcGVuU2VzYW1l",
        "dXNlcm5hbWU6cGFzc3dvcmQ=",
        "dXNlcjpwYXNzd29yZA==",
        "JBSWY3DPEHPK3PXP",
    ]
)
"""Exact examples from the documentation of services and standards."""
_DATE = lazily.pattern(r"\d{4}-\d{2}|\d{1,2}[:/]\d{2}")
_FOR_EVERYBODY = ("phc_", "pk_live_", "pk_test_", "pk.eyJ", "sb_publishable_")
"""Prefixes of keys that services intend to be public."""
_ALNUM = lazily.pattern(r"[0-9A-Za-z]+")
_WORDS = lazily.pattern(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_LETTERS = lazily.pattern(r"[A-Za-z]{2,}")
_FEW_SIGNS = 10
FEWEST = 12
"""Shorter values do not count as random."""


def is_placeholder(value: str) -> bool:
    """Whether a whole value is a placeholder: ``<key>``, ``your-key-here``, ``xxxx``, ``${NAME}``.

    A placeholder word inside is not enough: the rest, without such words, sequences and repeats, has to be short.
    """
    if (
        value in _KNOWN_TO_ALL
        or value.rpartition(".")[2] in _KNOWN_TO_ALL
        or _STANDS_FOR.fullmatch(value)
    ):
        return True
    if value.startswith(_FOR_EVERYBODY):
        return True
    said = _decoded(value)
    return _stands_for_another(value) or bool(
        said and (_stands_for_another(said) or is_made_of_words(said))
    )


def is_stand_in(value: str) -> bool:
    """Whether a value is a sign for another one: ``<key>``, ``${NAME}``, ``sk-...``."""
    return value in _KNOWN_TO_ALL or bool(_STANDS_FOR.fullmatch(value))


def is_filled_in(value: str) -> bool:
    """Whether a value says that somebody has to fill it in: ``your-key-here``, ``xxxx``; mere words do not say that."""
    says = any(_TELLS_SOMEBODY.fullmatch(part) for part in _ALNUM.findall(value))
    return says and _stands_for_another(value)


def _decoded(value: str) -> str:
    """Return the readable text that a value encodes in base64; empty otherwise."""
    try:
        said = base64.b64decode(value + "=" * (-len(value) % 4), validate=True).decode("ascii")
    except ValueError:
        return ""
    return said if said.isprintable() else ""


def _stands_for_another(value: str) -> bool:
    parts = _ALNUM.findall(_FILLED_IN.sub("", value))
    kept = "".join(
        part for part in parts if not (part.isalpha() and part[1:].islower() and is_wordy(part))
    )
    return len(kept) < 6 or (len(kept) >= FEWEST and _is_row(kept)) or _repeats(kept)


def _is_row(text: str) -> bool:
    """Whether most characters follow the one before in sequence, as in ``abc123def456`` or ``aaaa1111``."""
    low = text.lower().encode()
    steps = sum([0 <= b - a <= 1 for a, b in pairwise(low)])
    skips = sum([0 <= b - a <= 1 for a, b in zip(low, low[2:], strict=False)])
    return max(steps, skips) * 2 >= len(low) - 1


def _repeats(text: str) -> bool:
    """Whether a text consists of few different characters, or repeats one part."""
    low = text.lower()
    if len(set(low)) <= min(6, len(low) // 2):
        return True
    parts = {low[at : at + 3] for at in range(len(low) - 2)}
    return len(set(low)) < _FEW_SIGNS and len(low) >= FEWEST and len(parts) * 3 <= len(low) - 2


def turns(value: str) -> tuple[int, int]:
    """Count the changes between digits and letters, and between lower and upper case."""
    signs = value.encode("ascii", "replace").translate(_CLASSES)
    return sum(map(signs.count, _DIGIT_TURNS)), sum(map(signs.count, _CASE_TURNS))


def is_wordy(value: str, share: float = 0.5) -> bool:
    """Whether the letters of a value follow each other as in words."""
    pairs = [
        run[at : at + 2] for run in _LETTERS.findall(value.lower()) for at in range(len(run) - 1)
    ]
    return bool(pairs) and sum(pair in _PAIRS for pair in pairs) > share * len(pairs)


def is_made_of_words(value: str) -> bool:
    """Whether a value consists only of words and numbers, as in ``sk-name-of-a-skill-2``."""
    digits, _ = turns(value)
    count = sum(map(len, _ALNUM.findall(value)))
    if digits > max(2, count // 12):
        return False
    words = [word for word in _WORDS.findall(value) if 3 <= len(word) <= 14]
    return sum(map(len, words)) * 4 >= count * 3 and is_wordy(value, 0.6)


def could_be_random(token: bytes) -> bool:
    """Check quickly whether some bytes are worth a closer look."""
    signs = token.translate(_CLASSES)
    if signs.count(b"0") >= 2 and sum(map(signs.count, _DIGIT_TURNS)) >= 2:
        return True
    cases = sum(map(signs.count, _CASE_TURNS))
    return (cases >= 4 and cases * 10 >= len(signs)) or _CAPITALS in signs


def is_random(text: str) -> bool:
    """Whether a value looks random: no words, path, version or placeholder."""
    return looks_drawn(text) and not is_placeholder(text)


def looks_drawn(text: str) -> bool:
    """Like :func:`is_random`, without the slower check for placeholders."""
    if len(text) < FEWEST or "://" in text or _ADDRESS.fullmatch(text):
        return False
    if _UUID.fullmatch(text):
        return True
    count = sum(map(len, _ALNUM.findall(text)))
    if count < FEWEST - 2 or text.isdigit():
        return False
    return _alternates(text, count) and not _is_path(text)


def is_mixed(text: str) -> bool:
    """Whether kinds of characters change more often than in names; less strict than `is_random`."""
    digits, cases = turns(text)
    return digits >= 4 or (digits + cases) * 4 >= sum(map(len, _ALNUM.findall(text)))


def _alternates(text: str, count: int) -> bool:
    digits, cases = turns(text)
    if digits >= 4 and digits * 9 >= count:
        return True
    changes = digits + cases
    often = changes * 5 >= count * 2
    often_enough = digits >= 2 and changes >= 4 and changes * 4 >= count
    # The search for words is slow, so it comes last.
    return (often or often_enough) and not is_wordy(text)


def _is_path(text: str) -> bool:
    """Whether a value has the parts of a path; in a random value, the text around a slash is not words."""
    parts = [part for part in text.split("/") if part]
    if len(parts) < 2:
        return False
    in_words = sum(len(part) for part in parts if is_made_of_words(part) and len(part) > 2)
    return in_words * 3 >= len(text)


def is_password(text: str) -> bool:
    """Whether a short value after the name of a password looks like a real password."""
    if not 8 <= len(text) <= 120 or not _is_varied(text):
        return False
    if "://" in text or _DATE.match(text) or _is_path(text):
        return False
    return not (_FILLED_IN.search(text) or is_placeholder(text))


def _is_varied(text: str) -> bool:
    """Whether letters, digits, cases and signs change more than in words."""
    digits, cases = turns(text)
    signs = sum(not char.isalnum() for char in text)
    if digits >= 3:
        return True
    if digits >= 2 and 1 <= signs <= 6:
        return True
    return digits >= 1 and cases >= 2 and (signs > 0 or not is_wordy(text))
