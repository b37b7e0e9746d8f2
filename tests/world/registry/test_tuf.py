"""The attacks that The Update Framework names, tried on a registry of static files; none gets through."""

from __future__ import annotations

import copy
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from msgspec.structs import replace
from securesystemslib.signer import CryptoSigner
from shelf_of import entry
from tufrepo import Serving, TufRepo, later, signed

from hermes_dist.brand import HERMES, Layout
from hermes_dist.errors import DistError, Invalid, Refused, Unreachable
from hermes_dist.model.registry import Registry, RegistryKind, entry_path
from hermes_dist.world.disk.store import Store
from hermes_dist.world.registry.api import Registries
from hermes_dist.world.registry.index import Synced
from hermes_dist.world.registry.tuf import root_digest

BOT = entry_path("bot")


@dataclass
class Client:
    """A user's machine, and the registry as it is served."""

    layout: Layout
    repo: TufRepo
    server: Serving

    @property
    def registry(self) -> Registry:
        digest = root_digest(self.repo.root_bytes)
        return Registry(name="web", kind=RegistryKind.TUF, location=self.server.url, root=digest)

    def registries(self, *, offline: bool = False) -> Registries:
        return Registries(self.layout, Store(self.layout.store), dict(os.environ), offline=offline)

    def add(self, root: bytes | None = None) -> Synced:
        return self.registries().add_tuf(
            replace(self.registry, root=""), self.repo.root_bytes if root is None else root
        )

    def sync(self) -> Synced:
        return self.registries().sync(self.registry)

    def source(self, *, offline: bool = True) -> str:
        found = self.registries(offline=offline).get(self.registry, "bot")
        assert found is not None
        return found.source.location

    def refused(self, words: str) -> None:
        """What is served now is refused, and the index of before stays."""
        before = self.source()
        with pytest.raises(Refused, match=words):
            self.sync()
        with pytest.raises(Refused):
            self.source(offline=False)
        assert self.source() == before


@pytest.fixture
def client(home: Path) -> Iterator[Client]:
    root = home / ".hermes"
    root.mkdir()
    repo = TufRepo({BOT: entry("bot", "github.com/you/bot")})
    with Serving(repo) as server:
        yield Client(Layout(HERMES, root, home), repo, server)


def evil() -> bytes:
    return entry("bot", "github.com/mallory/bot")


def test_a_registry_is_added_by_its_root_and_brings_what_is_new(client: Client) -> None:
    assert client.add().packages == 1
    assert client.source() == "https://github.com/you/bot"
    client.repo.release({entry_path("bat"): entry("bat", "github.com/you/bat")})
    client.repo.asked.clear()
    done = client.sync()
    assert (done.packages, done.added, done.changed) == (2, 1, 0)
    fetched = [path for path in client.repo.asked if path.startswith("targets/packages")]
    assert len(fetched) == 1, "only what is new is sent"
    client.repo.asked.clear()
    assert client.sync().packages == 2
    assert client.repo.asked == ["metadata/2.root.json", "metadata/timestamp.json"], (
        "nothing new costs two questions"
    )


def test_a_registry_is_added_by_the_fingerprint_of_its_root(client: Client) -> None:
    assert client.registries().add_tuf(client.registry).packages == 1
    assert [one.kind for one in client.registries().all()] == ["folder", "tuf"]


def test_another_root_than_the_fingerprint_says_is_refused(client: Client) -> None:
    with pytest.raises(Refused, match="its root has the fingerprint"):
        client.registries().add_tuf(replace(client.registry, root="0" * 64))
    assert [one.name for one in client.registries().all()] == ["default"]


def test_a_registry_signed_by_others_than_the_root_says_is_refused(client: Client) -> None:
    stranger = TufRepo({})
    with pytest.raises(Refused, match="is not valid"):
        client.add(stranger.root_bytes)
    with pytest.raises(Refused):
        client.add(b"{}")
    assert [one.name for one in client.registries().all()] == ["default"]


def test_a_root_that_was_changed_on_this_machine_is_refused(client: Client) -> None:
    client.add()
    (client.layout.shared / "registry" / "web" / "trusted-root.json").write_bytes(
        TufRepo({}).root_bytes
    )
    client.refused("gone or was changed")


def test_arbitrary_contents_are_refused(client: Client) -> None:
    client.add()
    client.repo.release({BOT: entry("bot", "github.com/you/moved")})
    path = next(
        p for p in client.repo.files if p.endswith("bot.json") and b"moved" in client.repo.files[p]
    )
    client.repo.files[path] = client.repo.files[path].replace(b"you/moved", b"bad/moved")
    client.refused("is not valid")


def test_metadata_by_other_keys_are_refused(client: Client) -> None:
    client.add()
    client.repo.keys["targets"] = CryptoSigner.generate_ed25519()
    client.repo.release({BOT: evil()})
    client.refused("is not valid")


def test_keys_that_are_online_can_not_change_an_entry(client: Client) -> None:
    client.add()
    thief = copy.copy(
        client.repo
    )  # has the keys of snapshot and timestamp, and its own for targets
    thief.keys = {
        **client.repo.keys,
        "targets": CryptoSigner.generate_ed25519(),
        "root": CryptoSigner.generate_ed25519(),
    }
    thief.release({BOT: evil()})
    client.refused("is not valid")


@pytest.mark.parametrize("role", ["timestamp", "snapshot", "targets"])
def test_an_older_version_is_refused(client: Client, role: str) -> None:
    old = dict(client.repo.files)
    client.repo.release({BOT: entry("bot", "github.com/you/second")})
    client.add()
    if role == "timestamp":
        client.repo.files["metadata/timestamp.json"] = old["metadata/timestamp.json"]
    elif role == "snapshot":
        client.repo.snapshot.signed.version = 0
        client.repo.online()
    else:
        client.repo.targets.signed.version = 1
        client.repo.online()
    client.refused("older than what this machine has seen")
    assert client.source() == "https://github.com/you/second"


