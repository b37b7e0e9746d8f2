"""The scripts that make a shell ask us for completions; pure."""

from __future__ import annotations

from collections.abc import Sequence

from hermes_dist.lazily import shlex

SHELLS = ("bash", "zsh", "fish", "powershell")


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
ABOUT = "HERMES_DIST_ABOUT"
"""The variable by which a script asks for descriptions: after a tab, behind each candidate."""

_BASH = """\
# completion for bash: eval "$(hermes-dist completion bash)"
_hermes_dist_complete() {{
  local cur="${{COMP_WORDS[COMP_CWORD]}}" door=ours line words files=
  case "${{COMP_WORDS[0]##*/}}" in {doors}) door=door ;; esac
  words=("${{COMP_WORDS[@]:1:COMP_CWORD}}")
  COMPREPLY=()
  if [[ "$cur" == "=" && "${{COMP_WORDS[COMP_CWORD-1]}}" == --* ]]; then
    words=("${{COMP_WORDS[@]:1:COMP_CWORD-1}}" "")
  elif [[ COMP_CWORD -gt 2 && "${{COMP_WORDS[COMP_CWORD-1]}}" == "=" && "${{COMP_WORDS[COMP_CWORD-2]}}" == --* ]]; then
    words=("${{COMP_WORDS[@]:1:COMP_CWORD-2}}" "$cur")
  fi
  words[${{#words[@]}}-1]="${{words[${{#words[@]}}-1]//\\\\ / }}"
  while IFS= read -r line; do
    if [[ "$line" == $'\\tfiles' ]]; then files=1
    elif [[ -n "$line" ]]; then COMPREPLY+=("${{line// /\\\\ }}"); fi
  done < <(HERMES_DIST_COMPLETE={known} {ask} "$door" -- "${{words[@]}}" 2>/dev/null)
  if [[ -n "$files" && ${{#COMPREPLY[@]}} -eq 0 ]] && ! compopt -o default 2>/dev/null; then
    while IFS= read -r line; do COMPREPLY+=("${{line// /\\\\ }}"); done < <(compgen -f -- "$cur")
  fi
}}
complete -F _hermes_dist_complete {commands}
"""

_ZSH = """\
# completion for zsh: eval "$(hermes-dist completion zsh)"
_hermes_dist_complete() {{
  local door=ours line width=0 files= mark=$'\\tfiles'
  local -a lines found shown typed
  typed=("${{(@)words[2,CURRENT]}}")
  case "${{words[1]:t}}" in {doors}) door=door ;; esac
  lines=("${{(@f)$(HERMES_DIST_ABOUT=1 HERMES_DIST_COMPLETE={known} \\
    {ask} "$door" -- "${{typed[@]}}" 2>/dev/null)}}")
  (( ${{lines[(Ie)$mark]}} )) && files=1
  lines=("${{(@)lines:#$mark}}")
  lines=("${{(@)lines:#}}")
  found=("${{(@)lines%%$'\\t'*}}")
  for line in "${{found[@]}}"; do (( $#line > width )) && width=$#line; done
  for line in "${{lines[@]}}"; do
    if [[ $line == *$'\\t'* ]]; then
      shown+=("${{(r:width:: :)line%%$'\\t'*}}  ${{line#*$'\\t'}}")
    else
      shown+=("$line")
    fi
  done
  if (( ! $#found )); then
    if [[ -n $files ]]; then _files; fi
  elif [[ "${{lines[*]}}" == *$'\\t'* ]]; then
    compadd -l -d shown -- "${{found[@]}}"
  else
    compadd -- "${{found[@]}}"
  fi
}}
(( $+functions[compdef] )) || {{ autoload -Uz compinit && compinit -i -D }}
compdef _hermes_dist_complete {commands}
"""

_FISH = """\
# completion for fish: hermes-dist completion fish | source
function __hermes_dist_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l door ours
  contains -- (basename -- $words[1]) {door_words}; and set door door
  set -l found (HERMES_DIST_ABOUT=1 HERMES_DIST_COMPLETE={known} {ask} $door -- $words[2..-1] 2>/dev/null)
  set -l files (printf '\\tfiles')
  if test "$found" = "$files"
    __fish_complete_path (commandline -ct)
  else
    string match -v -- "$files" $found
  end
end
for name in {commands}
  complete -c $name -f -a '(__hermes_dist_complete)'
end
"""

_POWERSHELL = """\
# completion for PowerShell: hermes-dist completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName {commands} -ScriptBlock {{
  param($wordToComplete, $commandAst, $cursorPosition)
  $words = @($commandAst.CommandElements | ForEach-Object {{ $_.ToString() }})
  $name = [IO.Path]::GetFileNameWithoutExtension($words[0])
  $door = if (@({doors}) -contains $name) {{ 'door' }} else {{ 'ours' }}
  $rest = @($words | Select-Object -Skip 1)
  if ($wordToComplete -eq '') {{ $rest += '' }}
  $env:HERMES_DIST_COMPLETE = {known}
  {ask} $door -- @rest 2>$null | Where-Object {{ $_ -and $_[0] -ne "`t" }} | ForEach-Object {{
    [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
  }}
}}
"""
