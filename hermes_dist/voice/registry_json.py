"""JSON of registries and the packages in them; each object has its schema in ``schema/``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from hermes_dist.voice.registry_words import entry_words

if TYPE_CHECKING:  # types only: a command loads the ops it needs, not those of the others
    from hermes_dist.model.registry import Package, Registry
    from hermes_dist.ops.registry.check_registry import Checked
    from hermes_dist.ops.registry.registries import About, Hit, Synced


def registry_data(registry: Registry, state: Synced | None) -> dict[str, Any]:
    """A registry and the result of its last sync."""
    data: dict[str, Any] = {
        "name": registry.name,
        "kind": str(registry.kind),
        "location": registry.location,
    }
    if state is not None:
        data |= {"packages": state.packages, "revision": state.revision}
    return data


def package_data(package: Package) -> dict[str, Any]:
    """What a registry says of a package."""
    return {
        "name": package.name,
        "title": package.title,
        "source": str(package.source),
        "description": package.description,
        "category": package.category,
        "deprecated": package.deprecated,
        "keywords": list(package.keywords),
        "license": package.license,
        "hermes_requires": package.hermes_requires,
        "env": list(package.env),
        "runs": dict(package.runs),
        "versions": [
            {
                "version": one.version,
                "commit": one.commit,
                "tree": one.tree,
                "signer": one.signer,
                "date": one.date,
                "yanked": one.yanked,
                "requires": one.requires,
            }
            for one in package.versions
        ],
        "commit_seen": package.commit_seen,
    }


def about_data(about: About) -> dict[str, Any]:
    """A package that need not be installed: what its registry says, and which version `install` takes."""
    found = about.found
    return {
        "registry": found.registry.name,
        "install": about.version,
        **package_data(found.package),
    }


def synced_data(registry: Registry, state: Synced) -> dict[str, Any]:
    """A registry that was read again, and what is new in it."""
    return {
        **registry_data(registry, state),
        "added": state.added,
        "changed": state.changed,
        "removed": state.removed,
        "skipped": [{"place": place, "why": why} for place, why in state.skipped],
    }


def checked_data(found: Checked) -> dict[str, Any]:
    """What is wrong in a registry."""
    return {
        "packages": found.packages,
        "releases": found.releases,
        "unpinned": found.unpinned,
        "problems": [
            {"place": p.place, "what": entry_words(p), "error": p.error} for p in found.problems
        ],
    }


def hits_data(found: Iterable[Hit]) -> dict[str, Any]:
    """What was found by words."""
    fields = (
        "name",
        "registry",
        "version",
        "title",
        "description",
        "category",
        "source",
        "yanked",
        "deprecated",
    )
    return {"packages": [{field: getattr(hit, field) for field in fields} for hit in found]}
