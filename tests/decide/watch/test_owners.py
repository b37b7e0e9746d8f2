"""Who may ask for what in a chat."""

from __future__ import annotations

import pytest

from hermes_dist.decide.watch.owners import Owners, Speaker, Standing, owner_of, standing_of
from hermes_dist.errors import DistError, Invalid, Refused

ADA = Owners().adding("telegram", "1")


def typed(**changes: object) -> Speaker:
    given: dict[str, object] = {
        "platform": "telegram",
        "person": "1",
        "chat": "1",
        "kind": "dm",
        "is_typed": True,
    }
    return Speaker(**{**given, **changes})  # type: ignore[arg-type]


def test_an_owner_in_a_direct_chat_may_command() -> None:
    assert standing_of(typed(), ADA) is Standing.OWNER


@pytest.mark.parametrize(
    ("changes", "standing"),
    [
        ({"person": "2"}, Standing.STRANGER),
        ({"platform": "discord"}, Standing.STRANGER),
        ({"person": "2", "kind": "group"}, Standing.STRANGER),
        ({"kind": "group"}, Standing.GROUP),
        ({"kind": "channel"}, Standing.GROUP),
        ({"kind": ""}, Standing.GROUP),
        ({"is_typed": False}, Standing.NOBODY),
        ({"is_bot": True}, Standing.NOBODY),
        ({"person": ""}, Standing.NOBODY),
        ({"platform": "webhook"}, Standing.NOBODY),
        ({"platform": "api_server"}, Standing.NOBODY),
        ({"platform": "email"}, Standing.NOBODY),
        ({"platform": ""}, Standing.NOBODY),
    ],
)
def test_everybody_else_may_not(changes: dict[str, object], standing: Standing) -> None:
    assert standing_of(typed(**changes), ADA) is standing


def test_as_long_as_nobody_owns_the_chats_people_may_read_and_no_more() -> None:
    assert standing_of(typed(), Owners()) is Standing.READER
    assert standing_of(typed(kind="group"), Owners()) is Standing.GROUP
    assert standing_of(typed(is_typed=False), Owners()) is Standing.NOBODY
    assert standing_of(typed(platform="sms"), Owners()) is Standing.NOBODY


def test_the_agents_terminal_is_a_terminal_whoever_owns_the_chats() -> None:
    assert standing_of(Speaker(is_terminal=True), ADA) is Standing.TERMINAL


@pytest.mark.parametrize("platform", ["email", "sms", "webhook", "api_server", "", "irc", "new"])
def test_a_platform_that_does_not_vouch_for_its_people_is_refused(platform: str) -> None:
    with pytest.raises(Refused, match="vouches"):
        owner_of(platform, "1")


@pytest.mark.parametrize("person", ["", " ", "a b", "1\n2", "\x1b[31m", "x" * 201, "ä"])
def test_an_id_that_can_be_none_is_refused(person: str) -> None:
    with pytest.raises(Invalid, match="id of a person"):
        owner_of("telegram", person)


def test_names_of_platforms_are_read_as_the_agent_writes_them() -> None:
    owners = Owners().adding(" Telegram ", " 1 ")
    assert owners == ADA
    assert owners.adding("telegram", "1") is owners
    assert owners.without("TELEGRAM", "1").owners == ()


def test_there_are_not_many_owners() -> None:
    owners = Owners()
    for number in range(20):
        owners = owners.adding("telegram", str(number))
    with pytest.raises(DistError, match="20 owners"):
        owners.adding("telegram", "x")


def test_a_message_goes_where_the_owner_asked_last() -> None:
    (ada,) = ADA.owners
    assert ada.target == "telegram:1"
    (seen,) = ADA.seen(ada, "77", "coder").owners
    assert (seen.target, seen.profile) == ("telegram:77", "coder")
    assert owner_of("discord", "5").target == ""
