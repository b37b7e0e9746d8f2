"""Commands about registries and about finding packages in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from hermes_dist.cli.shared.command import command
from hermes_dist.cli.shared.layout import Column
from hermes_dist.cli.shared.pager import Paged
from hermes_dist.cli.shared.session import Session
from hermes_dist.errors import DistError, ExitCode, UsageError, counted, quoted, worst
from hermes_dist.ops.registry import registries as ops
from hermes_dist.ops.registry.check_registry import check_registry
from hermes_dist.voice.clean import clean
from hermes_dist.voice.registry_json import (
    about_data,
    checked_data,
    hits_data,
    registry_data,
    synced_data,
)
from hermes_dist.voice.registry_words import entry_words

if TYPE_CHECKING:
    from hermes_dist.model.registry import Package, Registry
    from hermes_dist.ops.registry.registries import Synced

_MOST = 1000
InRegistry = Annotated[str, typer.Option("--registry", metavar="NAME", help="The registry to use.")]


@command
def list_(session: Session) -> int:
    rows = ops.list_(session.ctx)
    data = [registry_data(row.registry, row.state) for row in rows]
    session.screen.emit("registries", {"registries": data})
    table = [_line(row) for row in rows]
    if table:
        session.screen.table(
            ("Name", "Kind", Column("Packages", right=True), "Revision", "Place"), table
        )
    else:
        session.screen.say(
            f"There is no registry. Add one with: {session.command('registry add PLACE')}"
        )
    return 0


def _line(row: ops.RegistryRow) -> tuple[str, ...]:
    registry, state = row.registry, row.state
    packages, revision = "not read yet", "—"
    if state:
        packages, revision = str(state.packages), state.revision[:12] or "—"
    return registry.name, registry.kind, packages, revision, registry.location


@command
def add(
    session: Session,
    place: Annotated[
        str,
        typer.Argument(
            metavar="PLACE", help="./folder, a git repository, or https:// with --root."
        ),
    ],
    name: Annotated[
        str,
        typer.Option(
            "--name", metavar="NAME", help="Its name; by default the last part of its place."
        ),
    ] = "",
    root: Annotated[
        str,
        typer.Option(
            "--root", metavar="FILE", help="For static files over HTTPS: their first root.json."
        ),
    ] = "",
    fingerprint: Annotated[
        str,
        typer.Option("--fingerprint", metavar="SHA256", help="Or the fingerprint of that root."),
    ] = "",
) -> int:
    if root and fingerprint:
        raise UsageError("--root and --fingerprint don't go together")
    registry, done = ops.add(session.ctx, place, name, root=root, fingerprint=fingerprint)
    session.screen.emit("registries", {"registries": [registry_data(registry, done)]})
    session.screen.say(f"{clean(registry.name)} is added: {counted(done.packages, 'package')}.")
    _skipped(session, registry, done)
    return 0


@command
def remove(
    session: Session, name: Annotated[str, typer.Argument(metavar="NAME", help="The registry.")]
) -> int:
    ops.remove(session.ctx, name)
    session.screen.emit("registries", {"removed": name})
    session.screen.say(
        f"{clean(name)} is removed. What was installed from it stays, but can't be updated by its name."
    )
    return 0


@command
def sync(
    session: Session,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]...", help="Which registry; by default all."),
    ] = None,
    accept_rewritten: Annotated[
        bool,
        typer.Option("--accept-rewritten", help="Follow a registry whose history was rewritten."),
    ] = False,
) -> int:
    done = ops.sync(session.ctx, names or [], accept_rewritten=accept_rewritten)
    data, codes = [], [0]
    for registry, state in done:
        if isinstance(state, DistError):
            session.screen.error(state.within(registry.name), beside=True)
            codes.append(state.code)
            data.append({**registry_data(registry, None), "error": str(state)})
            continue
        data.append(synced_data(registry, state))
        packages = counted(state.packages, "package")
        session.screen.say(f"{clean(registry.name)}: {packages}, {_changes(state)}.")
        _skipped(session, registry, state)
    session.screen.emit("registries", {"registries": data})
    return worst(codes)


def _changes(state: Synced) -> str:
    counts = {"added": state.added, "changed": state.changed, "removed": state.removed}
    return ", ".join(f"{count} {word}" for word, count in counts.items() if count) or "nothing new"


def _skipped(session: Session, registry: Registry, state: Synced) -> None:
    for place, why in state.skipped[:10]:
        session.screen.warn(f"{clean(registry.name)}: {clean(place)} is skipped: {clean(why)}")
    if len(state.skipped) > 10:
        session.screen.warn(f"{clean(registry.name)}: {len(state.skipped) - 10} more are skipped")


@command
def check(
    session: Session,
    place: Annotated[
        str, typer.Argument(metavar="[PLACE]", help="A registry's name or folder.")
    ] = "default",
    only: Annotated[
        list[str] | None,
        typer.Option("--package", metavar="NAME", help="Only this package; may be repeated."),
    ] = None,
) -> int:
    found = check_registry(session.ctx, place, only=tuple(only or ()))
    errors = sum(problem.error for problem in found.problems)
    session.screen.emit("registry-check", checked_data(found))
    for problem in found.problems:
        mark = session.screen.paint("warning", "warning")
        if problem.error:
            mark = session.screen.paint("error", "error")
        session.screen.say(f"{mark}: {clean(problem.place)}: {clean(entry_words(problem))}")
    fetched = f"{counted(found.releases, 'release')} fetched"
    if session.ctx.offline:
        fetched = "no release fetched (--offline)"
    entries = "1 entry" if found.packages == 1 else f"{found.packages} entries"
    session.screen.say(
        f"{entries}, {fetched}, {found.unpinned} unpinned, {counted(errors, 'error')}."
    )
    return ExitCode.ERROR if errors else ExitCode.DONE


@command
def search(
    session: Session,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[WORDS]...",
            help="Words of its name, description or variables; without any, all packages.",
        ),
    ] = None,
    category: Annotated[
        str, typer.Option("--category", metavar="NAME", help="Only packages of this category.")
    ] = "",
    limit: Annotated[int, typer.Option("--limit", metavar="N", help="How many to show.")] = 20,
) -> int:
    if not 1 <= limit <= _MOST:
        raise UsageError(f"--limit takes 1 to {_MOST}")
    # One more than is shown tells whether there are more.
    found = ops.search(session.ctx, words or [], limit + 1, category)
    shown = found[:limit]
    session.screen.emit("search", hits_data(shown))
    if not found:
        _nothing_found(session, words or [], category)
        return 0
    rows = [
        (
            hit.name,
            hit.version or ("all yanked" if hit.yanked else "unpinned"),
            hit.registry,
            hit.category,
            _described(hit),
        )
        for hit in shown
    ]
    with Paged(session) as each:
        head = ("Name", "Version", "Registry", "Category", "Description")
        each.screen.table(head, rows)
        if len(found) > limit:
            each.screen.tell(f"  only the first {limit}; more with: --limit N, or words")
        more, take = each.command("info --package NAME"), each.command("install NAME")
        each.screen.tell(f"  more: {more}; to install: {take}")
    return 0


def _described(hit: ops.Hit) -> str:
    """What a package is for, with a mark if nobody should begin to use it."""
    marks = [("deprecated", hit.deprecated), ("newest is yanked", hit.yanked)]
    shown = [f"[{word}: {clean(why)}]" for word, why in marks if why]
    return " ".join([*shown, hit.description]).strip()


def _nothing_found(session: Session, words: list[str], category: str) -> None:
    known = ops.categories(session.ctx)
    if category and category not in known:
        session.screen.say(f"There is no category {quoted(category, 60)}.")
        session.screen.tell(f"  {clean(ops.category_hint(session.ctx, category))}")
        return
    said = "No package has all these words." if words else "The registries list no package."
    session.screen.say(said)
    session.screen.tell(f"  next: {session.command('search' if words else 'registry add PLACE')}")


_YANKED = {
    (False, True): "is yanked",
    (False, False): "was yanked already, with this reason",
    (True, True): "counts again",
    (True, False): "was not yanked, so it counts as before",
}
"""What is said of a release: by whether a yank was to be undone, and whether the entry had to change for that."""


@command
def yank(
    session: Session,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The package.")],
    version: Annotated[str, typer.Argument(metavar="VERSION", help="The release.")],
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why; shown to everyone who has it.")
    ] = "",
    undo: Annotated[bool, typer.Option("--undo", help="Undo a yank.")] = False,
    registry: InRegistry = "",
    folder: Annotated[
        str, typer.Option("--in", metavar="FOLDER", help="A checkout of the registry.")
    ] = "",
) -> int:
    if undo and reason:
        raise UsageError("--undo and --reason don't go together")
    why = reason or "withdrawn by its author"
    if undo:
        why = ""
    done = ops.yank(session.ctx, name, version, why, registry=registry, folder=folder)
    session.screen.emit(
        "yank", {"package": name, "version": version, "yanked": why, "file": str(done.file)}
    )
    now = _YANKED[undo, done.changed]
    session.screen.say(f"{clean(name)} {clean(version)} {now}, in {clean(done.file)}.")
    if done.changed:
        session.screen.tell("  next: commit that file where the registry is kept")
    return 0


def package_info(session: Session, text: str) -> int:
    """``info`` of a package that is not installed."""
    about = ops.about(session.ctx, text)
    package, screen = about.found.package, session.screen
    screen.emit("package", about_data(about))
    brings = [f"{count} {name}" for name, count in sorted(package.runs.items()) if count]
    rows: list[tuple[str, str]] = [
        ("Package", package.name),
        ("Title", package.title),
        ("Registry", about.found.registry.name),
        ("Description", package.description),
        ("Category", package.category),
        ("Deprecated", package.deprecated),
        ("Keywords", ", ".join(package.keywords)),
        ("License", package.license),
        ("Source", str(package.source)),
        ("Agent", package.hermes_requires),
        ("Brings", ", ".join(brings)),
        ("Env", ", ".join(package.env)),
        ("Versions", ", ".join(_release_words(package)) or "none is pinned: its source decides"),
    ]
    screen.fields(rows)
    screen.tell(f"  {_way_to_install(session, about)}")
    return 0


def _way_to_install(session: Session, about: ops.About) -> str:
    package = about.found.package
    name = clean(package.name)
    if package.versions and not about.version:
        last = clean(package.versions[-1].version)
        return (
            f"to install {last}, although it is yanked: {session.command(f'install {name}@{last}')}"
        )
    what = f" {clean(about.version)}" if about.version else ""
    return f"to install{what}: {session.command(f'install {name}')}"


def _release_words(package: Package) -> list[str]:
    words = []
    for release in package.versions:
        yanked = " (yanked)" if release.yanked else ""
        words.append(f"{release.version}{yanked}")
    return words
