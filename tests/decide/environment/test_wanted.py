"""What a package wants in the environment: what counts as set, as new, as a default, and what the user gives."""

from __future__ import annotations

import pytest

from hermes_dist.decide.environment.wanted import (
    given_by,
    offers_default,
    unasked,
    wanted_by,
    with_values,
)
from hermes_dist.errors import UsageError
from hermes_dist.model.manifest import EnvVar, Manifest

KEY, OPTIONAL = EnvVar("KEY"), EnvVar("OPTIONAL", required=False)
BOT = Manifest(name="bot", env=(KEY, OPTIONAL))


def test_a_variable_is_set_in_the_shell_or_in_the_file_and_empty_counts_as_missing() -> None:
    assert [w.found for w in wanted_by(BOT, {"KEY": "x"}, {})] == ["shell", ""]
    assert [w.found for w in wanted_by(BOT, {"KEY": "x"}, {"KEY": "y"})] == [".env", ""]
    assert [w.missing for w in wanted_by(BOT, {"KEY": ""}, {})] == [True, False]
    assert [w.missing for w in with_values(wanted_by(BOT, {}, {}), ["KEY"])] == [False, False]


def test_only_what_was_not_wanted_or_not_required_before_is_new() -> None:
    def new(*before: EnvVar) -> list[str]:
        return [
            w.var.name for w in wanted_by(BOT, {}, {}, Manifest(name="bot", env=before)) if w.new
        ]

    assert new(KEY, OPTIONAL) == []
    assert new(OPTIONAL) == ["KEY"]
    assert new(EnvVar("KEY", required=False), OPTIONAL) == ["KEY"]
    assert new(KEY, EnvVar("OPTIONAL")) == []
    assert [w.new for w in wanted_by(BOT, {}, {})] == [True, True]


@pytest.mark.parametrize(
    "name",
    [
        "LD_PRELOAD",
        "DYLD_INSERT_LIBRARIES",
        "PATH",
        "PYTHONPATH",
        "NODE_OPTIONS",
        "BASH_ENV",
        "GIT_SSH_COMMAND",
        "HTTPS_PROXY",
        "OPENAI_BASE_URL",
        "HERMES_HOME",
        "SSL_CERT_FILE",
        "HOME",
        "lower",
        "WITH SPACE",
    ],
)
def test_no_default_is_offered_for_names_that_steer_programs(name: str) -> None:
    assert not offers_default(EnvVar(name, default="x"))


@pytest.mark.parametrize(
    "default", [None, "", "two\nlines", "\x1b[2J", "${OPENAI_API_KEY}", "$HOME", "`id`"]
)
def test_no_default_is_offered_that_takes_other_values_in_or_is_no_single_line(
    default: str | None,
) -> None:
    assert not offers_default(EnvVar("CITY", default=default))
    assert offers_default(EnvVar("CITY", default="Bern am See"))


def test_variables_are_taken_from_words_the_shell_and_files_and_words_win() -> None:
    given = given_by(["A=1", "B", "C=x=y "], [{"A": "file", "D": "4"}], {"B": "shell"})
    assert given.values == {"A": "1", "B": "shell", "C": "x=y ", "D": "4"}
    assert given.warnings == ()


def test_what_is_typed_is_the_users_own_and_a_startling_name_is_warned_of() -> None:
    given = given_by(
        [
            "LD_PRELOAD=/x.so",
            "OPENAI_BASE_URL=https://mine.example",
            "CITY=Bern",
            "GATEWAY_ALLOW_ALL_USERS",
        ],
        [],
        {"GATEWAY_ALLOW_ALL_USERS": "true"},
    )
    assert len(given.values) == 4
    assert [warning.split()[1] for warning in given.warnings] == [
        "LD_PRELOAD",
        "GATEWAY_ALLOW_ALL_USERS",
    ]


def test_a_file_gives_keys_and_harmless_values_and_what_it_must_not_give_is_named_with_the_way_to_take_it() -> (
    None
):
    file = {
        "OPENAI_API_KEY": "k",
        "CITY": "Bern",
        "NOTION_PAGE": "p",
        "LD_PRELOAD": "x",
        "OPENAI_BASE_URL": "https://evil",
        "TERMINAL_ENV": "docker",
        "HERMES_YOLO_MODE": "1",
        "SHELL": "/x",
        "DISCORD_ALLOWED_USERS": "7",
        "DATA_DIR": "/",
    }
    given = given_by([], [file], {})
    assert set(given.values) == {"OPENAI_API_KEY", "CITY", "NOTION_PAGE"}
    assert len(given.warnings) == 7
    assert all(
        " is skipped" in w and w.endswith("=VALUE") and "evil" not in w for w in given.warnings
    )
    both = given_by(["LD_PRELOAD=mine"], [file], {})
    assert both.values["LD_PRELOAD"] == "mine"
    assert len(both.warnings) == 7  # six of the file, and one for what was typed


def test_what_is_no_variable_is_warned_about_by_its_place_and_never_taken() -> None:
    given = given_by(
        ["sk-secret1=", "my key=secret2", "lower=secret3", "sk-secret4"], [{"b@d": "secret5"}], {}
    )
    assert given.values == {}
    assert len(given.warnings) == 5
    assert "secret" not in " ".join(given.warnings)
    assert "--env: variable 2" in given.warnings[2]
    assert "--env-file: variable 1" in given.warnings[0]


@pytest.mark.parametrize("text", ["KEY=", "KEY=a\nB=secret", "KEY=\x1bsecret", "KEY"])
def test_a_value_that_is_missing_or_no_single_line_is_refused_without_being_shown(
    text: str,
) -> None:
    with pytest.raises(UsageError) as err:
        given_by([text], [], {})
    assert "secret" not in f"{err.value} {err.value.hint}"
    assert "--env" in str(err.value)


def test_a_variable_that_nobody_asks_for_is_named() -> None:
    assert unasked(["KEY", "KYE"], BOT) == ("KYE",)


def test_values_are_in_no_representation() -> None:
    assert "secret" not in repr(given_by(["KEY=secret"], [], {}))
