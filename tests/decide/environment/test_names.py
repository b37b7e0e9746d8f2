"""The table of variables: what is known to be harmless, and that everything else is not."""

from __future__ import annotations

import pytest
from env_matrix import DANGEROUS, HARMLESS
from hypothesis import given
from hypothesis import strategies as st

from hermes_dist.decide.environment import names as env_names
from hermes_dist.decide.environment.names import (
    REASONS,
    EnvClass,
    class_of,
    is_harmless,
    is_reserved,
)


def test_the_matrix_is_as_wide_as_it_claims() -> None:
    assert len(set(DANGEROUS)) >= 150
    assert len(HARMLESS) >= 100


@pytest.mark.parametrize("name", DANGEROUS)
def test_no_dangerous_name_is_harmless_with_any_value(name: str) -> None:
    assert class_of(name) is not EnvClass.HARMLESS
    assert class_of(name.lower()) is class_of(name)
    assert not any(is_harmless(name, value) for value in ("1", "true", "x", "Bern", "60"))


@pytest.mark.parametrize("name", HARMLESS)
def test_every_harmless_name_is_known(name: str) -> None:
    assert class_of(name) is EnvClass.HARMLESS
    assert is_harmless(name, HARMLESS[name])


@pytest.mark.parametrize(
    "value",
    [
        "",
        "$HOME",
        "${KEY}",
        "`id`",
        "$(id)",
        "https://evil.example",
        "//evil",
        "/etc/passwd",
        "~/x",
        "../x",
        "a\nb",
        "a=b",
        "x;y",
        "a|b",
        "a&b",
        "<x",
        "a\\b",
        '"',
        "\x1b[2J",
        "\u202egreb",
        "a\u200bb",
        "\u3164",
        "x" * 81,
    ],
)
def test_a_harmless_name_takes_no_value_that_could_be_more_than_words(value: str) -> None:
    assert not is_harmless("CITY", value)
    assert not is_harmless("LIMIT", value)
    assert not is_harmless("NO_COLOR", value)


def test_numbers_and_switches_are_held_to_their_kind() -> None:
    assert not is_harmless("NEWS_LIMIT", "ten")
    assert not is_harmless("NO_COLOR", "7")
    assert not is_harmless("HERMES_MAX_ITERATIONS", "1e9")


@pytest.mark.parametrize(
    "part",
    [
        "ALLOW",
        "TRUST",
        "URL",
        "HOST",
        "PROXY",
        "PATH",
        "PLUGIN",
        "PASSW",
        "APPROV",
        "SANDBOX",
        "ENDPOINT",
    ],
)
def test_a_harmless_ending_does_not_redeem_a_name_that_steers_something(part: str) -> None:
    for name in (f"{part}_LIMIT", f"X{part}Y_LANGUAGE", f"MY_{part}_TIMEOUT"):
        assert class_of(name) is not EnvClass.HARMLESS


def test_every_name_is_listed_once_and_every_class_has_its_reason() -> None:
    lists = (env_names._OWN_NUMBERS, env_names._OWN_WORDS, env_names._OWN_SWITCHES)
    others = (
        env_names._NUMBERS,
        env_names._WORDED,
        env_names._SWITCHES,
        env_names._EXACT,
        env_names._MACHINE,
    )
    for group in (lists, others):
        assert sum(map(len, group)) == len(frozenset().union(*group))
    assert set(REASONS) == set(EnvClass) - {EnvClass.HARMLESS}


@given(
    st.from_regex(r"[A-Z][A-Z0-9_]{0,30}", fullmatch=True),
    st.sampled_from(["URL", "HOST", "PATH", "TOKEN", "COMMAND", "ALLOWED", "PROXY"]),
)
def test_a_name_that_nobody_listed_and_that_ends_in_power_gets_no_default(
    name: str, end: str
) -> None:
    assert class_of(f"{name}_{end}") is not EnvClass.HARMLESS


@pytest.mark.parametrize(
    "name",
    [
        "PATH",
        "HOME",
        "HERMES_HOME",
        "LD_PRELOAD",
        "HTTPS_PROXY",
        "OPENAI_BASE_URL",
        "PYTHONPATH",
        "TERM",
    ],
)
def test_what_the_system_or_the_agent_reads_is_asked_for_by_no_package(name: str) -> None:
    assert is_reserved(name)


@pytest.mark.parametrize(
    "name",
    [
        "TAVILY_API_KEY",
        "CITY",
        "DATABASE_URL",
        "OUTPUT_DIR",
        "HERMES_TIMEZONE",
        "GOOGLE_API_KEY",
        "LESSON",
    ],
)
def test_what_packages_want_may_be_asked_for(name: str) -> None:
    assert not is_reserved(name)
