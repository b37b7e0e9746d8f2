"""Texts in any encoding: searched, and written back as they were."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest

from hermes_dist.decide.secrets.encodings import coding_of, text_of, wide_coding
from hermes_dist.decide.secrets.redact import redact
from hermes_dist.decide.secrets.scan import scan
from hermes_dist.model.paths import RelPath

KEY = "sk-ant-api03-" + "aB3dE5fG7hJ9kL1m" * 3
CODINGS = {
    "utf-8": b"",
    "utf-8 with a mark": b"\xef\xbb\xbf",
    "latin-1": b"",
    "cp1252": b"",
    "utf-16-le": b"\xff\xfe",
    "utf-16-be": b"\xfe\xff",
    "utf-16-le without a mark": b"",
    "utf-16-be without a mark": b"",
    "utf-32-le": b"\xff\xfe\0\0",
    "utf-32-be": b"\0\0\xfe\xff",
}


def written(text: str, coding: str) -> bytes:
    return CODINGS[coding] + text.encode(coding.split(" ", maxsplit=1)[0])


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("coding", CODINGS)
def test_secrets_are_found_and_hidden_in_every_encoding(coding: str, end: str) -> None:
    known = "Größe-und-Länge-7"
    text = f"# Für die Größe{end}key: {KEY}{end}mine: {known}{end}"
    data = written(text, coding)
    kinds = {leak.kind for leak in scan(RelPath("notes.txt"), data, [known])}
    assert "a secret of this machine" in kinds
    assert len(kinds) == 2
    hidden, names = redact(data, {"MINE": known})
    assert hidden == written(text.replace(KEY, "${KEY}").replace(known, "${MINE}"), coding)
    assert set(names) == {"MINE", "KEY"}
    assert not scan(RelPath("notes.txt"), hidden, [known])


@pytest.mark.parametrize("coding", CODINGS)
def test_the_encoding_turns_a_text_back_into_its_bytes(coding: str) -> None:
    data = written("# Größe\r\nA=1\n", coding)
    found = coding_of(data)
    assert data.decode(found).encode(found) == data
    assert "A=1" in text_of(data)
    assert bool(wide_coding(data)) == coding.startswith(("utf-16", "utf-32"))


@pytest.mark.parametrize("data", [b"\x89PNG\r\n\x1a\n\0\xff", b"\x01\xff\xfe", b"\xff\xfe\0"])
def test_what_is_no_text_has_no_encoding_and_stays(data: bytes) -> None:
    assert not coding_of(data)
    assert redact(data, {}) == (data, ())


@pytest.mark.parametrize("before", ["", "a", "ab"])
@pytest.mark.parametrize("coding", ["utf-8", "latin-1", "utf-16-le", "utf-16-be"])
def test_a_value_in_base64_is_found_whatever_it_was_written_in(coding: str, before: str) -> None:
    known = "Größe-und-Länge-7"
    coded = base64.b64encode(f"{before}{known}:x".encode(coding))
    data = b"Authorization: Basic " + coded + b"\n"
    assert scan(RelPath("notes.txt"), data, [known], shipped=True)
    hidden, names = redact(data, {"MINE": known})
    assert names == ("MINE",)
    assert coded[8:-8] not in hidden


@pytest.mark.parametrize("coding", ["utf-8", "latin-1"])
def test_a_value_in_a_url_or_in_hex_is_found_whatever_it_was_written_in(coding: str) -> None:
    known = "Größe-und-Länge-7"
    for text in (quote(known.encode(coding)), known.encode(coding).hex()):
        hidden, names = redact(f"https://host/?q={text}&x\n".encode(), {"MINE": known})
        assert (hidden, names) == (b"https://host/?q=${MINE}&x\n", ("MINE",))
