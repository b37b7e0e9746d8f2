from __future__ import annotations

import base64
import random
import string
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from budget import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from hermes_dist.decide.secrets.finder import find_secrets
from hermes_dist.decide.secrets.mask import hide
from hermes_dist.decide.secrets.scan import scan
from hermes_dist.model.paths import RelPath

FILE = RelPath("notes.md")
ROOT = Path(__file__).parents[2]


def drawn(
    count: int, alphabet: str = string.ascii_letters + string.digits, *, seed: int = 7
) -> str:
    return "".join(random.Random(seed).choices(alphabet, k=count))


HEX = "0123456789abcdef"
PEM = (
    "-----BEGIN OPENSSH PRIVATE KEY-----\n"
    + "\n".join(drawn(64, seed=n) for n in range(5))
    + "\n-----END OPENSSH PRIVATE KEY-----"
)
PLANTED = {
    "AWS key": "AKIA" + drawn(16, string.ascii_uppercase + string.digits),
    "GitHub token": "ghp_" + drawn(36),
    "GitHub fine-grained": "github_pat_" + drawn(22) + "_" + drawn(59),
    "GitLab token": "glpat-" + drawn(20),
    "Anthropic key": "sk-ant-api03-" + drawn(80),
    "OpenAI key": "sk-" + drawn(48),
    "OpenAI project key": "sk-proj-" + drawn(64),
    "OpenRouter key": "sk-or-v1-" + drawn(64, HEX),
    "Stripe key": "sk_live_" + drawn(24),
    "Stripe webhook": "whsec_" + drawn(32),
    "Slack token": "xoxb-" + drawn(12, string.digits) + "-" + drawn(24),
    "Slack app token": "xapp-1-" + drawn(40),
    "Slack webhook": f"https://hooks.slack.com/services/T{drawn(8)}/B{drawn(8)}/{drawn(24)}",
    "Discord webhook": f"https://discord.com/api/webhooks/{drawn(18, string.digits)}/{drawn(68)}",
    "Discord token": f"M{drawn(23)}.{drawn(6)}.{drawn(38)}",
    "Telegram token": f"{drawn(10, '123456789')}:{drawn(35)}",
    "Google key": "AIza" + drawn(35),
    "Google access token": "ya29." + drawn(60),
    "Hugging Face token": "hf_" + drawn(34),
    "npm token": "npm_" + drawn(36),
    "PyPI token": "pypi-" + drawn(80),
    "SendGrid key": f"SG.{drawn(22)}.{drawn(43)}",
    "Tavily key": "tvly-" + drawn(32),
    "Groq key": "gsk_" + drawn(52),
    "xAI key": "xai-" + drawn(80),
    "Perplexity key": "pplx-" + drawn(48),
    "Replicate token": "r8_" + drawn(37),
    "DigitalOcean token": "dop_v1_" + drawn(64, HEX),
    "Mailgun key": "key-" + drawn(32, HEX),
    "Firecrawl key": "fc-" + drawn(32, HEX),
    "NVIDIA key": "nvapi-" + drawn(64),
    "Notion token": "ntn_" + drawn(46),
    "Linear key": "lin_api_" + drawn(40),
    "Shopify token": "shpat_" + drawn(32, HEX),
    "Docker token": "dckr_pat_" + drawn(27),
    "age key": "AGE-SECRET-KEY-1" + drawn(58, string.ascii_uppercase + string.digits),
    "web token": f"eyJ{drawn(30)}.eyJ{drawn(60)}.{drawn(43)}",
    "private key": PEM,
    "password in a URL": "postgres://app:h0rseB4ttery@db.internal/app",
    "URL with a token": f"https://x-access-token:{drawn(30)}@github.com/o/r.git",
}
NAMED = [
    f"API_KEY={drawn(32)}",
    f'api_key: "{drawn(24)}"',
    f'"clientSecret": "{drawn(40, HEX)}"',
    f"password = '{drawn(20)}'",
    f"export SERVICE_TOKEN={drawn(32, HEX)}",
    f"Authorization: Bearer {drawn(32)}",
    f"WEATHER_KEY={drawn(32)}",
    f"access-token: {drawn(28)}",
    f"secret: 3f2504e0-4f89-41d3-9a0c-0305e82c{drawn(4, HEX)}",
]
HARMLESS = [
    "api_key: ${OPENROUTER_API_KEY}",
    "API_KEY=",
    "API_KEY=your-api-key-here-1234567890",
    "token: <your token>",
    "max_tokens: 32000",
    'token = os.environ["SERVICE_TOKEN"]',
    "api_key=settings.openrouter_api_key_2",
    "password: changeme1234567890",
    "secret_name: research-bot",
    "sk-this-is-a-long-name-of-a-skill-in-kebab-case",
    "AKIAIOSFODNN7EXAMPLE",
    "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "tokenizer: cl100k_base_2024",
    "https://user:password@example.com/",
    "postgres://postgres:postgres@localhost/db",
    "redis://:${REDIS_PASSWORD}@cache",
    "sha256: " + drawn(64, HEX),
    "commit " + drawn(40, HEX),
    "[docs](https://host/a:b@c)",
    "token_url: https://auth.host/oauth2/v1a2b3c4d5e6f7g8/token",
    "auth_file: /etc/keys/v2.4.1/a1b2c3d4e5f6a7b8",
    "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
    "session_key_path: state/k1e2y3s4/a5b6c7d8e9f0",
    "123456789:your_bot_token_goes_here_1234567890",
]


