"""One contract for both gits: the user's own, and the embedded one where PATH holds none."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from gitrepo import PACKAGE, Repo
from servers import LOGIN, GitHttp, git_daemon, sshd

from hermes_dist.brand import HERMES, Layout
from hermes_dist.errors import Invalid, Unreachable
from hermes_dist.model.paths import RelPath
from hermes_dist.model.source import parse_source
from hermes_dist.model.tree import Digest
from hermes_dist.world.disk.limits import Limits
from hermes_dist.world.disk.store import Store
from hermes_dist.world.git.repositories import BareGit, Patience
from hermes_dist.world.sources.api import Sources, open_sources
from hermes_dist.world.sources.manifests import manifests

TOOLS = ("git", "dulwich")
PATIENCE = Patience(refs=15, fetch=30, local=15)


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """v1.0.0 (annotated) ← v1.1.0 (light) ← main; branch `next` off v1.1.0; a package below agents/bot."""
    os.environ.update(
        {
            f"GIT_{w}_{x}": "ada@example.org"
            for w in ("AUTHOR", "COMMITTER")
            for x in ("NAME", "EMAIL")
        }
    )
    repo = Repo(tmp_path_factory.mktemp("served") / "bot.git", bare=True)
    repo.commit(PACKAGE, executable=("skills/hello/SKILL.md",))
    repo.tag("v1.0.0", annotated=True)
    second = repo.commit(
        {
            "SOUL.md": "You are a better bot.\n",
            "agents/bot/distribution.yaml": "name: sub\nversion: '7'\n",
        }
    )
    repo.tag("v1.1.0")
    repo.commit({"SOUL.md": "You are the best bot.\n", "old.txt": "x"})
    repo.git("update-ref", "refs/heads/next", second)
    repo.commit({"SOUL.md": "You are the next bot.\n"}, branch="next")
    return repo


@pytest.fixture(scope="module", params=["http", "http of the older protocol", "git", "file", "ssh"])
def served(
    request: pytest.FixtureRequest, repo: Repo, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, str]]:
    """The URL of the repository over one transport, and the ssh command to use."""
    root = repo.path.parent
    if request.param == "file":
        yield f"file://{repo.path}", ""
    elif request.param == "git":
        with git_daemon(root) as url:
            yield f"{url}/bot.git", ""
    elif request.param == "ssh":
        with sshd(tmp_path_factory.mktemp("ssh") / "keys") as (url, command):
            yield f"{url}{repo.path}", command
    else:
        with GitHttp(root) as server:
            server.modern = request.param == "http"
            yield f"{server.url}/bot.git", ""


def environment(tool: str, tmp_path: Path, ssh: str = "") -> dict[str, str]:
    env = {**os.environ, **({"GIT_SSH_COMMAND": ssh} if ssh else {})}
    if tool == "git":
        return env
    lean = tmp_path / "lean"
    lean.mkdir(exist_ok=True)
    program = shutil.which("ssh")
    if program and not (lean / "ssh").exists():
        (lean / "ssh").symlink_to(program)
    return {**env, "PATH": str(lean)}


def sources_of(
    tool: str, tmp_path: Path, *, ssh: str = "", offline: bool = False, limits: Limits | None = None
) -> Sources:
    layout = Layout(HERMES, tmp_path / "root", tmp_path)
    env = environment(tool, tmp_path, ssh)
    found = open_sources(
        layout,
        lambda: Store(layout.store),
        env,
        offline=offline,
        patience=PATIENCE,
        limits=limits or Limits(),
    )
    assert isinstance(found.git, BareGit)
    assert found.git.tool.name == tool
    return found


def contents(sources: Sources, tmp_path: Path, url: str) -> dict[str, str]:
    """Resolve and fetch `url`, and read everything back from the store."""
    spec = parse_source(url)
    ref, commit = sources.resolve_ref(spec, sources.refs(spec), lambda _range, tags: max(tags))
    offer = sources.fetch(spec, ref, commit)
    assert (offer.pin.ref, offer.pin.commit, offer.pin.tree) == (ref, commit, offer.tree.digest)
    assert "@" not in offer.pin.url.partition("://")[2].partition("/")[
        0
    ] or offer.pin.url.startswith("ssh://")
    store = Store(tmp_path / "root/distributions/store")
    return {path: store.read(entry.digest).decode() for path, entry in offer.tree.items()}


@pytest.mark.parametrize("tool", TOOLS)
def test_every_transport_serves_every_kind_of_ref(
    tool: str, served: tuple[str, str], repo: Repo, tmp_path: Path
) -> None:
    url, ssh = served
    sources = sources_of(tool, tmp_path, ssh=ssh)
    main, first = repo.git("rev-parse", "main"), repo.git("rev-parse", "v1.0.0^{commit}")
    refs = sources.refs(parse_source(url))
    assert refs is not None
    assert (refs.head, refs.head_commit) == ("refs/heads/main", main)
    assert refs.heads == {"main": main, "next": repo.git("rev-parse", "next")}
    assert refs.tags == {"v1.0.0": first, "v1.1.0": repo.git("rev-parse", "v1.1.0")}
    assert contents(sources, tmp_path, f"{url}#v1.0.0") == dict(PACKAGE)
    assert contents(sources, tmp_path, url)["SOUL.md"] == "You are the best bot.\n"
    assert contents(sources, tmp_path, f"{url}#next")["SOUL.md"] == "You are the next bot.\n"
    assert contents(sources, tmp_path, f"{url}#{first}") == dict(PACKAGE)
    assert contents(sources, tmp_path, f"{url}#{main[:8]}")["old.txt"] == "x"
    assert (
        contents(sources, tmp_path, f"{url}//agents/bot#>=1")["distribution.yaml"]
        == "name: sub\nversion: '7'\n"
    )


@pytest.mark.parametrize("tool", TOOLS)
class TestBoth:
    @pytest.fixture
    def url(self, repo: Repo) -> str:
        return f"file://{repo.path}"

    def test_modes_sizes_and_digests_are_those_of_the_commit(
        self, tool: str, repo: Repo, url: str, tmp_path: Path
    ) -> None:
        sources = sources_of(tool, tmp_path)
        spec = parse_source(f"{url}#v1.0.0")
        ref, commit = sources.resolve_ref(spec, sources.refs(spec))
        files = {f.path: f for f in sources.files(spec, commit)}
        assert sorted(files) == sorted(PACKAGE)
        assert [p for p, f in files.items() if f.executable] == ["skills/hello/SKILL.md"]
        assert files[RelPath("SOUL.md")].size == len(PACKAGE["SOUL.md"])
        assert files[RelPath("SOUL.md")].oid == repo.git("rev-parse", f"{commit}:SOUL.md")
        offer = sources.fetch(spec, ref, commit)
        assert offer.pin.version == "1.0.0"
        assert offer.tree[RelPath("SOUL.md")].digest == Digest.of(PACKAGE["SOUL.md"].encode())
        assert offer.tree[RelPath("skills/hello/SKILL.md")].executable

    def test_what_was_fetched_needs_no_network_again(
        self, tool: str, repo: Repo, tmp_path: Path
    ) -> None:
        with GitHttp(repo.path.parent) as server:
            spec = parse_source(f"{server.url}/bot.git")
            online = sources_of(tool, tmp_path)
            ref, commit = online.resolve_ref(spec, online.refs(spec))
            offer = online.fetch(spec, ref, commit)
            asked = len(server.asked)
            assert online.fetch(spec, ref, commit) == offer
            assert online.again(offer.pin) == offer
            assert len(server.asked) == asked
        offline = sources_of(tool, tmp_path, offline=True)
        assert offline.fetch(spec, ref, commit) == offer
        with pytest.raises(Unreachable, match="offline"):
            offline.refs(spec)
        with pytest.raises(Unreachable, match="offline"):
            offline.fetch(spec, "", "1" * 40)

    def test_a_new_commit_costs_only_what_is_new(self, tool: str, tmp_path: Path) -> None:
        upstream = Repo(tmp_path / "up.git", bare=True)
        upstream.commit({**PACKAGE, "big.txt": os.urandom(300_000).hex()})
        with GitHttp(tmp_path) as server:
            url = f"{server.url}/up.git"
            sources = sources_of(tool, tmp_path)
            contents(sources, tmp_path, url)
            assert isinstance(sources.git, BareGit)
            packs = sources.git.cache(url) / "objects/pack"
            before = sum(f.stat().st_size for f in packs.iterdir())
            upstream.commit({"SOUL.md": "You changed.\n"})
            assert contents(sources, tmp_path, url)["SOUL.md"] == "You changed.\n"
            assert sum(f.stat().st_size for f in packs.iterdir()) - before < 50_000

    def test_history_is_told_newest_first_and_as_deep_as_asked(
        self, tool: str, repo: Repo, url: str, tmp_path: Path
    ) -> None:
        sources, spec = sources_of(tool, tmp_path), parse_source(url)
        everything = repo.git("rev-list", "main").split()
        assert sources.history(spec, "refs/heads/main", 2) == everything[:2]
        assert sources.history(spec, "refs/heads/main", 50) == everything
        for commit in everything:
            assert sources.files(spec, commit)

    def test_relations_between_commits(self, tool: str, tmp_path: Path) -> None:
        repo = Repo(tmp_path / "moving.git", bare=True)
        commits = [repo.commit({"SOUL.md": f"{n}\n"}) for n in range(6)]
        spec = parse_source(f"file://{repo.path}")
        sources = sources_of(tool, tmp_path)
        assert sources.relation(spec, commits[0], commits[0]) == "same"
        sources.fetch(spec, "", commits[1])
        sources.fetch(spec, "", commits[4])
        assert sources.relation(spec, commits[1], commits[4]) == "forward"
        assert sources.relation(spec, commits[4], commits[1]) == "backward"
        assert sources.relation(spec, commits[5], commits[2]) == "backward"
        restarted = repo.commit({"SOUL.md": "new\n"}, orphan=True)
        sources.fetch(spec, "", restarted)
        assert sources.relation(spec, commits[5], restarted) == "unrelated"
        assert sources.relation(spec, "1" * 40, restarted) == "unrelated"
        shutil.rmtree(repo.path)
        assert sources.relation(spec, "2" * 40, commits[5]) in {"unknown", "unrelated"}

    def test_what_was_thrown_away_is_followed_by_what_it_says_itself(
        self, tool: str, tmp_path: Path
    ) -> None:
        repo = Repo(tmp_path / "pruned.git", bare=True)
        commits = [repo.commit({"SOUL.md": f"{n}\n"}) for n in range(4)]
        spec = parse_source(f"file://{repo.path}")
        sources = sources_of(tool, tmp_path)
        sources.fetch(spec, "", commits[3])
        repo.git("update-ref", "refs/heads/main", commits[2])
        repo.git("-c", "gc.pruneExpire=now", "gc", "-q")
        assert sources.relation(spec, commits[3], commits[2]) == "backward"
        repo.git("update-ref", "refs/heads/main", commits[0])
        repo.git("-c", "gc.pruneExpire=now", "gc", "-q")
        assert sources.relation(spec, commits[3], commits[0]) == "unknown"

    def test_a_force_push_is_fetched_all_the_same(self, tool: str, tmp_path: Path) -> None:
        repo = Repo(tmp_path / "forced.git", bare=True)
        url = f"file://{repo.path}"
        repo.commit(PACKAGE)
        sources = sources_of(tool, tmp_path)
        old = sources.fetch(parse_source(url), "refs/heads/main")
        repo.commit({"SOUL.md": "Another life.\n"}, orphan=True)
        new = sources.fetch(parse_source(url), "refs/heads/main")
        assert old.pin.commit != new.pin.commit
        assert sorted(new.tree) == ["SOUL.md"]
        assert sources.again(old.pin) == old

    def test_missing_things_are_named_with_what_comes_close(
        self, tool: str, url: str, tmp_path: Path
    ) -> None:
        sources = sources_of(tool, tmp_path)
        for ref, close in (("v1.0.1", "v1.0.0"), ("mian", "main")):
            spec = parse_source(f"{url}#{ref}")
            with pytest.raises(Invalid, match="no tag, branch or commit") as caught:
                sources.resolve_ref(spec, sources.refs(spec))
            assert close in caught.value.hint
        spec = parse_source(f"{url}//no/such/folder")
        with pytest.raises(Invalid, match="no such commit or folder") as caught:
            sources.fetch(spec, "refs/heads/main")
        assert "no/such/folder" in caught.value.where
        with pytest.raises(Invalid, match="no such tag, branch or commit"):
            sources.fetch(spec, "", "1" * 40)
        with pytest.raises(Unreachable, match="no such repository"):
            sources.refs(parse_source(f"file://{tmp_path}/nothing.git"))

    def test_an_empty_repository_is_told(self, tool: str, tmp_path: Path) -> None:
        spec = parse_source(f"file://{Repo(tmp_path / 'empty.git', bare=True).path}")
        sources = sources_of(tool, tmp_path)
        with pytest.raises(Invalid, match="empty"):
            sources.resolve_ref(spec, sources.refs(spec))

    def test_manifests_are_found_wherever_they_are(
        self, tool: str, repo: Repo, url: str, tmp_path: Path
    ) -> None:
        sources, spec = sources_of(tool, tmp_path), parse_source(url)
        offer = sources.fetch(spec, "refs/heads/main")
        assert list(manifests(sources, Store(tmp_path / "none").read, spec, offer.pin.commit)) == [
            None,
            "agents/bot",
        ]

    def test_a_login_is_asked_for_without_hanging_and_used_without_being_shown(
        self, tool: str, repo: Repo, tmp_path: Path
    ) -> None:
        sources = sources_of(tool, tmp_path)
        with GitHttp(repo.path.parent) as server:
            server.login = True
            with pytest.raises(Unreachable, match="may not read it") as caught:
                sources.refs(parse_source(f"{server.url}/bot.git"))
            assert "\x1b" not in str(caught.value) + caught.value.hint
            url = server.url.replace("://", "://" + ":".join(LOGIN) + "@") + "/bot.git"
            spec = parse_source(url)
            offer = sources.fetch(spec, "refs/heads/main")
            wrong = parse_source(url.replace(LOGIN[1], "wr0ng-w0rd"))
            with pytest.raises(Unreachable) as refused:
                sources.refs(wrong)
        assert "wr0ng" not in f"{refused.value}{refused.value.hint}"
        assert offer.pin.url == f"{server.url}/bot.git"
        for file in (tmp_path / "root").rglob("*"):
            assert not file.is_file() or LOGIN[1].encode() not in file.read_bytes()

    def test_two_fetches_at_once_share_one_cache(
        self, tool: str, repo: Repo, url: str, tmp_path: Path
    ) -> None:
        spec, done = parse_source(url), []
        users = [sources_of(tool, tmp_path) for _ in range(4)]

        def work(ref: str) -> None:
            done.append(users.pop().fetch(spec, ref).pin.commit)

        refs = ["refs/heads/main", "refs/heads/next", "refs/tags/v1.0.0", "refs/heads/main"]
        threads = [threading.Thread(target=work, args=(ref,)) for ref in refs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(done) == sorted(repo.git("rev-parse", f"{ref}^{{commit}}") for ref in refs)
        assert len(list((tmp_path / "root/distributions/git").glob("*.git"))) == 1

    def test_progress_is_told_only_to_who_asks(
        self, tool: str, url: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        lines: list[str] = []
        sources_of(tool, tmp_path).fetch(
            parse_source(url), "refs/heads/main", progress=lines.append
        )
        assert (tool == "dulwich") or lines
        assert capfd.readouterr() == ("", "")

    def test_limits_stop_what_is_too_large(self, tool: str, url: str, tmp_path: Path) -> None:
        small = Limits(entries=2), Limits(blob=10), Limits(total=40)
        for limits in small:
            with pytest.raises(Invalid, match="too large"):
                sources_of(tool, tmp_path, limits=limits).fetch(
                    parse_source(url), "refs/tags/v1.0.0"
                )
