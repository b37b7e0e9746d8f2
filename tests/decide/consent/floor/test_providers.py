"""Which providers a machine uses: by its settings, and by the keys that it holds."""

from __future__ import annotations

import pytest

from hermes_dist.decide.consent.floor.providers import providers_in, providers_of


@pytest.mark.parametrize(
    ("variable", "names"),
    [
        ("OPENROUTER_API_KEY", {"openrouter"}),
        ("OPENROUTER_KEY", {"openrouter"}),
        ("COPILOT_TOKEN", {"copilot"}),
        ("NOUS_API_TOKEN", {"nous"}),
        ("OPENCODE_ZEN_API_KEY", {"opencode_zen", "opencode-zen"}),
        # one key, two names for what it opens
        ("GOOGLE_API_KEY", {"google", "gemini"}),
        ("GEMINI_API_KEY", {"gemini", "google"}),
        ("HF_TOKEN", {"hf", "huggingface"}),
        ("GLM_API_KEY", {"glm", "zai"}),
        ("KIMI_API_KEY", {"kimi", "moonshot"}),
        ("OPENROUTER_URL", set()),
        ("_API_KEY", set()),
        ("openrouter_api_key", set()),
        ("OPENROUTER_API_KEY_2", set()),
    ],
)
def test_a_key_names_its_provider(variable: str, names: set[str]) -> None:
    assert set(providers_of([variable])) == names


def test_every_key_counts() -> None:
    assert set(providers_of(["X_KEY", "PATH", "Y_TOKEN"])) == {"x", "y"}


@pytest.mark.parametrize(
    ("config", "names"),
    [
        ({"model": {"provider": "OpenRouter", "default": "some/model"}}, {"openrouter"}),
        ({"providers": {"Mine": {"api": "https://x"}}}, {"mine"}),
        ({"custom_providers": {"Mine": {"base_url": "https://x"}}}, {"mine"}),
        # a description without an address arrives unasked, and so proves nothing
        ({"providers": {"Mine": {"name": "Mine", "models": {"a": {"context_length": 9}}}}}, set()),
        ({"custom_providers": {"Mine": {"model": "a"}}}, set()),
        ({"fallback_providers": [{"provider": "Zai", "model": "m"}]}, {"zai"}),
        ({"auxiliary": {"vision": {"provider": "nous"}}}, {"nous"}),
        ({"model": {"provider": 7}}, set()),
        ({"model": {"provider": None}}, set()),
        ({"providers": ["a"], "custom_providers": "b"}, set()),
        ({"display": {"skin": "dark"}}, set()),
        ({}, set()),
        (None, set()),
    ],
)
def test_settings_name_the_providers_in_use(config: object, names: set[str]) -> None:
    assert set(providers_in(config)) == names
