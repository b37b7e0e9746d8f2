"""The market of layers: which versions a dependency allows, asked of repositories and registries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from hermes_dist.brand import MANIFEST
from hermes_dist.decide.layers.market import Choice
from hermes_dist.decide.layers.wanted import Dependency, Wanted
from hermes_dist.decide.versions import fitting_tags
from hermes_dist.errors import DistError, Invalid
from hermes_dist.model.lock import Lock
from hermes_dist.model.lock_package import LockedPackage
from hermes_dist.model.source import (
    TAGS,
    PinKind,
    SourceKind,
    SourceSpec,
    parse_source,
    without_credentials,
)
from hermes_dist.ops.change.fetch import Fetched, fetch
from hermes_dist.ops.change.look_up import look_up, to_ask
from hermes_dist.ops.change.look_up_name import find_as_before, named_targets
from hermes_dist.ops.change.moved_source import NoPackage
from hermes_dist.ops.change.target import Naming, Target, check_policies
from hermes_dist.ops.context import Context
from hermes_dist.ops.layers.asked import asked_for


class LiveMarket:
    """A market of real sources; what was asked or fetched once is not asked again.

    Args:
        ctx: The context.
        top: The package whose layers are looked for; folders named ``//folder`` are in its repository.
        lock: The lock of the home, which says what each layer was received as; None for a new home.
    """

    def __init__(self, ctx: Context, top: Fetched, lock: Lock | None) -> None:
        self._ctx = ctx
        self._lock = lock
        self._askers: dict[str, Fetched] = {"": top}
        self._targets: dict[tuple[str, str], Target] = {}
        self._fetched: dict[tuple[str, str], Fetched] = {}
        self._choices: dict[tuple[str, str], list[Choice]] = {}

    def key(self, dependency: Dependency, asker: str) -> str:
        """Tell which package a dependency names: the address of its repository, and its folder there."""
        spec = self._spec(dependency, asker)
        if spec.kind is SourceKind.REGISTRY:
            spec = find_as_before(self._ctx, spec, self._held_by_name(spec)).package.source
        return _key(self._ctx, spec)

    def choices(self, dependency: Dependency, asker: str) -> Sequence[Choice]:
        """List the versions that a dependency allows, the newest first."""
        known = dependency.meaning(asker)
        if known not in self._choices:
            self._choices[known] = self._look(dependency, asker)
        return self._choices[known]

    def _look(self, dependency: Dependency, asker: str) -> list[Choice]:
        key = self.key(dependency, asker)
        found = []
        for target in self._offered(dependency, asker, key):
            commit = target.commit or self._fetch(target).offer.tree.digest
            self._targets.setdefault((key, commit), target)
            name, version = _name(target), _version(target)
            found.append(Choice(key=key, commit=commit, name=name, version=version))
        return found

    def expect(self, choices: Sequence[Choice]) -> None:
        """Fetch versions that are asked for next, and read those of one commit together."""
        places = [(one.key, one.commit) for one in choices]
        wanted = [
            (self._targets[place].spec, self._targets[place].commit, self._follows(place[0]))
            for place in places
            if place not in self._fetched
        ]
        self._ctx.sources.fetch_together(wanted, self._ctx.progress)

    def wanted(self, choice: Choice) -> Wanted:
        """Tell what a version of a package asks for itself, by its manifest."""
        fetched = self.fetched(choice)
        self._askers[f"{choice.key}#{choice.commit}"] = fetched
        return asked_for(fetched)

    def fetched(self, choice: Choice) -> Fetched:
        """Fetch a version.

        Raises:
            DistError: It can't be fetched, or is not a package.
        """
        place = (choice.key, choice.commit)
        if place not in self._fetched:
            self._fetched[place] = self._fetch(self._targets[place], self._follows(choice.key))
        return self._fetched[place]

    def _follows(self, key: str) -> str:
        """The commit that the home holds of a package; empty for none."""
        received = self.received(key)
        return received.pin.commit if received else ""

    def _fetch(self, target: Target, follows: str = "") -> Fetched:
        """Fetch a layer.

        Raises:
            DistError: It can't be fetched, or is not a package. The error is never :class:`NoPackage`, which would say
                that the package on top has left its folder.
        """
        try:
            return fetch(self._ctx, target, follows=follows)
        except NoPackage as gone:
            top = self._askers[""]
            raise DistError(
                f"{top.manifest.name} stands on this layer, but there is no {MANIFEST} there",
                where=str(target.spec),
                hint=_root_meant(top.target.spec, target.spec) or gone.hint,
            ) from None
        except Invalid as error:
            # What is wrong with a file names that alone, and a profile may stand on hundreds of packages.
            if target.spec.location in error.where:
                raise
            raise error.within(str(target.spec._replace(ref="", is_range=False))) from None

    def received(self, key: str) -> LockedPackage | None:
        """What the home holds of a package as a layer; None if it does not hold it."""
        return self._received.get(key)

    @cached_property
    def _received(self) -> Mapping[str, LockedPackage]:
        # The top of before can be a layer now: the user put something over or under it.
        packages = self._lock.packages if self._lock else ()
        return {key_of(one): one for one in packages}

    def _held_by_name(self, spec: SourceSpec) -> Lock | None:
        """A lock of the layer alone that the home holds under a name in a registry; None if it holds none."""
        for one in self._lock.packages if self._lock else ():
            if parse_source(one.source, allow_insecure=True)._replace(
                ref="", is_range=False
            ) == spec._replace(ref="", is_range=False):
                return Lock(packages=(one,))
        return None

    def _spec(self, dependency: Dependency, asker: str) -> SourceSpec:
        if dependency.source is None:
            # It lies beside the one that names it: the same repository, at the same commit.
            target = self._askers[asker].target
            spec = target.spec._replace(subfolder=dependency.sibling)
            return spec.at(target.commit) if target.commit else spec
        return dependency.source

    def _offered(self, dependency: Dependency, asker: str, key: str) -> list[Target]:
        spec = self._spec(dependency, asker)
        received = self.received(key)
        held = self._held(spec, received)
        if held is not None:
            return [held]
        if spec.kind is SourceKind.REGISTRY:
            return named_targets(self._ctx, spec, self._held_by_name(spec))
        check_policies(self._ctx, spec)
        if dependency.sibling is not None:
            return [self._beside(spec, asker)]
        self._ctx.sources.ask_ahead(to_ask(self._ctx, str(spec)), again=False)
        return self._tagged(spec, received)

    def _tagged(self, spec: SourceSpec, received: LockedPackage | None) -> list[Target]:
        """What a repository or folder offers: each tag in a range, or else the one that is followed."""
        refs = self._ctx.sources.refs(spec)
        if refs is None or not spec.is_range or spec.ref in refs.tags:
            same = received is not None and received.source == str(spec)
            before = received.pin if received and same else None
            return [look_up(self._ctx, spec, Naming(), before=before)]
        return [
            Target(spec, refs, f"{TAGS}{tag}", refs.tags[tag], PinKind.RANGE)
            for tag in fitting_tags(spec.ref, refs.tags_for(spec.subfolder))
        ]

    def _beside(self, spec: SourceSpec, asker: str) -> Target:
        """What lies beside a package: the tag that signs the package signs it, too."""
        target = self._askers[asker].target
        if not target.commit:
            return Target(spec, None, "", "", target.kind)
        return Target(spec, target.refs, target.ref, target.commit, PinKind.COMMIT)

    def _held(self, spec: SourceSpec, received: LockedPackage | None) -> Target | None:
        """The version that the home holds, if the profile is held and the layer is named as before; else None."""
        if not (self._lock and self._lock.held and received and received.source == str(spec)):
            return None
        pin = received.pin
        if not pin.commit:
            return None
        # In the registry's own words the source is a name; what was received is at its repository.
        place = SourceSpec(SourceKind.GIT, pin.url, pin.subfolder)
        return Target(place, None, pin.ref, pin.commit, pin.kind, asked=spec)


def _root_meant(top: SourceSpec, layer: SourceSpec) -> str:
    """A hint for a package whose ``//folder`` lies beside it, and not below it; empty if none is there either."""
    if top.kind is not SourceKind.FOLDER or top.subfolder or layer.location != top.location:
        return ""
    here = Path(top.location)
    for root in here.parents:
        if (root / (layer.subfolder or "") / MANIFEST).is_file():
            return f"//{layer.subfolder} begins at the root of the source: write {root}//{here.relative_to(root)}"
    return ""


def key_of(package: LockedPackage) -> str:
    """Tell which package a locked one is, as :meth:`LiveMarket.key` does."""
    return _join(package.pin.url, package.pin.subfolder)


def _key(ctx: Context, spec: SourceSpec) -> str:
    """Spell which package a source is, as the pin of a lock does."""
    if not ctx.sources.is_git(spec):
        return _join(spec.location, spec.subfolder)
    return _join(without_credentials(ctx.sources.url(spec)), spec.subfolder)


def _join(url: str, subfolder: object) -> str:
    return f"{url}//{subfolder}" if subfolder else url


def _name(target: Target) -> str:
    if target.source.subfolder:
        return target.source.subfolder.name
    return target.source.location.rstrip("/").rpartition("/")[2].removesuffix(".git")


def _version(target: Target) -> str:
    return target.ref.removeprefix(TAGS) if target.ref.startswith(TAGS) else target.commit[:7]