def test_an_index_that_is_held_back_is_noticed_when_its_date_has_passed(client: Client) -> None:
    client.add()
    client.repo.online(expires=later(-1))
    client.refused("has expired")


def test_metadata_that_are_not_of_one_piece_are_refused(client: Client) -> None:
    client.add()
    first = client.repo.files["metadata/1.targets.json"]
    client.repo.release({BOT: entry("bot", "github.com/you/second")})
    client.repo.files["metadata/2.targets.json"] = first
    client.refused("is not valid|older")


@pytest.mark.parametrize(
    "role", ["timestamp.json", "2.root.json", "2.snapshot.json", "2.targets.json"]
)
def test_endless_metadata_are_cut_off(client: Client, role: str) -> None:
    client.add()
    client.repo.release({BOT: entry("bot", "github.com/you/second")})
    client.repo.endless.add(f"metadata/{role}")
    start = time.monotonic()
    client.refused("sends more than the limits allow|is not valid")
    assert time.monotonic() - start < 20


def test_an_endless_entry_is_cut_off(client: Client) -> None:
    client.add()
    client.repo.release({BOT: entry("bot", "github.com/you/second")})
    client.repo.endless |= {path for path in client.repo.files if path.endswith("bot.json")}
    client.refused("sends more than the limits allow|is not valid")


def test_an_entry_that_is_too_large_by_its_metadata_is_not_fetched(client: Client) -> None:
    client.add()
    client.repo.release({BOT: b" " * (1 << 20) + b"{}"})
    client.repo.asked.clear()
    with pytest.raises(Invalid, match="larger than 1 MiB"):
        client.sync()
    assert not [path for path in client.repo.asked if path.endswith("bot.json")]


@pytest.mark.parametrize("role", ["root", "targets", "snapshot", "timestamp"])
def test_a_key_is_replaced_by_a_root_that_the_old_one_signed(client: Client, role: str) -> None:
    client.add()
    client.repo.rotate(role)
    client.repo.release({BOT: entry("bot", "github.com/you/second")})
    assert client.sync().changed == 1
    client.repo.rotate("root")
    client.repo.release({BOT: entry("bot", "github.com/you/third")})
    assert client.sync().changed == 1
    assert client.source() == "https://github.com/you/third"


def test_a_root_that_only_the_new_key_signed_is_refused(client: Client) -> None:
    client.add()
    client.repo.rotate("root", right=False)
    client.repo.release({BOT: evil()})
    client.refused("is not valid")


@pytest.mark.parametrize("role", ["targets", "timestamp"])
def test_a_key_that_was_replaced_signs_no_more(client: Client, role: str) -> None:
    client.add()
    stolen = client.repo.keys[role]
    client.repo.rotate(role)
    client.repo.release({BOT: entry("bot", "github.com/you/second")})
    client.sync()
    client.repo.keys[role] = stolen
    client.repo.release({BOT: evil()})
    client.refused("is not valid")


def test_versions_that_were_driven_up_are_forgotten_with_the_stolen_keys(client: Client) -> None:
    client.add()
    client.repo.snapshot.signed.version = client.repo.timestamp.signed.version = 1 << 30
    client.repo.online()
    client.sync()
    client.repo.rotate("snapshot")
    client.repo.rotate("timestamp")
    client.repo.snapshot.signed.version = client.repo.timestamp.signed.version = 5
    client.repo.release({BOT: entry("bot", "github.com/you/second")})
    assert client.sync().changed == 1
    assert client.source() == "https://github.com/you/second"


def test_a_name_that_leads_out_of_the_registry_leads_nowhere(client: Client) -> None:
    client.repo.release({"packages/../../../escaped.json": b"{}", "packages/bo/../x.json": b"{}"})
    done = client.add()
    assert done.packages == 1
    assert len(done.skipped) == 2
    assert not list(client.layout.root.parent.rglob("escaped.json"))


def test_a_server_that_is_away_is_told_and_offline_the_last_sync_counts(client: Client) -> None:
    client.add()
    client.repo.files.pop("metadata/timestamp.json")
    with pytest.raises(Unreachable):
        client.sync()
    assert client.source() == "https://github.com/you/bot"
    with pytest.raises(Unreachable, match="offline"):
        client.registries(offline=True).sync(client.registry)


def test_signatures_that_were_tampered_with_are_refused_each(client: Client) -> None:
    client.add()
    client.repo.release({BOT: evil()})
    for name in ("metadata/timestamp.json", "metadata/2.snapshot.json", "metadata/2.targets.json"):
        good = client.repo.files[name]
        client.repo.files[name] = good.replace(b'"version":2', b'"version":3', 1)
        assert client.repo.files[name] != good
        client.refused("is not valid|older")
        client.repo.files[name] = good
    assert client.sync().changed == 1


def test_forgetting_a_registry_forgets_what_was_seen_of_it(client: Client) -> None:
    client.add()
    with pytest.raises(DistError, match="already"):
        client.add()
    client.registries().remove("web")
    assert not (client.layout.shared / "registry" / "web").exists()
    assert client.add().packages == 1


def test_a_signature_by_a_known_key_over_other_bytes_is_none(client: Client) -> None:
    client.add()
    other = copy.deepcopy(client.repo.targets)
    other.signed.version = 2
    data = signed(other, client.repo.keys["snapshot"])
    client.repo.targets.signed.version = 2
    client.repo.files["metadata/2.targets.json"] = data
    client.repo.online()
    client.refused("is not valid")
