"""What every command shares: its options, and how it becomes a click command."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any

import click
import typer

from hermes_dist.cli.shared.session import Options, Session, open_session
from hermes_dist.cli.shared.verb import RequestOptions, request_options_of

if TYPE_CHECKING:
    from hermes_dist.ops.change.request import Request

DryRun = Annotated[
    bool, typer.Option("-n", "--dry-run", help="Show what would happen and change nothing.")
]
AllowFinding = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-finding",
        metavar="FINDING",
        help="Allow this finding, FILE:LINE, or the value of a variable in .env, NAME; may be repeated.",
    ),
]
Yes = Annotated[
    bool,
    typer.Option(
        "-y", "--yes", help="Accept file changes; anything that runs still needs `approve`."
    ),
]
Only = Annotated[
    str, typer.Option("--only", metavar="PARTS", help="Take only these parts: soul,config,skills,…")
]
Except = Annotated[
    str, typer.Option("--except", metavar="PARTS", help="Leave these parts as they are.")
]
Include = Annotated[
    list[str] | None,
    typer.Option(
        "--include",
        metavar="PATH",
        help="Also install a path that the author's list leaves out; remembered.",
    ),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option("--exclude", metavar="PATH", help="Undo --include; the files stay, as yours."),
]
Profile = Annotated[
    str | None,
    typer.Argument(metavar="[PROFILE]", help="The profile; none or . means the active one."),
]
OnConflict = Annotated[
    str,
    typer.Option(
        "--conflict", metavar="keep|theirs|ask|abort", help="What to do where both sides changed."
    ),
]
AllowEffects = Annotated[
    bool, typer.Option("--allow-effects", help="Approve everything that the preview lists.")
]
Env = Annotated[
    list[str] | None,
    typer.Option(
        "--env",
        metavar="NAME=VALUE",
        help="Set a variable in .env; NAME alone takes the shell's value.",
    ),
]
EnvFile = Annotated[
    str, typer.Option("--env-file", metavar="FILE", help="Set the variables in a file like .env.")
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Answer what the package asks; remembered."),
]
SetFile = Annotated[
    list[str] | None,
    typer.Option("--set-file", metavar="NAME=FILE", help="The same, with the answer in a file."),
]
AcceptNewKey = Annotated[
    bool, typer.Option("--accept-new-key", help="Accept a release signed with another key.")
]
AcceptUnsigned = Annotated[
    bool, typer.Option("--accept-unsigned", help="Accept an unsigned release.")
]
AllowDowngrade = Annotated[
    bool,
    typer.Option("--allow-downgrade", help="Accept a source that went back to an older commit."),
]
AcceptMovedTag = Annotated[
    bool, typer.Option("--accept-moved-tag", help="Accept a tag that moved to another commit.")
]
RequireSignature = Annotated[
    bool, typer.Option("--require-signature", help="Refuse an unsigned release.")
]
IgnoreRequires = Annotated[
    bool, typer.Option("--ignore-requires", help="Skip the check of the agent's version.")
]
Restart = Annotated[
    bool,
    typer.Option("--restart", help="Restart the running gateways that the change affects."),
]


REQUEST_OPTIONS: Mapping[str, tuple[object, Any]] = {
    "registry": (
        "",
        Annotated[
            str, typer.Option("--registry", metavar="NAME", help="The registry a name belongs to.")
        ],
    ),
    "accept_name": (
        False,
        Annotated[
            bool,
            typer.Option(
                "--accept-name", help="Accept a name that is easily mistaken for another."
            ),
        ],
    ),
    "to": (
        "",
        Annotated[
            str,
            typer.Option(
                "--to", metavar="REF", help="Follow this tag, branch or commit from now on."
            ),
        ],
    ),
    "force_config": (
        False,
        Annotated[
            bool,
            typer.Option(
                "--force-config", help="Take upstream's side wherever config.yaml conflicts."
            ),
        ],
    ),
    "locked": (
        False,
        Annotated[
            bool,
            typer.Option(
                "--locked", help="Fail with code 5 unless the source is at the locked commit."
            ),
        ],
    ),
    "dry_run": (False, DryRun),
    "conflict": ("", OnConflict),
    "allow_effects": (False, AllowEffects),
    "set_": (None, Set),
    "set_file": (None, SetFile),
    "env": (None, Env),
    "env_file": ("", EnvFile),
    "accept_new_key": (False, AcceptNewKey),
    "accept_unsigned": (False, AcceptUnsigned),
    "accept_moved_tag": (False, AcceptMovedTag),
    "allow_downgrade": (False, AllowDowngrade),
    "require_signature": (False, RequireSignature),
    "ignore_requires": (False, IgnoreRequires),
    "only": ("", Only),
    "without": ("", Except),
    "include": (None, Include),
    "exclude": (None, Exclude),
    "restart": (False, Restart),
}
"""The options of all requests, each with its default; a command chooses among them by name."""


def _common() -> dict[str, Any]:
    option = typer.Option
    return {
        "in_profile": Annotated[
            str | None, option("-p", "--profile", metavar="NAME", help="The profile.")
        ],
        "quiet": Annotated[bool, option("-q", "--quiet", help="Print only results and errors.")],
        "verbose": Annotated[
            bool, option("-v", "--verbose", help="More detail; -vv shows every step.")
        ],
        "as_json": Annotated[bool, option("--json", help="Print one JSON object on stdout.")],
        "color": Annotated[
            str, option("--color", metavar="auto|always|never", help="Colour on stdout.")
        ],
        "no_progress": Annotated[bool, option("--no-progress", help="Show no spinner.")],
        "no_pager": Annotated[
            bool, option("--no-pager", help="Show a long result without a pager.")
        ],
        "no_input": Annotated[
            bool, option("--no-input", help="Never ask; fail with code 6 instead.")
        ],
        "offline": Annotated[bool, option("--offline", help="Contact no server.")],
        "allow_insecure": Annotated[
            bool, option("--allow-insecure", help="Allow http:// and git:// to other machines.")
        ],
    }


COMMON = frozenset(_common())
"""The names of the options that all commands share."""
_DEFAULTS = Options()._asdict()


def command_with_profile(function: Callable[..., int | None]) -> Callable[..., None]:
    """Make a command that has a ``--profile`` option of its own, such as those of routes."""
    return _command(
        function, {name: note for name, note in _common().items() if name != "in_profile"}
    )


def command(function: Callable[..., int | None]) -> Callable[..., None]:
    """Make a click command from ``function(session, …) -> exit code``, with the options that all commands share."""
    return _command(function, _common())


def as_command(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make a click command of a function that is only marked as one; every other is a command already."""
    wanted = request_options_of(function)
    if not wanted:
        return function
    return _command(function, _common(), wanted)


