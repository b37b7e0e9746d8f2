"""The text of the front door's script."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from hermes_dist.brand import Brand

MARK = "# hermes_dist front door"

# -P keeps a folder hermes_dist in the current folder from running in our place. set -f keeps the
# shell from expanding a * in PATH. What mentions hermes_dist is a front door, too, and handing
# over to it would lead back to here.
_SCRIPT = """\
#!/bin/sh
{mark}: `{dist} front-door remove` puts back what was here before.
python={python}
package={package}
if [ -x "$python" ] && [ -e "$package" ]; then
  exec "$python" -P -m hermes_dist --front-door={name} "$@"
fi
lost="{name}: hermes-dist is gone from $python"
agent() {{ [ -f "$1" ] && [ -x "$1" ] && ! grep -q hermes_dist "$1"; }}
set -f
ifs=$IFS
IFS=:
for program in "${variable}" {behind} $PATH; do
  [ -d "$program" ] && program=$program/{name}
  if agent "$program"; then
    echo "$lost; going on with $program" >&2
    IFS=$ifs
    set +f
    exec "$program" "$@"
  fi
done
echo "$lost, and no {title} was found; install one of them again" >&2
exit 127
"""


def front_door_script(brand: Brand, python: str, package: str, behind: Sequence[str]) -> str:
    """Write the launcher that starts us under the command's name.

    Args:
        brand: The brand that the front door belongs to.
        python: The interpreter of this installation.
        package: The file that ``python -m hermes_dist`` runs; it is gone once we are uninstalled.
        behind: Launchers of the agent to try first once we are gone.

    Returns:
        A POSIX shell script. If the interpreter or the package is gone, it says so in one sentence and starts the
        agent instead: the launcher named in the brand's variable, one of ``behind``, or one on ``PATH``.
    """
    return _SCRIPT.format(
        mark=MARK,
        dist=brand.dist_command,
        name=brand.name,
        title=brand.title,
        python=shlex.quote(python),
        package=shlex.quote(package),
        variable=f"{{{brand.bin_variable}:-}}",
        behind=" ".join(map(shlex.quote, behind)),
    )


def is_front_door(text: str) -> bool:
    """Whether a file's text is a front door that we wrote."""
    return text.startswith("#!") and MARK in text
