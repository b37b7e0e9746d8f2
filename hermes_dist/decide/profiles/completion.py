"""Shell completion: the candidates, and the scripts that ask us for them; pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

SHELLS = ("bash", "zsh", "fish", "powershell")
_FLAGS = ("-p", "--profile")
_ONE_PROFILE = frozenset(
    [
        "update",
        "outdated",
        "status",
        "diff",
        "info",
        "verify",
        "adopt",
        "hold",
        "unhold",
        "resolve",
        "keep",
        "unkeep",
        "approve",
        "history",
        "rollback",
        "uninstall",
        "show",
        "use",
        "rename",
        "delete",
        "archive",
        "alias",
        "describe",
        "export",
        "publish",
        "pack",
        "contribute",
        "sign",
    ]
)
_COMMANDS = re.compile(r"\{([a-z0-9][a-z0-9_,-]*)\}")


class Facts(Struct, frozen=True, kw_only=True):
    """The names that can be completed on this machine.

    Attributes:
        verbs: Our verbs, each with its sub-verbs.
        agent: The agent's own commands.
        profiles: All profiles, including the default one.
        away: Profiles in the archive and the trash.
        packages: Names and sources of packages known here.
        refs: Gives the known tags and branches of a profile's package.
        included: Gives what a profile includes of its package.
        unnamed: Gives what a profile could include of it.
        options: Gives the options of one of our verbs.
        below: Gives the words that can follow one of the agent's commands.
    """

    verbs: Mapping[str, Sequence[str]]
    agent: Sequence[str]
    profiles: Sequence[str]
    away: Sequence[str] = ()
    packages: Sequence[str] = ()
    refs: Callable[[str], Sequence[str]] = lambda _name: ()
    included: Callable[[str], Sequence[str]] = lambda _name: ()
    unnamed: Callable[[str], Sequence[str]] = lambda _name: ()
    options: Callable[[Sequence[str]], Sequence[str]] = lambda _verb: ()
    below: Callable[[str], Sequence[str]] = lambda _command: ()


def complete(words: Sequence[str], facts: Facts, *, ours: bool) -> list[str]:
    """List the candidates for the last word.

    Args:
        words: The words after the command, the unfinished one last.
        facts: The names to choose from.
        ours: The command only knows our verbs; else it is the front door, which knows the agent's commands, too.

    Returns:
        The candidates that begin with the unfinished word.
    """
    *done, current = words or [""]
    found = _candidates(done, current, facts, ours=ours)
    return [word for word in dict.fromkeys(found) if word.startswith(current)]


def _candidates(done: list[str], current: str, facts: Facts, *, ours: bool) -> Sequence[str]:
    if done and done[-1] in _FLAGS:
        return facts.profiles
    if current.startswith("--profile="):
        return [f"--profile={name}" for name in facts.profiles]
    rest, profile = _without_profile(done)
    if ours:
        return _ours(rest, current, profile, facts)
    return _front_door(rest, current, profile, facts)


def _front_door(rest: list[str], current: str, profile: str, facts: Facts) -> Sequence[str]:
    """Return the words that can follow in a command of the agent, some of which are ours."""
    match rest:
        case []:
            return _FLAGS if current.startswith("-") else [*facts.agent, *_AT_THE_DOOR]
        case ["completion"]:
            return SHELLS
        case ["completion", *_]:
            return ()
        case ["profile", *below]:
            return _ours(below, current, profile, facts)
        case ["gateways", *_] | ["gateway", "route", *_]:
            return _ours(rest, current, profile, facts)
        case [command]:
            ours = ["route"] if command == "gateway" else []
            if current.startswith("-"):
                return ours
            return [*facts.below(command), *ours]
    return ()


_AT_THE_DOOR = ("profile", "gateways", "completion")


def _without_profile(done: list[str]) -> tuple[list[str], str]:
    rest: list[str] = []
    profile = ""
    words = iter(done)
    for word in words:
        if word in _FLAGS:
            profile = next(words, "")
        elif word.startswith("--profile="):
            profile = word.partition("=")[2]
        else:
            rest.append(word)
    return rest, profile


def _ours(rest: list[str], current: str, profile: str, facts: Facts) -> Sequence[str]:
    """Return the words that can follow in a command of ours."""
    if not rest:
        return list(facts.verbs)
    verb, values = rest[0], [word for word in rest[1:] if not word.startswith("-")]
    below = facts.verbs.get(verb, ())
    if below and not values:
        return below
    if current.startswith("-"):
        depth = 2 if below else 1
        return facts.options(rest[:depth])
    named = values[0] if values and values[0] != "." else profile
    return _value(verb, rest[-1], values, named, facts)


_OF_A_PACKAGE: Mapping[str, Callable[[Facts], Callable[[str], Sequence[str]]]] = {
    "--to": lambda facts: facts.refs,
    "--include": lambda facts: facts.unnamed,
    "--exclude": lambda facts: facts.included,
}
"""Options whose values depend on the package of a profile."""


def _value(verb: str, last: str, values: list[str], profile: str, facts: Facts) -> Sequence[str]:
    if last == "--clone-from":
        return facts.profiles
    if last in _OF_A_PACKAGE:
        return _OF_A_PACKAGE[last](facts)(profile)
    if values:
        return ()  # each of these takes one value
    if verb in _ONE_PROFILE:
        return facts.profiles
    return {"completion": SHELLS, "restore": facts.away, "install": facts.packages}.get(verb, ())


def agent_commands(usage: str) -> list[str]:
    """Read the agent's commands from its own help."""
    found = _COMMANDS.search(usage)
    return found[1].split(",") if found else []


