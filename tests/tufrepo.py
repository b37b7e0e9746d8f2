"""A registry of static files under The Update Framework, signed and served on loopback, honestly or not."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Key, Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp

ROLES = ("root", "targets", "snapshot", "timestamp")


class TufRepo:
    """The keeper's side: keys, metadata, files. What is published stands in ``files``, by its path.

    Attributes:
        root_bytes: The first root, as users get it.
        files: What the server hands out.
        endless: Paths that the server never stops sending.
    """

    def __init__(self, entries: dict[str, bytes]) -> None:
        self.keys = {role: CryptoSigner.generate_ed25519() for role in ROLES}
        self.files: dict[str, bytes] = {}
        self.endless: set[str] = set()
        self.asked: list[str] = []
        root = Root(version=1, expires=later(), consistent_snapshot=True)
        for role, signer in self.keys.items():
            root.add_key(signer.public_key, role)
        self.root = Metadata(root)
        self.targets = Metadata(Targets(expires=later()))
        self.snapshot = Metadata(Snapshot(expires=later()))
        self.timestamp = Metadata(Timestamp(expires=later()))
        self.targets.signed.version = self.snapshot.signed.version = (
            self.timestamp.signed.version
        ) = 0
        self.publish_root(self.keys["root"])
        self.root_bytes = self.files["metadata/1.root.json"]
        self.release({"registry.json": b'{"format": 1}', **entries})

    def publish_root(self, *signers: CryptoSigner) -> None:
        self.root.signatures.clear()
        for signer in signers:
            self.root.sign(signer, append=True)
        self.files[f"metadata/{self.root.signed.version}.root.json"] = self.root.to_bytes()

    def release(self, entries: dict[str, bytes], *, expires: datetime | None = None) -> None:
        """A new version with some files added or changed."""
        for path, data in entries.items():
            info = TargetFile.from_data(path, data)
            self.targets.signed.targets[path] = info
            folder, _, name = path.rpartition("/")
            self.files[
                f"targets/{folder + '/' if folder else ''}{info.hashes['sha256']}.{name}"
            ] = data
        self.targets.signed.version += 1
        self.files[f"metadata/{self.targets.signed.version}.targets.json"] = signed(
            self.targets, self.keys["targets"]
        )
        self.online(expires=expires)

    def online(self, *, expires: datetime | None = None) -> None:
        """What the keys that are online do: a new snapshot and timestamp."""
        targets = self.files[f"metadata/{self.targets.signed.version}.targets.json"]
        self.snapshot.signed.version += 1
        self.snapshot.signed.meta["targets.json"] = MetaFile.from_data(
            self.targets.signed.version, targets, ["sha256"]
        )
        data = signed(self.snapshot, self.keys["snapshot"])
        self.files[f"metadata/{self.snapshot.signed.version}.snapshot.json"] = data
        self.timestamp.signed.version += 1
        self.timestamp.signed.expires = expires or later()
        self.timestamp.signed.snapshot_meta = MetaFile.from_data(
            self.snapshot.signed.version, data, ["sha256"]
        )
        self.files["metadata/timestamp.json"] = signed(self.timestamp, self.keys["timestamp"])

    def rotate(self, role: str, *, right: bool = True) -> None:
        """Replace the key of a role by a new root; wrong when only the new root key signs it."""
        old_root, old = self.keys["root"], self.keys[role]
        self.keys[role] = CryptoSigner.generate_ed25519()
        key: Key = self.keys[role].public_key
        self.root.signed.version += 1
        self.root.signed.revoke_key(old.public_key.keyid, role)
        self.root.signed.add_key(key, role)
        self.publish_root(
            *([old_root, self.keys["root"]] if right and role == "root" else [self.keys["root"]])
        )


def signed(metadata: Metadata[Any], signer: CryptoSigner) -> bytes:
    metadata.sign(signer)
    return metadata.to_bytes()


def later(days: float = 30) -> datetime:
    return datetime.now(UTC).replace(microsecond=0) + timedelta(days=days)


class Serving(ThreadingHTTPServer):
    """The server; a context manager."""

    daemon_threads = True

    def __init__(self, repo: TufRepo) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repo = repo
        self._thread = threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/index"

    def __enter__(self) -> Serving:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is no trouble."""


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Serving)
        repo, path = self.server.repo, self.path.removeprefix("/index/")
        repo.asked.append(path)
        if path in repo.endless:
            self.send_response(200)
            self.end_headers()
            for _ in range(1 << 14):
                self.wfile.write(b" " * (1 << 16))
        elif path in repo.files:
            self.send_response(200)
            self.send_header("Content-Length", str(len(repo.files[path])))
            self.end_headers()
            self.wfile.write(repo.files[path])
        else:
            self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
