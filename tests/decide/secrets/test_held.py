"""What of a machine's variables and logins is a secret, and where its values are found."""

from __future__ import annotations

import random
import string

import pytest
from budget import examples

from hermes_dist.decide.secrets.held import known_secrets
from hermes_dist.decide.secrets.redact import redact
from hermes_dist.decide.secrets.scan import scan
from hermes_dist.model.paths import RelPath

PATH = RelPath("skills/a/SKILL.md")

SECRET_NAMES = [
    "OPENROUTER_API_KEY",
    "HF_TOKEN",
    "GITHUB_PAT",
    "IMAP_PW",
    "WIFI",
    "WIFI_PASSWORD",
    "MNEMONIC",
    "SEED_PHRASE",
    "MAIL_PASSWORD",
    "SUDO_PASSWORD",
    "BLUEBUBBLES_PASSWORD",
    "IRC_NICKSERV_PASSWORD",
    "QQ_CLIENT_SECRET",
    "MATRIX_RECOVERY_KEY",
    "FAL_KEY",
    "API_SERVER_KEY",
    "WEBHOOK_SECRET",
    "WECOM_CALLBACK_ENCODING_AES_KEY",
    "TWILIO_AUTH_TOKEN",
    "DB_PASS",
    "PASS",
    "MYSQL_PWD",
    "ROUTER_PIN",
    "HOME_WLAN_PSK",
    "MAIL_PASSWORD_2",
]
"""Most of them are names that the agent asks for as secrets."""
ORDINARY = [
    "HERMES_LANGUAGE=german",
    "TELEGRAM_HOME_CHANNEL_NAME=kitchen",
    "MODEL=anthropic/claude-large-4",
    "API_SERVER_MODEL_NAME=hermes",
    "IRC_NICKNAME=scout",
    "GATEWAY_ALLOW_ALL_USERS=true",
    "API_SERVER_ENABLED=true",
    "API_SERVER_PORT=8642",
    "WEBHOOK_PORT=8644",
    "WEBHOOK_ENABLED=true",
    "EMAIL_SMTP_HOST=smtp.example.org",
    "EMAIL_ADDRESS=scout@example.org",
    "AWS_REGION=eu-central-1",
    "OLLAMA_API_KEY=ollama",
    "LM_API_KEY=lm-studio",
    "OPENAI_API_KEY=not-needed",
    "LOCAL_API_KEY=none",
    "DB_PASSWORD=changeme",
    "OLLAMA_BASE_URL=http://localhost:11434/v1",
    "AGENT_BROWSER_ENGINE=chromium",
    "MATTERMOST_REPLY_MODE=thread",
    "VERTEX_CREDENTIALS_PATH=/home/scout/key.json",
    "TZ=Europe/Berlin",
    "LANG=en_US.UTF-8",
    "EDITOR=nano",
    "MAX_TOKENS=8192",
    "GATEWAY_AUTH=basic",
    "SLACK_REQUIRE_MENTION=false",
    "TOKENIZERS_PARALLELISM=false",
    "GIT_AUTHOR_NAME=Scout-the-Agent",
    "AWS_PROFILE=default",
    "DINGTALK_WEBHOOK_URL=https://example.org/hook",
    "WECOM_BOT_ID=scout-bot",
    "SEARXNG_URL=http://search.local",
    "MY_API_KEY=your-key-here",
    "OTHER_TOKEN=${OTHER}",
    "THIRD_KEY=<key>",
    "REDIS_URL=redis://localhost:6379/0",
    "PORT=8080",
    "LIMIT=100",
    "HINDSIGHT_API_URL=http://localhost:8888",
    "LOG_LEVEL=warning",
    "WIFI_INTERFACE=wlan0",
    "RANDOM_SEED=42",
    "PASSWORD_STORE=gnome",
    "HERMES_SESSION_KEY_TTL=3600",
    "SSH_KEY_FILE=~/.ssh/id_ed25519",
    "DATABASE_URL=postgres://postgres:postgres@localhost/app",
]
"""Settings that stand in the agent's own example of a ``.env``, or in those of its users."""


def known(*lines: str) -> dict[str, str]:
    return known_secrets(dict(line.split("=", 1) for line in lines), {})


def found(text: str, *lines: str) -> bool:
    return bool(scan(PATH, text.encode(), known(*lines).values(), shipped=True))


def values() -> list[str]:
    """Values as people have them: short and long, words and random ones, with signs in them."""
    rng = random.Random(7)
    made = [
        "Tr0ub4d",
        "4711",
        "rose",
        "violet-umbrella",
        "s3cr3t!",
        "correct horse battery",
        "Zz9wT4nbRq77",
    ]
    for _ in range(examples(40)):
        signs = rng.choice(
            [string.ascii_lowercase, string.ascii_letters + string.digits, string.digits]
        )
        made.append("".join(rng.choices(signs + "-" * rng.randrange(2), k=rng.randrange(4, 30))))
    return [value.strip("-") for value in made if len(value.strip("-")) >= 4]


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_a_value_whose_name_says_that_it_is_a_secret_is_found_wherever_it_stands(name: str) -> None:
    for value in values():
        for text in (
            "Use {}.",
            "mysql -u ann -p{} db",
            "pass: {}",
            '{{"a": "x\\n{}"}}',
            "say `{}` twice",
            "{}",
            "a={},b=2",
            "?k=%20{}",
        ):
            written = text.format(value)
            assert found(written, f"{name}={value}"), (name, value, text)
            hidden, _ = redact(written.encode(), known(f"{name}={value}"), PATH)
            assert value not in hidden.decode(), (name, value, text)