def _command(
    function: Callable[..., int | None],
    common: Mapping[str, Any],
    wanted: RequestOptions | None = None,
) -> Callable[..., None]:
    names = wanted.names if wanted else ()
    parameters = [
        *_own(function),
        *(_parameter(name, *REQUEST_OPTIONS[name]) for name in names),
        *(_parameter(name, _DEFAULTS[name], note) for name, note in common.items()),
    ]

    @wraps(function)
    def wrapper(**given: Any) -> None:
        options = Options(**{name: given.pop(name) for name in common})
        session = open_session(click.get_current_context().obj, options)
        try:
            if wanted:
                given["request"] = _request(session, wanted, given)
            code = function(session, **given)
        finally:
            # The boundary shows an error on a screen of its own, which does not know this spinner.
            session.screen.spinner.stop()
        if code:
            raise typer.Exit(code)

    wrapper.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # read by typer
    wrapper.__annotations__ = {p.name: p.annotation for p in parameters}
    return wrapper


def _own(function: Callable[..., int | None]) -> list[inspect.Parameter]:
    """The parameters of a command besides its session and request.

    A module that the plain forms share imports nothing of this one: what its annotations name is looked up here.
    """
    names = {**globals(), "Request": object, **getattr(function, "__globals__", {})}
    found = inspect.signature(function, eval_str=True, globals=names)
    return [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for name, parameter in list(found.parameters.items())[1:]
        if name != "request"
    ]


def _parameter(name: str, default: object, annotation: Any) -> inspect.Parameter:
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
    )


def _request(session: Session, wanted: RequestOptions, given: dict[str, Any]) -> Request:
    """Take the options of the request out of all that were given, and build it."""
    from hermes_dist.cli.shared.request import request_of  # noqa: PLC0415 - few commands have a request

    options = {name: given.pop(name) for name in wanted.names}
    return request_of(session, yes=given["yes"], asks=wanted.asks, **options)
