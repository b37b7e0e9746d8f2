"""Names of variables and settings that say that their value is a secret, and the values that are none all the same.

Names in texts are judged more strictly (``names.py``): there, what follows a name is only perhaps its value.
"""

from __future__ import annotations

from hermes_dist import lazily
from hermes_dist.decide.secrets.looks import is_filled_in, is_stand_in
from hermes_dist.decide.secrets.names import is_secret_name, words_of

_WORDS_OF_PASSWORDS = """
    password passwd passphrase passcode pwd pw pass secret token pat otp totp mnemonic
    passwort kennwort wachtwoord contrasena senha haslo parola
"""
_PASSWORDS = frozenset(_WORDS_OF_PASSWORDS.split())
"""Last words of the name of a value that people make up or write down, so that it may look like words."""
_VARIABLES = _PASSWORDS | {
    "pin",
    "phrase",
    "seed",
    "wifi",
    "wlan",
    "psk",
    "cvv",
    "cvc",
    "login",
    "creds",
}
"""Last words of the name of a variable that holds a secret."""
_WORDS_EVERYWHERE = """
    true false yes no on off none null nil undefined auto default required optional enabled disabled always never
    empty unset unknown any all public private local localhost local-key localkey
    dummy fake test testing demo example sample placeholder changeme change-me replaceme not-needed notneeded
    no-key nokey no-key-required not-required notrequired not-used unused x xx xxx todo tbd n/a na
    password passwd pass secret token key apikey api-key api_key user username admin administrator root guest nobody
    postgres mysql mongo redis sa pw pwd
    basic bearer oauth oauth2 digest ntlm plain login keyring keychain env file
    development production staging
    ollama lmstudio lm-studio llamacpp llama.cpp vllm openai anthropic openrouter google gemini mistral groq
    xai deepseek nous copilot github gitlab telegram discord slack matrix signal whatsapp
"""
_ORDINARY = frozenset(_WORDS_EVERYWHERE.split())
_HOST = lazily.pattern(r"(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?|(?:localhost|[\w-]+\.local)(?::\d+)?")


def says_secret(name: str) -> bool:
    """Whether the name of a variable says that its value is a secret: ``IMAP_PW``, ``SEED_PHRASE``, ``WIFI``."""
    return is_secret_name(name) or _last_word(name) in _VARIABLES


def says_password(name: str) -> bool:
    """Whether the name of a setting says that its value is a secret even if that looks like words."""
    return _last_word(name) in _PASSWORDS


def part_name(name: str, kind: str) -> str:
    """Name the variable for a secret that is only a part of a value: ``DB_URL_PASSWORD`` for that in ``DB_URL``."""
    if says_secret(name):
        return name
    word = "PASSWORD" if kind.startswith("password") else "KEY" if "key" in kind else "TOKEN"
    return f"{name}_{word}"


def _last_word(name: str) -> str:
    words = words_of(name)
    return words[-1] if words else ""


def is_ordinary(value: str) -> bool:
    """Whether a value is written everywhere, or stands for one that somebody has to fill in."""
    low = value.strip().lower()
    if low in _ORDINARY or _HOST.fullmatch(low):
        return True
    return is_stand_in(value) or is_filled_in(value)