@pytest.mark.parametrize("line", ORDINARY)
def test_an_ordinary_setting_stops_no_text(line: str) -> None:
    _, _, value = line.partition("=")
    assert not found(f"Say {value} to them, and {value}.\n", line)


@pytest.mark.parametrize("name", SECRET_NAMES)
@pytest.mark.parametrize(
    "value", ["true", "en", "8", "none", "localhost", "default", "oauth", "${X}"]
)
def test_a_value_that_is_written_everywhere_is_no_secret(name: str, value: str) -> None:
    assert not found(f"It is {value}, and {value} again.\n", f"{name}={value}")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("rose", "prose and rosewood, primrose, rose_garden"),
        ("4711", "14711 47110 a4711"),
    ],
)
def test_a_short_word_is_found_only_as_a_word(value: str, text: str) -> None:
    assert not found(text, f"MAIL_PASSWORD={value}")


@pytest.mark.parametrize(
    "url",
    [
        "postgres://ann:Kx8vQ2mzLp33@db/x",
        "https://ann:violet-umbrella@llm.example.org/v1?x=1",
        "amqp://:rosegarden@queue",
        "postgres://ann:b%40rn-d00r@db/x",
    ],
)
def test_the_password_in_an_address_is_found_without_the_address(url: str) -> None:
    secret = url.partition("://")[2].partition("@")[0].partition(":")[2]
    kept = known(f"DB_URL={url}")
    assert found(f"The password is {secret}.\n", f"DB_URL={url}")
    assert kept["DB_URL_PASSWORD"] == secret
    if "%40" in url:
        assert found("It is b@rn-d00r.\n", f"DB_URL={url}")


def test_each_line_of_a_secret_of_several_lines_is_found() -> None:
    body = [
        "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW",
        "QyNTUxOQAAACDk1mQ9x2Zz",
    ]
    pem = "\n".join(
        ["-----BEGIN OPENSSH PRIVATE KEY-----", *body, "-----END OPENSSH PRIVATE KEY-----"]
    )
    kept = known_secrets({"DEPLOY": pem, "RECOVERY_SECRET": "violet-umbrella\nblue-parasol"}, {})
    for line in (*body, "violet-umbrella", "blue-parasol"):
        assert scan(PATH, f"Look: {line}\n".encode(), kept.values(), shipped=True), line
    told = b"It begins with -----BEGIN OPENSSH PRIVATE KEY-----\n"
    assert not scan(PATH, told, kept.values(), shipped=True)


def test_a_secret_in_json_is_found_and_what_describes_it_is_not() -> None:
    account = '{\n  "type": "service_account",\n  "private_key_id": "Zx9Kq2Lm7Vb4Nc8Rt3Wy6",\n  "password": "tulpen-im"\n}'
    kept = known_secrets({"GOOGLE_CHAT_SECRET": account}, {})
    assert scan(PATH, b"Type tulpen-im there.\n", kept.values(), shipped=True)
    assert not scan(PATH, b"It is a service_account.\n", kept.values(), shipped=True)


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("OPENROUTER_API_KEY", "Zx9Kq2Lm", True),
        ("SMTP_PASSWORD", "tulpen-im-april", True),
        ("DATABASE", "postgres://a:h0rse7battery@db/x", True),
        ("MODEL", "anthropic/claude-large-4", False),
        ("OLLAMA_URL", "http://localhost:11434/v1", False),
        ("API_TOKEN", "sho", False),
        ("DB_PASSWORD", "changeme", False),
        ("KEY_FILE", "/etc/keys/main.pem", False),
        ("ANY", "Zx9Kq2Lm7Vb4Nc8Rt3Wy6", True),
    ],
)
def test_what_of_an_env_file_counts_as_secret(name: str, value: str, *, secret: bool) -> None:
    assert (name in known_secrets({name: value}, {})) is secret


def test_logins_count_with_names_of_their_places() -> None:
    found = known_secrets(
        {},
        {
            "providers": [
                {
                    "nous": {
                        "access_token": "Zx9Kq2Lm7Vb4Nc8Rt3Wy6",
                        "expires": "2031-01-01T00:00:00Z",
                    }
                }
            ]
        },
    )
    assert found == {"NOUS_ACCESS_TOKEN": "Zx9Kq2Lm7Vb4Nc8Rt3Wy6"}


@pytest.mark.parametrize(
    "value",
    ["a-long-secret-of-mine-1234", "my-test-pass-1234", "come-here-rex", "fake-plastic-trees"],
)
def test_words_that_passwords_have_make_no_stand_in(value: str) -> None:
    assert known_secrets({"TOKEN": value}, {}) == {"TOKEN": value}


@pytest.mark.parametrize(
    "value", ["your-key-here", "xxxxxxxx", "changeme", "<key>", "example-token"]
)
def test_what_tells_somebody_to_fill_it_in_is_no_secret(value: str) -> None:
    assert known_secrets({"TOKEN": value}, {}) == {}
