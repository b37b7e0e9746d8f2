"""Commands for authors that send something: publish, contribute."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated

import typer

from hermes_dist.cli.shared.cards import show_summary
from hermes_dist.cli.shared.command import AllowFinding, DryRun, Except, Only, Profile, command
from hermes_dist.cli.shared.reminders import notes
from hermes_dist.cli.shared.screen import Screen
from hermes_dist.cli.shared.session import Session
from hermes_dist.errors import counted
from hermes_dist.model.left_out import Why
from hermes_dist.model.notes import NoteKind
from hermes_dist.model.paths import ProfileName, RelPath
from hermes_dist.model.tree import Entry, Tree
from hermes_dist.ops.authoring import contribute as giving
from hermes_dist.ops.authoring import publish as ops
from hermes_dist.ops.authoring.author import InvalidPackage
from hermes_dist.ops.authoring.publication import Publication, PublishOptions
from hermes_dist.ops.change.request import Choices
from hermes_dist.voice.author_json import contributed_data, published_data
from hermes_dist.voice.cards import SIGN_STYLES
from hermes_dist.voice.clean import clean
from hermes_dist.voice.left_out import why_words
from hermes_dist.voice.problems import invalid_error, place_of, problem_words

_SHOWN = 30
_SHOWN_STAYS = 12
Yes = Annotated[bool, typer.Option("-y", "--yes", help="Send it without asking.")]
Branch = Annotated[
    str, typer.Option("--branch", metavar="BRANCH", help="A branch other than the default one.")
]
Message = Annotated[
    str, typer.Option("--message", "-m", metavar="TEXT", help="The message of the commit.")
]


@command
def publish(
    session: Session,
    profile: Profile = None,
    to: Annotated[
        str,
        typer.Option("--to", metavar="URL", help="The repository; by default where it came from."),
    ] = "",
    bump: Annotated[
        str, typer.Option("--bump", metavar="patch|minor|major", help="Raise the version.")
    ] = "",
    version: Annotated[
        str, typer.Option("--version", metavar="VERSION", help="Publish it as this version.")
    ] = "",
    message: Message = "",
    branch: Branch = "",
    key: Annotated[
        str, typer.Option("--key", metavar="FILE", help="Sign commit and tag with this ssh key.")
    ] = "",
    accept_new_key: Annotated[
        bool,
        typer.Option(
            "--accept-new-key", help="Sign with another key than before, which users must accept."
        ),
    ] = False,
    registry: Annotated[
        str,
        typer.Option(
            "--registry", metavar="FOLDER", help="Write its entry into this checkout of a registry."
        ),
    ] = "",
    allow_finding: AllowFinding = None,
    yes: Yes = False,
    dry_run: DryRun = False,
) -> int:
    release = PublishOptions(
        to=to,
        bump=bump,
        version=version,
        message=message,
        branch=branch,
        key=key,
        new_key=accept_new_key,
        allowed=frozenset(allow_finding or ()),
        registry=registry,
    )

    def agree(made: Publication) -> bool:
        _card(_asking(session, yes=yes), made)
        return yes or session.screen.confirm("Publish it?")

    name = session.ctx.profile(profile)
    try:
        done = ops.publish(session.ctx, name, release, agree, dry_run=dry_run)
    except InvalidPackage as err:
        raise invalid_error(err) from err
    session.screen.emit("published", published_data(done))
    if dry_run and done.publication.is_new:
        _card(session.with_results(), done.publication)
        session.screen.say("Dry run: nothing was published.")
        return 0
    code = _published(session, done, release)
    if dry_run:
        _entry(session.with_results().screen, done.publication)
    elif done.entry:
        session.screen.say(f"  its entry is in {clean(done.entry)}: commit and push that")
    return code


def _asking(session: Session, *, yes: bool) -> Session:
    """The run to show a card in: if a question follows, it is shown even if the screen is quiet."""
    return session if yes else session.aloud()


def _card(session: Session, made: Publication) -> None:
    screen = session.screen
    title = f"Publish {clean(made.label)} to {clean(made.spec)}"
    screen.tell(screen.paint(title, "", bold=True, err=True))
    screen.tell(f"  {clean(_place(made))}")
    if made.signer:
        screen.tell(f"  signed by {made.signer.public.fingerprint} ({clean(made.signer.path)})")
    _changes(screen, made.changes, made.before, made.lines)
    if made.taken_in:
        count = counted(len(made.taken_in), "file")
        screen.tell(f"  others changed {count} there; their changes stay, and are merged here")
    _entry(screen, made)
    _stays(screen, made)
    for secret in made.replaced:
        at = f"{clean(secret.path)}:{secret.line}"
        screen.tell(f"  ${{{clean(secret.name)}}} takes the place of the secret at {at}")
    for one in made.problems[:10]:
        said = clean(problem_words(one))
        screen.tell(f"  {one.level}  {clean(place_of(one))}: {said}")
    notes(screen, made.notes)


def _entry(screen: Screen, made: Publication) -> None:
    """What a registry gets."""
    entry = made.entry
    if entry is None:
        return
    version = clean(entry.package.versions[-1].version)
    what = "has this version already"
    if entry.before is None:
        what = f"a new entry, with version {version} from {clean(entry.package.source)}"
    elif entry.adds:
        what = f"version {version} is added to {clean(', '.join(entry.before[-3:]) or 'none')}"
    screen.tell(f"  registry  {clean(entry.file)}: {what}")


def _stays(screen: Screen, made: Publication) -> None:
    """What does not leave the home: in one line, or each with its reason."""
    if screen.verbose:
        for left in made.stays:
            screen.tell(f"  stays home  {clean(left.path)}: {clean(why_words(left))}")
    elif made.stays:
        names = [clean(left.path) for left in made.stays]
        more = f" and {len(names) - _SHOWN_STAYS} more" if len(names) > _SHOWN_STAYS else ""
        screen.tell(f"  stays home  {', '.join(names[:_SHOWN_STAYS])}{more}; -v says why")


def _place(made: Publication) -> str:
    place = f"on {made.branch}, its first commit"
    if made.head:
        place = f"on {made.branch} after {made.head[:7]}"
    if made.tag:
        place += f", tag {made.tag}"
    return place


def _changes(
    screen: Screen,
    changes: Mapping[RelPath, Entry | None],
    before: Tree,
    lines: Mapping[RelPath, tuple[int, int]],
) -> None:
    every = list(changes.items())
    shown = every if screen.verbose else every[:_SHOWN]
    for path, entry in shown:
        how = "+"
        if entry is None:
            how = "-"
        elif path in before:
            how = "~"
        count = _counts(*lines.get(path, (0, 0)))
        screen.tell(f"  {screen.paint(how, SIGN_STYLES[how], err=True)} {clean(path)}{count}")
    more = len(every) - len(shown)
    if more:
        screen.tell(f"  … and {counted(more, 'more file')}; -v lists them")
    if len(every) > 1:
        new, gone = (sum(pair[side] for pair in lines.values()) for side in (0, 1))
        screen.tell(f"  {counted(len(every), 'file')}:{_counts(new, gone) or ' no line of text'}")


def _counts(new: int, gone: int) -> str:
    """How many lines came and went, as the end of a line."""
    told = [f"{sign}{count}" for sign, count in (("+", new), ("-", gone)) if count]
    return f"  {' '.join(told)}" if told else ""


def _published(session: Session, done: ops.Published, release: PublishOptions) -> int:
    screen, made = session.screen, done.publication
    if made.is_new:
        what = f"{clean(made.label)} @ {done.commit[:7]}"
        if made.tag:
            what += f", tag {made.tag}"
        screen.say(f"{screen.paint('✓', 'good')} Published {what}.")
    else:
        screen.say(
            f"{clean(made.label)} @ {made.head[:7]} is already published in this state; nothing to do."
        )
        _not_done(session, release)
    code = 0
    if done.outcome is not None and (made.taken_in or done.outcome.open_conflicts):
        code = show_summary(session, done.outcome)
    screen.say(
        f"  others install it with: {session.command(f'install {clean(made.install_source)}')}"
    )
    return code


def _not_done(session: Session, release: PublishOptions) -> None:
    """What was asked for and not done, as there is nothing new, and how it is done all the same."""
    if release.bump:
        session.screen.say(
            "  no new version was made; to publish the same files as another one, name it with --version"
        )
    if release.key:
        sign = session.command("sign ./CLONE")
        session.screen.say(f"  nothing was signed; to sign what is there: {sign}")


@command
def contribute(
    session: Session,
    profile: Profile = None,
    places: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PATH|KEY|PATH:N]...",
            help="Only these files, folders, keys or hunks, as changes lists them.",
        ),
    ] = None,
    to: Annotated[
        str, typer.Option("--to", metavar="URL", help="Your fork: a branch is pushed there.")
    ] = "",
    out: Annotated[
        str, typer.Option("-o", "--output", metavar="FILE", help="Write a patch for git am.")
    ] = "",
    layer: Annotated[
        str,
        typer.Option(
            "--layer", metavar="LAYER", help="Send what you changed of a layer, to its repository."
        ),
    ] = "",
    only: Only = "",
    without: Except = "",
    new: Annotated[
        bool, typer.Option("--new", help="Also send files, jobs and servers of your own.")
    ] = False,
    message: Message = "",
    branch: Branch = "",
    allow_finding: AllowFinding = None,
    yes: Yes = False,
    dry_run: DryRun = False,
) -> int:
    parts = Choices().with_parts(only, without)
    gift = giving.Gift(
        to=to,
        out=Path(out).expanduser() if out else None,
        only=parts.only,
        without=parts.without,
        places=tuple(places or ()),
        own=new,
        layer=layer,
        branch=branch,
        message=message,
        allowed=frozenset(allow_finding or ()),
    )
    screen, name = session.screen, session.ctx.profile(profile)

    # A patch is only a file on this machine, so there is nothing to agree to.
    agreed = yes or gift.out is not None

    def agree(made: giving.Contribution) -> bool:
        _gift(_asking(session, yes=agreed).screen, made)
        return agreed or screen.confirm("Send it?")

    done = giving.contribute(session.ctx, name, gift, agree, dry_run=dry_run)
    made = done.contribution
    screen.emit("contributed", contributed_data(done))
    tick, count = screen.paint("✓", "good"), counted(len(made.changes), "file")
    if not made.changes:
        _nothing(screen, name, made)
    elif dry_run:
        _gift(screen.results(), made)
        screen.say("Dry run: nothing was sent.")
    elif done.patch:
        screen.say(f"{tick} Wrote {clean(done.patch)}: {count} changed.")
        screen.tell(f"  the author applies it with: git am {clean(done.patch.name)}")
    else:
        screen.say(f"{tick} Pushed {clean(done.pushed)}: {count} changed.")
        screen.tell(f"  next: open a pull request from {clean(made.branch)} to {clean(made.spec)}")
    return 0


def _nothing(screen: Screen, name: ProfileName, made: giving.Contribution) -> None:
    whose = "its author ships it"
    if made.layer:
        whose = f"the author of {clean(made.layer)} ships it"
    elif any(note.kind is NoteKind.EDITS_OF_LAYER for note in made.notes):
        whose = "the author of the package itself ships it"
    screen.say(f"{name} is as {whose}: there is nothing to send.")
    notes(screen, made.notes)


def _gift(screen: Screen, made: giving.Contribution) -> None:
    title = f"{made.message.splitlines()[0]} in {made.spec}, on top of {made.base[:7]}"
    screen.tell(screen.paint(clean(title), "", bold=True, err=True))
    _changes(screen, made.changes, made.before, made.lines)
    own = [left for left in made.stays if left.why is Why.OWN]
    _own(screen, own)
    notes(screen, made.notes)


def _own(screen: Screen, own: Iterable[object]) -> None:
    if count := len(list(own)):
        screen.tell(
            f"  stays home  {counted(count, 'file or folder')} of your own; --new sends them, too"
        )