@pytest.mark.parametrize("kind", PLANTED)
@pytest.mark.parametrize("frame", ["{}", "Use {} please.", "KEY='{}'", "a: [{}, 1]", "x\r\n{}\r\n"])
def test_a_planted_secret_is_found_and_does_not_leave(kind: str, frame: str) -> None:
    text = frame.format(PLANTED[kind])
    (leak,) = scan(FILE, text.encode())
    assert PLANTED[kind] not in str(leak)
    hidden, names = hide(text, ("notes",))
    assert PLANTED[kind] not in str(hidden)
    assert names


@pytest.mark.parametrize("text", NAMED)
def test_a_random_value_behind_a_key_like_name_is_found(text: str) -> None:
    (finding,) = find_secrets(text)
    assert text[finding.start : finding.end] in text.rsplit("=", 1)[-1].rsplit(" ", 1)[-1].strip(
        "\"'"
    )


@pytest.mark.parametrize("text", HARMLESS)
def test_placeholders_names_and_digests_are_not_flagged(text: str) -> None:
    assert find_secrets(text) == []


@pytest.mark.parametrize(
    ("head", "row", "found"),
    [
        ("| service | API key |\n|---|:--|", "| maps | {} |", True),
        ("| service | API key |\n|---|---|\n| a | b |", "| maps | {} |", True),
        ("  | API key |\n  | --- |", "  | {} |", True),
        ("| API key | service |\n|---|---|", "| b | {} |", False),
        ("| API key |\n|---|", "| a | {} |", False),
        ("| API key |\n|---|\n\nprose", "| {} |", False),
        ("| API key |", "| {} |", False),
    ],
    ids=["its column", "a later row", "indented", "another", "beyond the head", "later", "no head"],
)
def test_a_random_value_in_a_column_that_is_named_like_a_key_is_found(
    head: str, row: str, found: bool
) -> None:
    text = f"notes\n{head}\n{row.format(drawn(32))}\n"
    assert [text[one.start : one.end] for one in find_secrets(text)] == [drawn(32)] * found


@pytest.mark.parametrize("around", ["as prose says it. ", f"{'x' * 30} "], ids=["prose", "table"])
@pytest.mark.parametrize("last", ["", "\n"])
def test_a_key_is_found_in_a_text_of_short_words_and_of_long_ones(around: str, last: str) -> None:
    """Long words are looked for in two ways, by how many there are; the end of the text ends a word, too."""
    key = PLANTED["GitHub token"]
    text = f"{around * 200}{key} {around * 200}and {key}{last}"
    assert [text[one.start : one.end] for one in find_secrets(text)] == [key, key]


def test_the_projects_own_files_hold_no_secret() -> None:
    files = [
        p
        for folder in ("hermes_dist", "examples")
        for p in (ROOT / folder).rglob("*")
        if p.is_file() and p.suffix != ".pyc"
    ]
    assert len(files) > 60
    assert [
        leak
        for p in files
        for leak in scan(RelPath(p.relative_to(ROOT).as_posix()), p.read_bytes())
    ] == []


@settings(max_examples=examples(300))
@given(
    st.text(string.ascii_letters + string.digits + "+/=-_ %", min_size=12, max_size=50),
    st.binary(max_size=20),
    st.binary(max_size=20),
)
def test_a_known_value_is_found_in_other_spellings(value: str, before: bytes, after: bytes) -> None:
    raw = value.encode()
    for form in (
        raw,
        quote(value, safe="").encode(),
        base64.b64encode(before + raw + after),
        base64.urlsafe_b64encode(before + raw + after),
    ):
        assert scan(FILE, b"a\n" + form + b"\nb", [value])


