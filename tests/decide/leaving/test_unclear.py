"""Which values of ``.env`` may be secrets though nothing says so."""

from __future__ import annotations

import pytest

from hermes_dist.decide.leaving.unclear import unclear_values
from hermes_dist.decide.secrets.held import known_secrets


@pytest.mark.parametrize(
    "pair",
    [
        "ACCOUNT=hunter2hunter2",
        "FOO=Tr0ub4dor&3",
        "FOO=correcthorsebatterystaple",
        "CUSTOMER_REF=zebra-4471-lima",
        "LICENCE=AB12-CD34-EF56",
        "WIFI_CODE=sunny-day-99",
        "TELEGRAM_HOME_CHANNEL=-1001234567890",
        "EMAIL_ADDRESS=ann@lovelace.dev",
        "OWNER_PHONE=+351 912 345 678",
        "CITY=sunny@day-99",
    ],
)
def test_a_value_that_nothing_is_said_about_may_be_a_secret(pair: str) -> None:
    name, _, value = pair.partition("=")
    assert not known_secrets({name: value}, [])
    assert unclear_values({name: value}, ()) == {value: name}


@pytest.mark.parametrize(
    "pair",
    [
        "LLM_MODEL=anthropic/claude-opus-4",
        "HERMES_MODEL=gpt-4o-mini",
        "AWS_REGION=eu-central-1",
        "TZ=Europe/Lisbon",
        "LANG=en_US.UTF-8",
        "CITY=Lisbon",
        "LOG_LEVEL=warning",
        "SMTP_HOST=mail.lovelace.dev",
        "SMTP_PORT=587",
        "OLLAMA_BASE_URL=http://localhost:11434",
        "NOTES=~/notes/today.md",
        "NOTES=https://lovelace.dev/notes",
        "FOO=assistant",
        "FOO=12345",
        "FOO=true",
        "FOO=abc12",
        "FOO=your-account-here",
        "FOO=",
    ],
)
def test_a_value_that_its_name_or_its_looks_explain_is_none(pair: str) -> None:
    name, _, value = pair.partition("=")
    assert unclear_values({name: value}, ()) == {}


def test_who_may_command_the_agent_is_looked_for_one_by_one_and_what_is_known_not_again() -> None:
    found = unclear_values({"TELEGRAM_ALLOWED_USERS": "93718265, 5550123987"}, ())
    assert {"93718265", "5550123987"} < found.keys()
    assert unclear_values({"FOO": "sunny-day-99"}, ["sunny-day-99"]) == {}