def script(
    shell: str, words: Sequence[str], commands: Sequence[str], doors: Sequence[str], known: str
) -> str:
    """Write the completion script for a shell.

    Args:
        shell: One of ``SHELLS``.
        words: The program to ask, and the words to put before those of the command line.
        commands: The commands to complete; profiles' aliases are among them.
        doors: Those of the commands that know the agent's commands.
        known: The agent's commands, so that completion works without starting the agent.

    Returns:
        The script, to be evaluated or sourced.
    """
    ask = " ".join(shlex.quote(word) for word in words)
    if shell == "powershell":
        ask = "& " + " ".join(_ps(word) for word in words)
        return _POWERSHELL.format(
            ask=ask,
            known=_ps(known),
            commands=", ".join(map(_ps, commands)),
            doors=", ".join(map(_ps, doors)) or "''",
        )
    template = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}[shell]
    return template.format(
        ask=ask,
        known=shlex.quote(known),
        commands=" ".join(map(shlex.quote, commands)),
        doors="|".join(map(shlex.quote, doors)) or "''",
        door_words=" ".join(map(shlex.quote, doors)),
    )


def _ps(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


VARIABLE = "HERMES_DIST_COMPLETE"
"""The variable in which the script passes the agent's commands back to us."""

_BASH = """\
# completion for bash: eval "$(hermes completion bash)"
_hermes_dist_complete() {{
  local cur="${{COMP_WORDS[COMP_CWORD]}}" door=ours line words
  case "${{COMP_WORDS[0]##*/}}" in {doors}) door=door ;; esac
  words=("${{COMP_WORDS[@]:1:COMP_CWORD}}")
  COMPREPLY=()
  if [[ "${{COMP_WORDS[COMP_CWORD-1]}}" == "=" && "${{COMP_WORDS[COMP_CWORD-2]}}" == "--profile" ]]; then
    words=("${{COMP_WORDS[@]:1:COMP_CWORD-3}}" --profile "$cur")
  fi
  while IFS= read -r line; do
    [[ -n "$line" ]] && COMPREPLY+=("$line")
  done < <(HERMES_DIST_COMPLETE={known} {ask} "$door" -- "${{words[@]}}" 2>/dev/null)
}}
complete -o default -F _hermes_dist_complete {commands}
"""

_ZSH = """\
# completion for zsh: eval "$(hermes completion zsh)"
_hermes_dist_complete() {{
  local door=ours
  local -a found
  case "${{words[1]:t}}" in {doors}) door=door ;; esac
  found=("${{(@f)$(HERMES_DIST_COMPLETE={known} {ask} "$door" -- "${{(@)words[2,CURRENT]}}" 2>/dev/null)}}")
  found=("${{(@)found:#}}")
  if (( $#found )); then compadd -- "${{found[@]}}"; else _files; fi
}}
(( $+functions[compdef] )) || {{ autoload -Uz compinit && compinit -i -D }}
compdef _hermes_dist_complete {commands}
"""

_FISH = """\
# completion for fish: hermes completion fish | source
function __hermes_dist_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l door ours
  contains -- (basename -- $words[1]) {door_words}; and set door door
  HERMES_DIST_COMPLETE={known} {ask} $door -- $words[2..-1] 2>/dev/null
end
for name in {commands}
  complete -c $name -f -a '(__hermes_dist_complete)'
end
"""

_POWERSHELL = """\
# completion for PowerShell: hermes completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName {commands} -ScriptBlock {{
  param($wordToComplete, $commandAst, $cursorPosition)
  $words = @($commandAst.CommandElements | ForEach-Object {{ $_.ToString() }})
  $name = [IO.Path]::GetFileNameWithoutExtension($words[0])
  $door = if (@({doors}) -contains $name) {{ 'door' }} else {{ 'ours' }}
  $rest = @($words | Select-Object -Skip 1)
  if ($wordToComplete -eq '') {{ $rest += '' }}
  $env:HERMES_DIST_COMPLETE = {known}
  {ask} $door -- @rest 2>$null | Where-Object {{ $_ }} | ForEach-Object {{
    [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
  }}
}}
"""