def test_short_known_values_are_not_looked_for_and_lines_are_counted() -> None:
    assert scan(FILE, b"yes", ["yes"]) == []
    leaks = scan(FILE, b"a\nb\nmy horse battery\n", ["horse battery"])
    assert [str(leak) for leak in leaks] == ["notes.md:3: a secret of this machine"]


@pytest.mark.parametrize(
    ("value", "key", "hidden", "names"),
    [
        (
            "hunter2horse",
            ("providers", "openrouter", "api_key"),
            "${OPENROUTER_API_KEY}",
            ("OPENROUTER_API_KEY",),
        ),
        (
            "plainpw1",
            ("mcp_servers", "gh", "env", "GITHUB_TOKEN"),
            "${GITHUB_TOKEN}",
            ("GITHUB_TOKEN",),
        ),
        (
            "Bearer abc123def",
            ("mcp_servers", "my-h", "headers", "Authorization"),
            "Bearer ${MY_H_AUTHORIZATION}",
            ("MY_H_AUTHORIZATION",),
        ),
        (
            ["--api-key", "s3cr3tval", "--port", "80"],
            ("mcp_servers", "s", "args"),
            ["--api-key", "${S_API_KEY}", "--port", "80"],
            ("S_API_KEY",),
        ),
        (
            "9f8a7c6e5d4b",
            ("mcp_servers", "w", "env", "WEATHER_KEY"),
            "${WEATHER_KEY}",
            ("WEATHER_KEY",),
        ),
        ("9f8a7c6e5d4b", ("mcp_servers", "w", "env", "SSH_PUBLIC_KEY"), "9f8a7c6e5d4b", ()),
        ("created_at", ("table", "sort_key"), "created_at", ()),
        ("${TOKEN}", ("a", "token"), "${TOKEN}", ()),
        (32000, ("model", "max_tokens"), 32000, ()),
        (True, ("a", "secret"), True, ()),
        ("", ("a", "password"), "", ()),
        (
            {"a": {"password": "hunter22"}},
            (),
            {"a": {"password": "${A_PASSWORD}"}},
            ("A_PASSWORD",),
        ),
    ],
)
def test_values_are_hidden_behind_names_of_their_keys(
    value: object, key: tuple[str, ...], hidden: object, names: tuple[str, ...]
) -> None:
    assert hide(value, key) == (hidden, names)


WRAPPED = ("OpenAI project key", "Anthropic key", "GitHub token", "AWS key", "Slack token")


@pytest.mark.parametrize("kind", WRAPPED)
@pytest.mark.parametrize("before", ["", "OPENAI_API_KEY=", '{"token": "', "k:", "ab "])
@pytest.mark.parametrize("coded", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_key_in_base64_is_found_in_prose(
    kind: str, before: str, coded: Callable[[bytes], bytes]
) -> None:
    word = coded(f"{before}{PLANTED[kind]}".encode()).decode()
    text = f"First decode `{word}`, then go on.\n"
    (found,) = find_secrets(text)
    assert text[found.start : found.end] == word
    assert scan(FILE, text.encode())


def test_a_private_key_in_base64_is_found() -> None:
    word = base64.b64encode(PEM.encode()).decode()
    assert [each.kind for each in find_secrets(f"tls: {word}\n")] == ["private key"]


@pytest.mark.parametrize(
    "data",
    [
        b"Only a sentence, long enough to be looked at.",
        b"AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE",
        b"OPENAI_API_KEY=sk-your-key-goes-here-please",
        random.Random(5).randbytes(3000),
        bytes.fromhex("89504e470d0a1a0a") + random.Random(6).randbytes(300),
    ],
)
def test_other_things_in_base64_are_not_flagged(data: bytes) -> None:
    assert find_secrets(f"It is {base64.b64encode(data).decode()}.") == []


@settings(max_examples=examples(60))
@given(st.binary(min_size=18, max_size=90))
def test_what_is_in_base64_is_flagged_only_for_the_plain_text_in_it(data: bytes) -> None:
    inside = "".join(map(chr, data)) if data.isascii() else ""
    if not find_secrets(inside):
        assert find_secrets(f"It is {base64.b64encode(data).decode()}.") == []
