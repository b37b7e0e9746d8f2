"""Aliases as text and as decisions."""

from __future__ import annotations

import pytest

from hermes_dist.brand import AIGENLABS, BRANDS, HERMES, Brand
from hermes_dist.decide.profiles.aliases import (
    TOOLS,
    Owner,
    alias_script,
    check_alias,
    owner_of,
    profile_of,
)
from hermes_dist.errors import Invalid
from hermes_dist.model.paths import AliasName, ProfileName

CODER = ProfileName("coder")
AGENTS = '#!/bin/sh\nexec /home/u/.local/bin/hermes -p coder "$@"\n'


def check(
    name: str, *, standing: str | None = None, on_path: str = "", replace: bool = False
) -> None:
    check_alias(HERMES, AliasName(name), CODER, standing=standing, on_path=on_path, replace=replace)


@pytest.mark.parametrize("brand", BRANDS, ids=lambda brand: brand.name)
def test_a_script_names_the_profile_as_the_agent_looks_for_it(brand: Brand) -> None:
    text = alias_script(brand, CODER, "/x/launcher")
    head, _, rest = text.partition(f"{brand.name} -p ")
    assert head != text
    assert rest.split(None, 1)[0] == "coder"
    assert owner_of(brand, text) is Owner.US
    assert profile_of(brand, text) == CODER


@pytest.mark.parametrize(
    ("text", "owner", "profile"),
    [
        (AGENTS, Owner.AGENT, "coder"),
        ("#!/bin/sh\nexec '/home/a b/hermes' -p coder \"$@\"\n", Owner.AGENT, "coder"),
        ("#!/bin/sh\nexec hermes -p coder\n", Owner.AGENT, "coder"),
        ("@echo off\r\nhermes -p coder %*\r\n", Owner.AGENT, "coder"),
        ("#!/bin/sh\nexec hermes\n", Owner.FOREIGN, None),
        ("#!/bin/sh\nhermes -p $1\n", Owner.FOREIGN, None),
        ("#!/bin/sh\nhermes -p \n", Owner.FOREIGN, None),
        ("\x7fELF\0hermes -p coder ", Owner.FOREIGN, None),
        ("", Owner.FOREIGN, None),
    ],
)
def test_the_agents_wrappers_are_told_from_foreign_files(
    text: str, owner: Owner, profile: str | None
) -> None:
    assert owner_of(HERMES, text) is owner
    assert profile_of(HERMES, text) == profile
    assert owner_of(AIGENLABS, text) is Owner.FOREIGN


@pytest.mark.parametrize("name", ["coder", "my.bot", "Coder", "x"])
def test_free_names_are_allowed(name: str) -> None:
    check(name)


@pytest.mark.parametrize(
    "name",
    [
        "hermes",
        "hermes-dist",
        "aigenlabs",
        "sudo",
        "test",
        "root",
        "default",
        "chat",
        "gateway",
        "cd",
        "exec",
        "while",
        "git",
        "python3",
        "Git",
        "ls",
        "helm",
        "aws",
        "az",
        "claude",
        "codex",
        "gh",
        "gcloud",
        "terraform",
        "HELM",
    ],
)
def test_names_with_a_meaning_are_refused_with_a_way_out(name: str) -> None:
    with pytest.raises(Invalid) as caught:
        check(name)
    assert "--name" in caught.value.hint


EXPECTED = """
    age aider amp ansible apt-cache apt-get argocd basename brew buildah bundle chmod cloudflared composer
    consul copilot cursor deno dirname docker-compose dotnet dpkg duckdb eslint firebase flatpak flux flyctl
    free gemini ghc go goose gradle heroku hostnamectl istioctl journalctl k9s killall kind llm minikube mkcert
    mongosh mvn netlify ngrok nix nomad ollama op opencode packer pacman pass pg_dump php pkill podman port
    pulumi rails rake rclone readlink rustup sbt snap stripe supabase tac tailscale tee tsc uname vault vercel
    vite watch whoami wrangler yes
"""
"""What a bare Debian installs, and the tools that people install first on top of it."""


def test_the_table_of_programs_is_wide_and_each_of_them_could_be_an_alias() -> None:
    assert sorted(set(EXPECTED.split()) - TOOLS) == []
    for name in TOOLS:
        assert AliasName(name) == name == name.lower()
        with pytest.raises(Invalid, match=r"well-known|word of the shell|command of|reserved"):
            check(name)


@pytest.mark.parametrize(
    "name", ["researcher", "writer", "atlas", "my-bot", "home", "work", "mate", "helper"]
)
def test_names_that_people_give_to_bots_stay_free(name: str) -> None:
    check(name)


def test_another_program_on_path_is_not_shadowed() -> None:
    with pytest.raises(Invalid, match="shadow") as caught:
        check("coder", on_path="/usr/bin/coder")
    assert caught.value.where == "/usr/bin/coder"


def test_a_foreign_file_is_never_overwritten_and_an_alias_only_on_demand() -> None:
    for foreign in ("#!/bin/sh\necho mine\n", ""):
        for replace in (False, True):
            with pytest.raises(Invalid, match="not an alias"):
                check("coder", standing=foreign, replace=replace)
    check("coder", standing=AGENTS)
    other = AGENTS.replace("-p coder", "-p writer")
    with pytest.raises(Invalid, match="already starts the profile 'writer'"):
        check("coder", standing=other)
    check("coder", standing=other, replace=True)
