"""Aliases: which names a command may have, what its script says, and whose script a file is."""

from __future__ import annotations

import re
import shlex
from enum import StrEnum

from hermes_dist.brand import BRANDS, Brand
from hermes_dist.errors import Invalid
from hermes_dist.model.paths import RESERVED_PROFILES, AliasName, ProfileName

MARK = "alias kept by hermes-dist"

_SCRIPT = """\
#!/bin/sh
# {name} -p {profile}
# ({mark})
if command -v {name} >/dev/null 2>&1; then
  exec {name} -p {profile} "$@"
fi
launcher={launcher}
if [ -x "$launcher" ]; then
  exec "$launcher" -p {profile} "$@"
fi
echo "no {name} command is on PATH, so the profile {profile} can't be started" >&2
exit 127
"""

_AGENT_VERBS = (
    "acp auth backup chat completion config cron dashboard doctor dump gateway gateways honcho insights login"
    " logout mcp model pairing plugins profile sessions setup skills status tools uninstall update version"
    " whatsapp"
)
_SHELL_WORDS = (
    "alias bg bind break builtin caller case cd command compgen complete continue coproc declare dirs disown"
    " do done echo elif else enable esac eval exec exit export false fc fg fi for function getopts hash help"
    " history if in jobs kill let local logout mapfile popd printf pushd pwd read readarray readonly rehash"
    " return select set setopt shift shopt source suspend test then time times trap true type typeset ulimit"
    " umask unalias unset unsetopt until wait whence where which while"
)
_TOOLS = (
    "apt ash awk bash brew bun bzip2 cargo cat chmod chown clang cmake code cp crontab csh curl cut dash date dd"
    " deno df diff dig dnf docker du emacs env fd ffmpeg find fish gcc gdb gh git go gpg grep gzip head htop"
    " java jq ksh kubectl launchctl less ln ls lsof make man mkdir more mv mysql nano nc nginx node npm npx"
    " open openssl passwd perl ping pip pip3 pipx pnpm podman poetry ps psql python python3 redis-cli rg rm"
    " rmdir rsync ruby rustc scp screen sed sftp sh shutdown sleep sort split sqlite3 ssh stat strace su"
    " systemctl tail tar tee tmux top touch tr uniq unzip uv uvx vi vim wc wget who whoami xargs xz yarn yum"
    " zip zsh"
)

AGENT_VERBS = frozenset(_AGENT_VERBS.split())
SHELL_WORDS = frozenset(_SHELL_WORDS.split())
TOOLS = frozenset(_TOOLS.split())


class Owner(StrEnum):
    """Whose a file in the folder of commands is."""

    US = "ours"
    AGENT = "the agent's"
    FOREIGN = "foreign"


def alias_script(brand: Brand, profile: ProfileName, launcher: str) -> str:
    """Write the POSIX script of an alias.

    Args:
        brand: Whose command it starts.
        profile: The profile.
        launcher: The launcher to use when the command is not on ``PATH`` at run time.

    Returns:
        The script. It holds ``<brand> -p <profile>``, by which the agent knows its wrappers.
    """
    return _SCRIPT.format(name=brand.name, profile=profile, mark=MARK, launcher=shlex.quote(launcher))


def alias_batch(brand: Brand, profile: ProfileName) -> str:
    """Write the ``.bat`` file of an alias for Windows."""
    return f"@echo off\r\nrem {MARK}\r\n{brand.name} -p {profile} %*\r\n"


def alias_powershell(brand: Brand, profile: ProfileName) -> str:
    """Write the ``.ps1`` file of an alias for PowerShell."""
    return f"# {MARK}\r\n& {brand.name} -p {profile} @args\r\nexit $LASTEXITCODE\r\n"


def profile_of(brand: Brand, text: str) -> ProfileName | None:
    """Return the profile that a script in the agent's form or ours starts; None for any other file.

    Args:
        brand: Whose command it would start.
        text: The beginning of the file.
    """
    found = re.search(rf"{re.escape(brand.name)}'? -p (\S+)", text)
    if found is None or "\0" in text:
        return None
    try:
        return ProfileName(found.group(1).lower())
    except Invalid:
        return None


def owner_of(brand: Brand, text: str) -> Owner:
    """Tell whose a file is from the beginning of its text."""
    if profile_of(brand, text) is None:
        return Owner.FOREIGN
    return Owner.US if MARK in text else Owner.AGENT


def check_alias(
    brand: Brand, name: AliasName, profile: ProfileName, *, standing: str | None, on_path: str, replace: bool
) -> None:
    """Refuse a name for an alias that would shadow or overwrite something.

    Args:
        brand: Whose alias.
        name: The wanted name.
        profile: The profile it would start.
        standing: The beginning of the file that has this name in the folder of aliases; None without one.
        on_path: Another program of this name on ``PATH``; empty without one.
        replace: Whether an alias of another profile may be taken over.

    Raises:
        Invalid: The name is taken; the hint says what to do.
    """
    hint = "choose another name with --name"
    low = name.lower()
    if low in RESERVED_PROFILES or any(low in {each.name, each.dist_command} for each in BRANDS):
        raise Invalid(f"the name {name!r} is reserved", hint=hint)
    if low in AGENT_VERBS:
        raise Invalid(f"{name!r} is a command of {brand.title} itself", hint=hint)
    if low in SHELL_WORDS:
        raise Invalid(f"{name!r} is a word of the shell", hint=hint)
    if low in TOOLS:
        raise Invalid(f"{name!r} is the name of a well-known program", hint=hint)
    if standing is not None:
        _check_standing(brand, name, profile, standing, replace=replace)
    if on_path:
        raise Invalid(f"{name!r} would shadow another program", where=on_path, hint=hint)


def _check_standing(
    brand: Brand, name: AliasName, profile: ProfileName, standing: str, *, replace: bool
) -> None:
    other = profile_of(brand, standing)
    if other is None:
        raise Invalid(
            f"a file {name!r} that is no alias is already there",
            hint="choose another name with --name, or move the file away",
        )
    if other != profile and not replace:
        raise Invalid(
            f"{name!r} already starts the profile {other!r}",
            hint=f"choose another name with --name, or remove it first: alias {other} --name {name} --remove",
        )
