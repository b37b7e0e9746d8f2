"""Sources: local folders, refs and ranges, and servers that misbehave."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

import pytest
from gitrepo import PACKAGE, Repo
from servers import GitHttp, rude

from hermes_dist.brand import HERMES, Layout
from hermes_dist.errors import DistError, Invalid, Unreachable
from hermes_dist.model.source import Pin, PinKind, SourceKind, SourceSpec, parse_source
from hermes_dist.model.tree import Digest
from hermes_dist.voice.left_out import WORDS
from hermes_dist.world.disk.limits import Limits
from hermes_dist.world.disk.store import Store
from hermes_dist.world.git.repositories import Patience
from hermes_dist.world.ports import Refs
from hermes_dist.world.sources.api import Offer, Sources, open_sources
from hermes_dist.world.sources.folder import read_folder
from hermes_dist.world.sources.manifests import manifests

IMPATIENT = Patience(refs=1.5, fetch=1.5, local=5)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(HERMES, tmp_path / "root", tmp_path)


@pytest.fixture
def sources(layout: Layout) -> Sources:
    return open_sources(layout, lambda: Store(layout.store), dict(os.environ), patience=IMPATIENT)


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return folder


def folder_offer(sources: Sources, text: str) -> Offer:
    spec = parse_source(text)
    assert sources.refs(spec) is None
    assert sources.resolve_ref(spec, None) == ("", "")
    return sources.fetch(spec)


class TestFolders:
    def test_a_folder_is_read_as_it_is(
        self, sources: Sources, layout: Layout, tmp_path: Path
    ) -> None:
        folder = write(tmp_path / "my bot", dict(PACKAGE))
        (folder / "SOUL.md").chmod(0o755)
        offer = folder_offer(sources, str(folder))
        assert sorted(offer.tree) == sorted(PACKAGE)
        assert {
            p: Store(layout.store).read(e.digest).decode() for p, e in offer.tree.items()
        } == dict(PACKAGE)
        assert [p for p, e in offer.tree.items() if e.executable] == ["SOUL.md"]
        assert (offer.pin.url, offer.pin.commit, offer.pin.version) == (str(folder), "", "1.0.0")

    def test_tilde_dot_and_subfolders_are_understood(
        self, sources: Sources, layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write(tmp_path / "agents/bot", dict(PACKAGE))
        monkeypatch.chdir(tmp_path / "agents")
        digests = {
            folder_offer(sources, text).tree.digest
            for text in ("~/agents/bot", "./bot", "../agents//bot")
        }
        assert len(digests) == 1
        assert manifests(sources, Store(layout.store).read, parse_source("./")) == {
            "bot": PACKAGE["distribution.yaml"].encode()
        }

    def test_a_work_tree_is_read_with_its_uncommitted_edits_and_without_git(
        self, sources: Sources, tmp_path: Path
    ) -> None:
        repo = Repo(tmp_path / "work")
        repo.commit({**PACKAGE, ".gitignore": "*.log\nbuild/\n!keep.log\n"})
        repo.check_out()
        write(
            repo.path,
            {
                "SOUL.md": "edited",
                "a.log": "x",
                "keep.log": "x",
                "build/x": "x",
                "sub/.gitignore": "/deep\n",
                "sub/deep/x": "x",
                "sub/keep/deep": "x",
                "new.md": "x",
            },
        )
        (repo.gitdir / "info/exclude").write_text("new.md\n")
        offer = folder_offer(sources, str(repo.path))
        status = repo.git("ls-files", "--cached", "--others", "--exclude-standard").splitlines()
        assert sorted(offer.tree) == sorted(status)
        assert {left.path: WORDS[left.why] for left in offer.left_out} == dict.fromkeys(
            ("a.log", "build", "new.md", "sub/deep"), "ignored by .gitignore"
        )

    def test_a_work_tree_with_a_ref_and_a_bare_folder_are_git(
        self, sources: Sources, tmp_path: Path
    ) -> None:
        repo = Repo(tmp_path / "work tree")
        first = repo.commit(PACKAGE)
        repo.check_out()
        write(repo.path, {"SOUL.md": "edited"})
        spec = parse_source(f"{repo.path}#main")
        offer = sources.fetch(spec, *sources.resolve_ref(spec, sources.refs(spec)))
        assert (offer.pin.commit, offer.pin.ref) == (first, "refs/heads/main")
        bare = Repo(tmp_path / "bare", bare=True)
        commit = bare.commit(PACKAGE)
        spec = parse_source(str(bare.path))
        said: list[str] = []
        refs = sources.refs(spec, said.append)
        assert [line.split()[0] for line in said] == ["reading"]  # told before the source answers
        again = sources.fetch(spec, *sources.resolve_ref(spec, refs))
        assert (again.pin.commit, again.tree) == (commit, offer.tree)

    def test_what_is_no_regular_file_is_left_out_and_never_opened(
        self, sources: Sources, tmp_path: Path
    ) -> None:
        folder = write(tmp_path / "bot", dict(PACKAGE))
        write(tmp_path, {"secret": "token", "elsewhere/x": "x"})
        (folder / "link").symlink_to(tmp_path / "secret")
        (folder / "linked").symlink_to(tmp_path / "elsewhere")
        (folder / ".gitignore").symlink_to(tmp_path / "secret")
        os.mkfifo(folder / "fifo")
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(str(folder / "sock"))
            offer = folder_offer(sources, str(folder))
        assert sorted(offer.tree) == sorted(PACKAGE)
        assert {left.path: WORDS[left.why] for left in offer.left_out} == {
            ".gitignore": "a symlink that leads to no file of the package",
            "link": "a symlink that leads to no file of the package",
            "linked": "a symlink that leads to no file of the package",
            "fifo": "a FIFO",
            "sock": "a socket",
        }
        with pytest.raises(Invalid, match="no such folder"):
            sources.fetch(parse_source(f"{folder}//linked"))

    @pytest.mark.parametrize("name", ["a\\b", "con", "tail ", "r\u202etl.md", "new\nline"])
    def test_unsafe_names_are_refused_as_from_git(
        self, sources: Sources, tmp_path: Path, name: str
    ) -> None:
        write(tmp_path / "bot", {**PACKAGE, name: "x"})
        with pytest.raises(Invalid, match="unsafe path"):
            folder_offer(sources, str(tmp_path / "bot"))

    def test_limits_hold_for_folders(self, layout: Layout, tmp_path: Path) -> None:
        folder = write(tmp_path / "bot", dict(PACKAGE))
        for limits in (Limits(entries=2), Limits(blob=10), Limits(total=40)):
            small = open_sources(
                layout, lambda: Store(layout.store), dict(os.environ), limits=limits
            )
            with pytest.raises(Invalid, match="too large"):
                small.fetch(parse_source(str(folder)))

    def test_a_folder_that_changes_while_it_is_read_is_read_again_or_refused(
        self, tmp_path: Path
    ) -> None:
        folder = write(tmp_path / "bot", {**PACKAGE, "a": "0"})
        seen: list[list[bytes]] = []

        def reading(changes: int) -> list[Digest]:
            def keep(blobs: Iterable[bytes]) -> list[Digest]:
                seen.append(list(blobs))
                if len(seen) <= changes:
                    (folder / "a").write_text("more" * len(seen))
                return [Digest.of(blob) for blob in seen[-1]]

            seen.clear()
            return read_folder(folder, lambda _lines: lambda _path: None, Limits(), keep)[1]

        assert Digest.of(b"more") in reading(changes=1)
        assert len(seen) == 2
        with pytest.raises(Invalid, match="changed while it was being read"):
            reading(changes=99)

    def test_a_missing_folder_and_an_archive_are_told_apart(
        self, sources: Sources, tmp_path: Path
    ) -> None:
        with pytest.raises(Invalid, match="no such folder"):
            sources.refs(parse_source(f"{tmp_path}/nothing"))
        spec = parse_source(f"{tmp_path}/nothing.tar.gz")
        assert sources.refs(spec) is None
        with pytest.raises(DistError, match="no such file"):
            sources.fetch(spec)
        with pytest.raises(Invalid, match="registry"):
            sources.refs(parse_source("bot"))


def replace_head(refs: Refs) -> Refs:
    """The same without a default branch, so that there is no history to look into."""
    return refs._replace(head="", head_commit="")


class TestRefs:
    TIPS = Refs(
        head="refs/heads/main",
        head_commit="a" * 40,
        heads={"main": "a" * 40, "v1": "b" * 40, "feature/x": "abc" + "d" * 37, "1" * 40: "9" * 40},
        tags={"v1": "c" * 40, "2" * 64: "8" * 40, "v2.0": "abc" + "e" * 37},
    )

    @pytest.mark.parametrize(
        ("ref", "full", "commit"),
        [
            ("", "refs/heads/main", "a" * 40),
            ("v1", "refs/tags/v1", "c" * 40),
            ("refs/heads/v1", "refs/heads/v1", "b" * 40),
            ("feature/x", "refs/heads/feature/x", "abc" + "d" * 37),
            ("f" * 40, "", "f" * 40),
            ("F" * 40, "", "f" * 40),
            ("1" * 40, "", "1" * 40),
            ("refs/heads/" + "1" * 40, "refs/heads/" + "1" * 40, "9" * 40),
            ("2" * 64, "", "2" * 64),
            ("^2", "refs/tags/v2.0", "abc" + "e" * 37),
        ],
    )
    def test_a_tag_goes_before_a_branch_before_a_commit(
        self, sources: Sources, ref: str, full: str, commit: str
    ) -> None:
        spec = parse_source(f"github.com/you/bot{'#' + ref if ref else ''}")
        assert sources.resolve_ref(spec, self.TIPS, lambda _range, tags: max(tags)) == (
            full,
            commit,
        )

    @pytest.mark.parametrize(
        "name",
        [
            "refs/pull/main",
            "refs/remotes/v1",
            "refs/heads/v2.0",
            "refs/tags/main",
            "heads/main",
            "1" * 41,
        ],
    )
    def test_a_full_name_is_of_its_own_kind_or_none(self, sources: Sources, name: str) -> None:
        with pytest.raises(Invalid, match="no tag, branch or commit"):
            sources.resolve_ref(parse_source(f"github.com/you/bot#{name}"), replace_head(self.TIPS))

    KEPT = (
        ("v1", PinKind.BRANCH, "refs/heads/v1", ("refs/heads/v1", "b" * 40)),
        ("v1", PinKind.TAG, "refs/tags/v1", ("refs/tags/v1", "c" * 40)),
        ("refs/heads/v1", PinKind.BRANCH, "refs/heads/v1", ("refs/heads/v1", "b" * 40)),
        ("v1", PinKind.BRANCH, "refs/heads/main", ("refs/tags/v1", "c" * 40)),
        ("abc1234", PinKind.COMMIT, "", ("", "abc1234" + "0" * 33)),
        ("ABC1234", PinKind.COMMIT, "", ("", "abc1234" + "0" * 33)),
        ("latest", PinKind.RANGE, "refs/tags/v2.0", ("refs/tags/v2.0", "abc" + "e" * 37)),
        ("latest", PinKind.TAG, "refs/tags/latest", ("refs/tags/latest", "7" * 40)),
    )

    @pytest.mark.parametrize(("asked", "kind", "ref", "found"), KEPT)
    def test_what_was_followed_stays_what_it_was(
        self, sources: Sources, asked: str, kind: PinKind, ref: str, found: tuple[str, str]
    ) -> None:
        refs = self.TIPS._replace(tags={**self.TIPS.tags, "latest": "7" * 40, "abc1234": "6" * 40})
        before = Pin(url="u", kind=kind, ref=ref, commit="abc1234" + "0" * 33, tree=Digest.of(b""))
        spec = parse_source(f"github.com/you/bot#{asked}")
        assert sources.resolve_ref(spec, refs, lambda _range, tags: "v2.0", before) == found

    def test_the_start_of_an_id_is_no_name_and_of_one_commit_alone(
        self, sources: Sources, tmp_path: Path
    ) -> None:
        repo = Repo(tmp_path / "r.git", bare=True)
        first = repo.commit(PACKAGE)
        tip = repo.commit({"SOUL.md": "x"})
        spec = parse_source(f"file://{repo.path}#{first[:7].upper()}")
        assert sources.resolve_ref(spec, sources.refs(spec)) == ("", first)
        repo.git("branch", first[:7], tip)
        spec = parse_source(f"file://{repo.path}#{first[:7]}")
        with pytest.raises(
            Invalid, match=f"is the name of refs/heads/{first[:7]} and the start of commit {first}"
        ):
            sources.resolve_ref(spec, sources.refs(spec))
        made = sources.refs(spec)
        assert made is not None
        twin = made._replace(heads={"main": tip, "twin": first[:20] + tip[20:]})
        with pytest.raises(Invalid, match="is the start of 2 commits"):
            sources.resolve_ref(spec, twin)
        repo.git("branch", "deadbee", tip)
        spec = parse_source(f"file://{repo.path}#deadbee")
        assert sources.resolve_ref(spec, sources.refs(spec)) == ("refs/heads/deadbee", tip)

    def test_short_starts_and_unknown_names_are_refused(
        self, sources: Sources, tmp_path: Path
    ) -> None:
        repo = Repo(tmp_path / "r.git", bare=True)
        commit = repo.commit(PACKAGE)
        repo.commit({"SOUL.md": "x"})
        for ref in (commit[:6], "0000000", "nothing"):
            spec = parse_source(f"file://{repo.path}#{ref}")
            with pytest.raises(Invalid, match="no tag, branch or commit"):
                sources.resolve_ref(spec, sources.refs(spec))
        spec = parse_source(f"file://{repo.path}#{commit[:7]}")
        assert sources.resolve_ref(spec, sources.refs(spec)) == ("", commit)

    def test_a_detached_head_is_followed_by_commit(self, sources: Sources, tmp_path: Path) -> None:
        repo = Repo(tmp_path / "r.git", bare=True)
        commit = repo.commit(PACKAGE)
        (repo.path / "HEAD").write_text(f"{commit}\n")
        spec = parse_source(f"file://{repo.path}")
        ref, found = sources.resolve_ref(spec, sources.refs(spec))
        assert found == commit
        assert sources.fetch(spec, ref, found).tree

    def test_many_sources_are_asked_at_once_and_each_repository_once(
        self, sources: Sources, tmp_path: Path
    ) -> None:
        for name in ("a", "b"):
            Repo(tmp_path / f"{name}.git", bare=True).commit(PACKAGE)
        with GitHttp(tmp_path) as server:
            specs = [
                parse_source(f"{server.url}/{name}.git{ref}")
                for name in ("a", "b", "gone")
                for ref in ("", "#main")
            ]
            sources.ask_ahead([*specs, parse_source(str(tmp_path))])
            asked = [path for path in server.asked if "info/refs" in path]
            assert len(asked) == 3
            for spec in specs[:4]:
                assert sources.refs(spec)
            for _ in range(2):
                with pytest.raises(Unreachable) as caught:
                    sources.refs(specs[4])
                caught.value.within("somewhere")
            assert not caught.value.where.startswith("somewhere: somewhere")
            assert [path for path in server.asked if "info/refs" in path] == asked


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("version: 1.2\n", "1.2"),
        ("name: x\nversion: '0.10'  # first\n", "0.10"),
        ('version: "2.0.0"\r\n', "2.0.0"),
        ("nested:\n  version: 3\n", ""),
        ("versions: 4\n", ""),
        ("name: x\n", ""),
    ],
)
def test_the_version_is_as_the_manifest_writes_it(
    sources: Sources, tmp_path: Path, text: str, version: str
) -> None:
    (tmp_path / "bot").mkdir()
    (tmp_path / "bot/distribution.yaml").write_bytes(text.encode())
    assert folder_offer(sources, str(tmp_path / "bot")).pin.version == version


class TestHardening:
    def test_nothing_of_the_users_or_the_repositorys_settings_runs(
        self, layout: Layout, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ran = tmp_path / "ran"
        evil = tmp_path / "evil"
        evil.write_text(f"#!/bin/sh\necho $0 >> {ran}\nexit 0\n")
        evil.chmod(0o755)
        hooks = tmp_path / "hooks"
        hooks.mkdir()
        for hook in (
            "reference-transaction",
            "post-checkout",
            "pre-auto-gc",
            "post-update",
            "fsmonitor-watchman",
        ):
            (hooks / hook).symlink_to(evil)
        settings = (
            f"[core]\n hooksPath = {hooks}\n fsmonitor = {evil}\n askPass = {evil}\n alternateRefsCommand = {evil}\n"
            f' pager = {evil}\n editor = {evil}\n[filter "x"]\n smudge = {evil}\n clean = {evil}\n required = true\n'
            f"[gc]\n auto = 1\n[diff]\n external = {evil}\n[init]\n templateDir = {tmp_path}\n[alias]\n fetch = !{evil}\n"
            "[transfer]\n bundleURI = true\n[fetch]\n recurseSubmodules = true\n"
        )
        (home / ".gitconfig").write_text(settings)
        (tmp_path / "standing").mkdir()
        subprocess.run(
            ["git", "init", "-q", str(tmp_path / "standing")],
            check=True,
            env={"PATH": os.environ["PATH"]},
        )
        (tmp_path / "standing/.git/config").write_text(
            settings + '[url "ext::sh -c evil "]\n insteadOf = http\n'
        )
        monkeypatch.chdir(tmp_path / "standing")
        repo = Repo(tmp_path / "served" / "r.git", bare=True)
        repo.commit(
            {
                **PACKAGE,
                ".gitattributes": "* filter=x\n",
                ".gitmodules": '[submodule "s"]\n\tpath = s\n\turl = ./s\n',
            }
        )
        (repo.path / "config").write_text((repo.path / "config").read_text() + settings)
        env = {
            **os.environ,
            "GIT_DIR": str(tmp_path),
            "GIT_OBJECT_DIRECTORY": str(tmp_path),
            "GIT_EXTERNAL_DIFF": str(evil),
            "SSH_ASKPASS": str(evil),
            "GIT_TEMPLATE_DIR": str(tmp_path),
            "GIT_EDITOR": str(evil),
        }
        sources = open_sources(layout, lambda: Store(layout.store), env, patience=IMPATIENT)
        with GitHttp(repo.path.parent) as server:
            for url in (f"{server.url}/r.git", f"file://{repo.path}"):
                spec = parse_source(url)
                ref, commit = sources.resolve_ref(spec, sources.refs(spec))
                assert ".gitattributes" in sources.fetch(spec, ref, commit).tree
                server.login = True
                with pytest.raises(Unreachable):
                    sources.refs(parse_source(f"{server.url}/r.git"))
        assert not ran.exists(), ran.read_text()

    @pytest.mark.parametrize(
        "url",
        [
            "--upload-pack=touch x",
            "-oProxyCommand=x",
            "ssh://-oProxyCommand=x/y",
            "ext::sh -c x",
            "fd::17",
            "https://",
            "ssh://host\n-x/y",
            "git@-oProxyCommand=x:y",
            "git@host:-x",
            "ftp://host/x",
            "/path",
            "file",
        ],
    )
    def test_options_and_helpers_never_reach_git(self, sources: Sources, url: str) -> None:
        for ask in (
            sources.git.refs,
            lambda u: sources.git.fetch(u, "refs/heads/main"),
            lambda u: sources.git.fetch(u, "1" * 40),
        ):
            with pytest.raises(Invalid, match="not the address"):
                ask(url)

    @pytest.mark.parametrize(
        "want",
        [
            "--upload-pack=x",
            "main",
            "refs/heads/a:b",
            "refs/heads/a b",
            "+refs/heads/main",
            "1" * 39,
        ],
    )
    def test_only_full_names_and_commits_are_fetched(
        self, sources: Sources, tmp_path: Path, want: str
    ) -> None:
        with pytest.raises(Invalid, match="neither the full name"):
            sources.git.fetch(f"file://{tmp_path}/r.git", want)

    def test_http_and_git_to_other_machines_need_a_yes(
        self, sources: Sources, layout: Layout
    ) -> None:
        spec = SourceSpec(kind=SourceKind.GIT, location="http://example.org/you/bot")
        with pytest.raises(Invalid, match="not secure"):
            sources.refs(spec)
        allowed = open_sources(layout, lambda: Store(layout.store), {}, allow_insecure=True)
        assert allowed.url(spec) == "http://example.org/you/bot"


def drip(client: socket.socket) -> None:
    client.recv(9999)
    client.sendall(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\n\r\n"
    )
    for _ in range(100):
        client.sendall(b"0")
        time.sleep(0.1)


def silence(client: socket.socket) -> None:
    while client.recv(9999):
        pass


def flood(client: socket.socket) -> None:
    client.recv(9999)
    client.sendall(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\n\r\n001e# service=git-upload-pack\n0000"
    )
    n = 0
    while True:
        lines = [b"003e%040x refs/heads/%05d\n" % (m + 1, m % 100_000) for m in range(n, n + 2000)]
        client.sendall(b"".join(lines))
        n += 2000


def curse(client: socket.socket) -> None:
    client.recv(9999)
    client.sendall(
        b"HTTP/1.1 500 \x1b]0;pwned\x07\x1b[2J\r\nContent-Type: text/plain\r\n\r\n\x1b[31mfatal: boo\r\nerror: forged\n"
    )


@pytest.mark.parametrize("tool", ["git", "dulwich"])
class TestRudeServers:
    @pytest.fixture
    def sources(self, tool: str, layout: Layout) -> Sources:
        env = dict(os.environ) if tool == "git" else {**os.environ, "PATH": "/nonexistent"}
        return open_sources(layout, lambda: Store(layout.store), env, patience=IMPATIENT)

    @pytest.mark.parametrize("talk", [drip, silence, flood, curse])
    def test_a_server_that_misbehaves_costs_little_and_forges_nothing(
        self, sources: Sources, tool: str, talk: object
    ) -> None:
        began = time.monotonic()
        with rude(talk) as port, pytest.raises((Unreachable, Invalid)) as caught:  # type: ignore[arg-type]
            sources.refs(parse_source(f"http://127.0.0.1:{port}/r.git"))
        assert time.monotonic() - began < 25
        text = f"{caught.value}{caught.value.hint}"
        assert text.isprintable()
        assert len(text) < 500

    def test_nothing_listens_there(self, sources: Sources, tool: str) -> None:
        with rude(silence) as port:
            pass
        with pytest.raises(Unreachable) as caught:
            sources.refs(parse_source(f"http://127.0.0.1:{port}/r.git"))
        assert "127.0.0.1" in caught.value.where

    @pytest.mark.parametrize(
        "target",
        [
            "file:///etc",
            "ftp://127.0.0.1:1",
            "http://127.0.0.2:1",
            "http://169.254.169.254",
            "git://127.0.0.1:1",
        ],
    )
    def test_redirects_to_other_places_are_not_followed(
        self, sources: Sources, tool: str, tmp_path: Path, target: str
    ) -> None:
        with GitHttp(tmp_path) as server:
            server.redirect = target
            with pytest.raises(Unreachable, match=r"redirects to another address|can't be reached"):
                sources.refs(parse_source(f"{server.url}/r.git"))
            assert len(server.asked) <= 5

    def test_a_pack_that_is_none_is_refused_and_nothing_is_kept(
        self, sources: Sources, tool: str, tmp_path: Path, layout: Layout
    ) -> None:
        repo = Repo(tmp_path / "r.git", bare=True)
        commit = repo.commit(PACKAGE)
        blob = repo.git("rev-parse", f"{commit}:SOUL.md")
        path = repo.path / "objects" / blob[:2] / blob[2:]
        path.chmod(0o600)
        path.write_bytes(path.read_bytes()[:-3])
        with GitHttp(tmp_path) as server, pytest.raises(DistError) as caught:
            sources.fetch(parse_source(f"{server.url}/r.git"), "refs/heads/main")
        assert caught.value.code in {1, 7}
        assert not list(Store(layout.store).digests())
