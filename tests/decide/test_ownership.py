"""What belongs to whom: the classes of paths, and what of a package comes in."""

from __future__ import annotations

import fnmatch
import itertools
import re

import pytest
from budget import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from shelf import packages_of

from hermes_dist.agents import stores
from hermes_dist.agents.places import SHARED_FOLDERS
from hermes_dist.brand import LOCKFILE
from hermes_dist.decide import ownership
from hermes_dist.decide.ownership import (
    SHARED_FILES,
    Owner,
    is_credential,
    is_machine,
    is_rebuilt,
    looked_at,
    machines_among,
    owner_of,
    payload_of,
    takeable,
    why_never_included,
    without_machine,
)
from hermes_dist.model.left_out import LeftOut, Why
from hermes_dist.model.lock import Lock
from hermes_dist.model.manifest import Manifest
from hermes_dist.model.paths import RelPath, folded
from hermes_dist.model.tree import Digest, Entry, Tree
from hermes_dist.voice.left_out import WORDS
from hermes_dist.voice.notes import sentences

SHARED = [
    "SOUL.md",
    "config.yaml",
    "mcp.json",
    "distribution.yaml",
    "skills/a/SKILL.md",
    "skills/cat/a/scripts/x.py",
    "cron/jobs.json",
    "cron/daily.yaml",
    "plugins/x/plugin.yaml",
    "hooks/x/handler.py",
    "scripts/x.sh",
    "skins/x.yaml",
    "templates/x.md",
    # machine names deeper down are payload
    "skills/a/workspace/x",
    "skills/a/memories/x.md",
    "skills/a/bin/run",
    "skills/a/logs/x.log",
    "plugins/x/state.db",
    "skills/a/profile.yaml",
    "hooks/x/cache/y",
    "skills/a/.env.example",
    "skills/a/.env.template",
    "skills/a/.config/x",
    "skills/a/.config/x/gh",
    "skills/a/node_modules/x",
    # a store of the agent is told by its first names, not by what lies deep below other folders
    "cron/a/b/c.lock",
    "skills/a/.hub/x",
    "scripts/x.bak",
]
MACHINE = [
    ".env",
    ".env.local",
    ".env.production",
    ".env.bak",
    "auth.json",
    "auth.lock",
    "memories/MEMORY.md",
    "sessions/x.json",
    "state.db",
    "state.db-wal",
    "state.db-shm",
    "response_store.db",
    "hermes_state.db",
    "projects.db",
    "logs/gateway.log",
    "workspace/x",
    "plans/x.md",
    "home/.ssh/id",
    "image_cache/x",
    "audio_cache/x",
    "cache/x",
    "sticker_cache.json",
    "context_length_cache.yaml",
    "checkpoints/x",
    "backups/x.zip",
    "sandboxes/x",
    "gateway.pid",
    "gateway_state.json",
    "processes.json",
    "pairing/x.json",
    "platforms/telegram/session/x",
    "platforms/pairing/x.json",
    "mcp-tokens/x.json",
    "bin/x",
    "profiles/x/SOUL.md",
    "node_modules/x/y.js",
    "hermes-agent/x.py",
    "aigenlabs-agent/x.py",
    ".worktrees/x",
    "shell-hooks-allowlist.json",
    "config.yaml.bak",
    "config.yaml.bak.1",
    "config.yaml.bak-20250101",
    "auth.json.bak",
    "profile.yaml",
    "distribution.lock",
    ".dist/journal",
    "local/x.md",
    "local",
    ".anthropic_oauth.json",
    "google_token.json",
    "slack_tokens.json",
    "my_credentials.json",
    "active_profile",
    ".update_check",
    "errors.log",
    ".hermes_history",
    "browser_screenshots/x.png",
    "distributions/store/x",
    "key.pem",
    "server.key",
    "id_rsa",
    ".ssh/config",
    "channel_directory.json",
    "discord_threads.json",
    # programs that the agent starts from a home, and what else decides who may talk to it
    "lib/libfts5_cjk.so",
    "photon/sidecar/index.mjs",
    "scripts/whatsapp-bridge/bridge.js",
    "scripts/gmail-triage/x.py",
    "skills/migration/openclaw-migration/scripts/openclaw_to_hermes.py",
    "pending_messages/x.json",
    "cron/bot_chat_pending/x.json",
    "cron/external-workers/x.json",
    "cron/suggestions.json",
    "dashboard-themes/x.yaml",
    "desktop-plugins/x/index.js",
    "runtimes/llamacpp/x",
    "disk-cleanup/tracked.json",
    "plugins/.install-metadata.json",
    "node/bin/node",
    "node/npm.cmd",
    "lsp/bin/pyright",
    "lsp/python-packages/x.py",
    "git/bin/git",
    "gateway-service/x",
    "optional-mcps/x/manifest.yaml",
    "gateway.json",
    "webhook_subscriptions.json",
    "whatsapp/session/creds.json",
    "matrix/store/x",
    "hindsight/config.json",
    "kanban/boards/x",
    "google_chat_user_tokens/x",
    "teams_pipeline_store.json",
    "Node/bin/node",
    # bookkeeping
    "skills/.bundled_manifest",
    "skills/.hub/lock.json",
    "skills/.usage.json",
    "skills/.archive/x/SKILL.md",
    "skills/.curator_state",
    "cron/output/x.md",
    "cron/output/a/b/c.md",
    "skills/.hub/a/b/c.json",
    "plugins/.cache/a/b/c",
    "cron/.jobs.lock",
    "cron/.tick.lock",
    "cron/ticker_heartbeat",
    "cron/executions.db",
    "cron/jobs.json.bak",
    # rubbish and secrets anywhere
    "skills/a/.env",
    "skills/a/.env.local",
    "skills/a/.config/gh/hosts.yml",
    "plugins/p/.config/gcloud/x",
    "skills/a/auth.json",
    "skills/a/__pycache__/x.pyc",
    "plugins/x.pyc",
    "skills/.DS_Store",
    "skills/a/.x.swp",
    # in any case, and as a file or a folder
    "Memories/x",
    "AUTH.JSON",
    "Profile.YAML",
    "GATEWAY.pid",
    "CRON/Output/x",
    "memories",
    "state.db/x",
    ".ENV",
]
HOUSEKEEPING = [
    "README.md",
    "readme.MD",
    "README",
    "LICENSE",
    "LICENCE.txt",
    "COPYING",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    ".gitignore",
    ".gitattributes",
    ".github/workflows/ci.yml",
    ".gitlab-ci.yml",
    ".gitlab/x",
    "tests/test_x.py",
    "Tests/x",
    "Makefile",
    "SHA256SUMS",
    "pyproject.toml",
    "package.json",
    ".circleci/config.yml",
    "LICENSES/MIT.txt",
    ".pre-commit-config.yaml",
    "NOTICE",
    "CHANGES.rst",
    "CODE_OF_CONDUCT.md",
    ".travis.yml",
    ".editorconfig",
    "distribution.keys",
    "package-lock.json",
    ".vscode/settings.json",
    ".idea/x.iml",
    "test/x.py",
]
UNKNOWN = [
    "AGENTS.md",
    "install.sh",
    "logo.png",
    "docs/x.md",
    "knowledge/x",
    "security-playbooks/x.md",
    "changes-feed/x",
    "notices/x",
    ".claude/x",
    "readme-assets/x.png",
    "my.lock.d/x",
    "x.json",
]

CASES = [
    (owner, path)
    for owner, paths in (
        (Owner.SHARED, SHARED),
        (Owner.MACHINE, MACHINE),
        (Owner.HOUSEKEEPING, HOUSEKEEPING),
        (Owner.UNKNOWN, UNKNOWN),
    )
    for path in paths
]


@pytest.mark.parametrize(("owner", "path"), CASES, ids=[path for _, path in CASES])
def test_a_path_belongs_to_its_class(owner: Owner, path: str) -> None:
    assert owner_of(RelPath(path)) is owner
    assert is_machine(RelPath(path)) is (owner is Owner.MACHINE)


def test_no_shared_name_is_also_the_machines() -> None:
    for name in (*SHARED_FILES, *(f"{folder}/x" for folder in SHARED_FOLDERS)):
        assert owner_of(RelPath(name)) is Owner.SHARED


@pytest.mark.parametrize(
    ("path", "held"),
    [
        ("auth.json", True),
        ("google_token.json", True),
        ("skills/a/google_token.json", False),
        ("skills/a/.env.local", True),
        ("skills/a/.ssh/id", True),
        ("skills/a/.config/gh/hosts.yml", True),
        ("workspace/meetings/node_token.json", True),
        ("cache/bws_cache_1.json", True),
        ("workspace/meetings/notes.md", False),
        ("cache/x.json", False),
        ("skills/a/.config/x", False),
        ("skills/a/.env.example", False),
        (".env.EXAMPLE", False),
        ("memories/MEMORY.md", False),
        ("SOUL.md", False),
    ],
)
def test_keys_and_logins_are_known_wherever_they_lie(path: str, held: bool) -> None:
    assert is_credential(RelPath(path)) is held


@pytest.mark.parametrize(
    ("path", "rebuilt"),
    [
        (LOCKFILE, False),
        ("gateway.lock", True),
        ("cache/x", True),
        ("skills/a/__pycache__/x.pyc", True),
        ("memories/.DS_Store", True),
        ("memories/MEMORY.md", False),
        ("skills/a/cache/x", False),
    ],
)
def test_a_full_backup_leaves_out_what_is_recreated_and_never_the_lock(
    path: str, rebuilt: bool
) -> None:
    assert is_rebuilt(RelPath(path)) is rebuilt


ENTRY = Entry(Digest.of(b"x"))
PACKAGE = Tree(
    {
        RelPath(path): ENTRY
        for path in [
            *SHARED,
            *MACHINE[:40],
            *HOUSEKEEPING,
            *UNKNOWN,
            ".env.EXAMPLE",
            ".env.example",
        ]
        if not any(
            path != other and RelPath(other).under(path)
            for other in [*SHARED, *MACHINE, *HOUSEKEEPING]
        )
    }
)


def package(*paths: str) -> Tree:
    return Tree({RelPath(path): ENTRY for path in paths})


def manifest(*owned: str) -> Manifest:
    return Manifest(name="x", owned=tuple(map(RelPath, owned)) if owned else None)


def test_without_owned_paths_shared_names_unknown_folders_prose_and_pictures_come_in() -> None:
    tree = payload_of(PACKAGE, manifest()).tree
    unknown = {path for path in UNKNOWN if "/" in path} | {"AGENTS.md", "logo.png"}
    assert set(tree) == {path for path in SHARED if path in PACKAGE} | unknown


@pytest.mark.parametrize(
    "suffix",
    ".md .png .jpg .jpeg .gif .svg .webp .ico .mp3 .wav .ogg .mp4 .pdf .MD .PNG".split(),  # noqa: SIM905
)
def test_a_text_or_a_picture_at_the_root_comes_in(suffix: str) -> None:
    file = f"welcome{suffix}"
    assert set(payload_of(package(file), manifest()).tree) == {file}


@pytest.mark.parametrize("suffix", ["", ".sh", ".py", ".txt", ".yaml", ".html", ".exe"])
def test_anything_else_that_nobody_knows_stays_out_at_the_root_and_comes_in_below_it(
    suffix: str,
) -> None:
    file, below = f"welcome{suffix}", f"docs/welcome{suffix}"
    payload = payload_of(package(file, below), manifest())
    assert set(payload.tree) == {below}
    assert payload.left_out == (LeftOut(file, Why.UNKNOWN_AT_ROOT, 1),)


@pytest.mark.parametrize(
    "name", [".env.EXAMPLE", ".env.example", ".env.template", ".env.sample", ".env.dist"]
)
def test_a_template_of_the_environment_is_no_file_of_a_home_in_any_case(name: str) -> None:
    for spelled in (name, name.upper(), name.lower()):
        for declared in (manifest(), manifest(spelled)):
            payload = payload_of(package("SOUL.md", spelled), declared)
            assert spelled not in payload.tree
            whys = {left.why for left in payload.left_out if left.path == spelled}
            assert whys == (set() if spelled == ".env.EXAMPLE" else {Why.ENV_TEMPLATE})


def test_what_is_left_out_is_listed_with_its_reason_and_count() -> None:
    payload = payload_of(
        package(
            "SOUL.md",
            "memories/a",
            "memories/b",
            "README.md",
            ".github/a",
            "run.sh",
            ".env.EXAMPLE",
            ".env",
        ),
        manifest(),
    )
    assert payload.left_out == (
        LeftOut(".env", Why.EACH_MACHINE, 1),
        LeftOut(".github/", Why.HOUSEKEEPING, 1),
        LeftOut("README.md", Why.HOUSEKEEPING, 1),
        LeftOut("memories/", Why.EACH_MACHINE, 2),
        LeftOut("run.sh", Why.UNKNOWN_AT_ROOT, 1),
    )
    assert payload.notes == ()


def test_owned_paths_are_honoured_exactly() -> None:
    source = package(
        "distribution.yaml",
        "SOUL.md",
        "config.yaml",
        "skills/a/x",
        "skills/b/x",
        "README.md",
        "run.sh",
        "docs/x",
    )
    payload = payload_of(source, manifest("SOUL.md", "skills/a", "README.md", "run.sh"))
    assert set(payload.tree) == {
        "distribution.yaml",
        "SOUL.md",
        "skills/a/x",
        "README.md",
        "run.sh",
    }
    assert {(left.path, WORDS[left.why]) for left in payload.left_out} == {
        ("config.yaml", "not in distribution_owned"),
        ("skills/b/", "not in distribution_owned"),
        ("docs/", "not in distribution_owned"),
    }


def test_a_shared_name_in_another_case_never_comes_in_as_it_is_that_name_on_other_file_systems() -> (
    None
):
    twins = [
        "Hooks/x/handler.py",
        "PLUGINS/x/plugin.yaml",
        "Config.yaml",
        "CRON/jobs.json",
        "soul.md",
        "Skills/a/SKILL.md",
    ]
    everything = manifest(*sorted({RelPath(path).top for path in twins}))
    for declared in (manifest(), everything):
        payload = payload_of(package("SOUL.md", "hooks/y/handler.py", *twins), declared)
        assert not {*payload.tree} & {*twins}
        assert LeftOut("Hooks/", Why.CASE_TWIN, 1, "hooks") in payload.left_out


def test_owned_paths_that_name_nothing_are_told() -> None:
    payload = payload_of(
        package("SOUL.md", "skills-x/a"), manifest("SOUL.md", "skills", "mcp.json")
    )
    assert sentences(payload.notes) == (
        "distribution_owned names skills, which the package does not have",
        "distribution_owned names mcp.json, which the package does not have",
    )


def test_the_machines_files_never_come_in_declared_or_not() -> None:
    source = package(
        *(path for path in MACHINE if path not in {"local", "memories", "state.db"}), "SOUL.md"
    )
    everything = manifest(*sorted({RelPath(path).top for path in source}))
    assert set(payload_of(source, everything).tree) == {"SOUL.md"}
    assert set(payload_of(source, manifest()).tree) == {"SOUL.md"}


_PATH = st.sampled_from([*SHARED, *MACHINE, *HOUSEKEEPING, *UNKNOWN]).map(RelPath)


@settings(max_examples=examples(500), deadline=None)
@given(st.frozensets(_PATH, max_size=12), st.none() | st.lists(_PATH, max_size=4).map(tuple))
def test_law_every_file_comes_in_or_is_listed_and_nothing_of_the_machine_does(
    paths: frozenset[RelPath], owned: tuple[RelPath, ...] | None
) -> None:
    source = Tree(dict.fromkeys(paths, ENTRY))
    payload = payload_of(source, Manifest(name="x", owned=owned))
    assert len(payload.tree) + sum(left.files for left in payload.left_out) == len(source)
    assert not any(is_machine(path) for path in payload.tree)
    assert all(payload.tree[path] == source[path] for path in payload.tree)
    assert payload_of(payload.tree, Manifest(name="x", owned=owned)).tree == payload.tree


def test_a_home_is_looked_at_where_packages_reach_and_nowhere_else() -> None:
    want, into = looked_at(package("SOUL.md", "docs/a.md", "skills/x/SKILL.md", "odd.txt"))
    wanted = [
        "SOUL.md",
        "config.yaml",
        "mcp.json",
        "docs/a.md",
        "docs/mine.md",
        "skills/mine/SKILL.md",
        "plugins/p/x",
        "odd.txt",
    ]
    assert [path for path in wanted if not want(RelPath(path))] == []
    never = [
        "memories/x",
        ".env",
        "notes.txt",
        "private/x",
        "state.db",
        "skills/.hub/x",
        "cron/output/x",
        "docs/.env",
        "odd.txt/x",
    ]
    assert [path for path in never if want(RelPath(path))] == []
    assert [
        name
        for name in ("docs", "skills", "plugins", "cron", "skills/x")
        if not into(RelPath(name))
    ] == []
    assert [
        name
        for name in (
            "memories",
            "private",
            "skills/.hub",
            "cron/output",
            "docs/__pycache__",
            "odd.txt",
            "home",
        )
        if into(RelPath(name))
    ] == []


@pytest.mark.parametrize("where", ["base", "upstream", "both"])
def test_a_lock_says_nothing_about_the_machines_files_whoever_wrote_it(where: str) -> None:
    tree = package("SOUL.md", "memories/MEMORY.md", ".env")
    clean = package("SOUL.md")
    lock = Lock(
        packages=packages_of(tree),
        base=clean if where == "upstream" else tree,
        upstream=dict(clean if where == "base" else tree),
    )
    left = without_machine(lock)
    assert (left.base, dict(left.upstream)) == (clean, dict(clean))
    assert without_machine(left) is left


def test_an_authors_version_counts_only_where_an_edit_waits() -> None:
    # A lock from somebody else's archive: what it names here would become the base of a file that nobody shipped.
    soul, env, mine = map(RelPath, ("SOUL.md", ".env", "skills/mine/SKILL.md"))
    entry = package("SOUL.md")[soul]
    lock = Lock(
        packages=packages_of(package("SOUL.md")),
        upstream={soul: None, env: entry},
        authored={soul: entry, env: entry, mine: entry},
        moved={soul: env, mine: soul},
    )
    left = without_machine(lock)
    assert dict(left.authored) == {soul: entry}
    assert dict(left.moved) == {mine: soul}


def test_what_the_user_includes_comes_as_if_the_list_named_it_and_the_machines_files_never_do() -> (
    None
):
    source = package("SOUL.md", "skills/a/x", "skills/b/x", "README.md", "run.sh", "memories/a")
    taken = tuple(map(RelPath, ["skills/b", "run.sh", "memories", "gone"]))
    for declared in (manifest("SOUL.md", "skills/a"), manifest("SOUL.md", "skills/a", "run.sh")):
        payload = payload_of(source, declared, taken)
        assert set(payload.tree) == {"SOUL.md", "skills/a/x", "skills/b/x", "run.sh"}
        assert set(payload.unlisted) == {"README.md"}
    assert sentences(payload.notes) == ("--include names gone, which the package does not have",)
    assert "run.sh" in payload_of(source, manifest(), taken).tree


@pytest.mark.parametrize("path", MACHINE)
def test_no_path_of_the_machine_can_be_included(path: str) -> None:
    assert why_never_included(RelPath(path)) is Why.EACH_MACHINE


_NEVER_AT_THE_ROOT = ["docs", "templates", "tests", "test", ".github", "LICENSES", "workspace", "state", "bin", "git", "plans", "logs", "home", "tools", "cache", "vault", "runtime", "proxy", "tmp", "node", "profiles", "local", "auth", "README.md", "Makefile", "package.json"]  # fmt: skip


@pytest.mark.parametrize("name", _NEVER_AT_THE_ROOT)
def test_names_that_mean_something_at_the_root_mean_nothing_in_another_folder(name: str) -> None:
    inside = [
        f"{folder}/{name}/{file}"
        for folder in ("skills", "skills/dev", "plugins/p", "extra", "extra/deep", "scripts")
        for file in ("SKILL.md", "scripts/run.py", f"{name}/x.md")
    ]
    payload = payload_of(package("SOUL.md", *inside), manifest())
    assert set(inside) <= set(payload.tree)
    assert payload.left_out == ()


def test_skills_that_are_left_out_are_counted_by_folder() -> None:
    source = package("SOUL.md", "skills/a/SKILL.md", "skills/dev/b/SKILL.md", "skills/dev/b/x.py")
    whole = payload_of(source, manifest("SOUL.md")).left_out
    assert [(left.path, left.files, left.skills) for left in whole] == [("skills/", 3, 2)]
    rest = payload_of(source, manifest("SOUL.md", "skills/a")).left_out
    assert [(left.path, left.files, left.skills) for left in rest] == [("skills/dev/", 2, 1)]


def test_names_are_matched_as_the_shell_matches_them() -> None:
    patterns = (
        *stores.CREDENTIALS,
        *stores.LEARNED,
        *stores.RUNNING,
        *stores.TREES,
        *stores.BOOKKEEPING,
        *("*", "**", "a**c", "*mid*", "one*two", "Pre*", "*suf", "a*b*c", "aa*aa", "*a*aa*a"),
    )
    parts = ("", "x", ".", "json", "AUTH", "mid", "one", "two", "pre", "suf", "a", "b", "c", "\n")
    names = {
        pattern.replace("*", part).replace("?", part) for pattern in patterns for part in parts
    }
    names |= {first + name + last for name in patterns for first, last in (("x", ""), ("", "x"))}
    for pattern in patterns:
        matcher = ownership._Names(pattern)
        expression = re.compile(fnmatch.translate(pattern.lower()))
        wrong = {
            name for name in names if (name in matcher) != bool(expression.match(folded(name)))
        }
        assert wrong == set(), pattern
    every = ownership._Names(*patterns[:20])
    assert {n for n in names if n in every} == {
        n for n in names if any(n in ownership._Names(p) for p in patterns[:20])
    }


@pytest.mark.parametrize("pattern", ["auth?.json", "[ab].db"])
def test_a_pattern_with_other_signs_is_refused_before_it_protects_nothing(pattern: str) -> None:
    with pytest.raises(ValueError, match="only \\* is special"):
        ownership._Names("state.db", pattern)


_NAMES = (
    *(name for table in (stores.CREDENTIALS, stores.RUNNING, stores.TREES) for name in table),
    *(part for pair in (*stores.BOOKKEEPING, *stores.CREDENTIAL_PAIRS) for part in pair.split("/")),
    *stores.CREDENTIALS_ANYWHERE,
    *stores.NO_CREDENTIALS,
    *("skills", "x", "notes.md", "a.pyc", ".git", "__pycache__", "Cron", "OUTPUT"),
)
_COMPONENT = st.sampled_from(sorted({name.replace("*", "x") for name in _NAMES}))


@given(st.lists(_COMPONENT, min_size=1, max_size=6))
@settings(max_examples=examples(1000))
def test_law_a_path_is_the_machines_by_a_name_of_it_whatever_was_asked_before(
    parts: list[str],
) -> None:
    heads = ["/".join(parts[:n]) for n in (2, 3) if n <= len(parts)]
    pairs = ["/".join(pair) for pair in itertools.pairwise(parts)]
    whose = (
        parts[0] in ownership._MACHINE_ROOT
        or any(head in ownership._MACHINE_ANYWHERE for head in heads)
        or any(
            p in ownership._MACHINE_NAMES and p not in ownership._MACHINE_NAMES_BUT for p in parts
        )
        or any(pair in ownership._MACHINE_PAIRS for pair in pairs)
    )
    assert ownership._is_machines("/".join(parts)) is whose


def test_more_names_than_are_remembered_are_judged_alike() -> None:
    names = [f"note-{n}.md" for n in range(3 * ownership._KNOWN_NAMES)]
    assert not any(is_machine(RelPath(f"skills/x/{name}")) for name in names)
    assert is_machine(RelPath("skills/x/.DS_Store"))
    assert len(ownership._TELLING._known) <= ownership._KNOWN_NAMES


_STEPS = sorted(
    {step for path in (*SHARED, *MACHINE) for step in path.split("/")}
    | {"a", "Skills", "CRON", "\u00e9", "x.PYC", "a.env", "\u017fkills", ".env.\u212aey"}
)
_PATHS = st.lists(st.sampled_from(_STEPS), min_size=1, max_size=4).map(
    lambda steps: RelPath("/".join(steps))
)


@settings(max_examples=examples(300))
@given(st.lists(_PATHS, max_size=6, unique=True))
def test_many_paths_are_judged_together_as_each_is_alone(paths: list[RelPath]) -> None:
    assert machines_among(paths) == {path for path in paths if is_machine(path)}


@pytest.mark.parametrize("path", MACHINE)
def test_a_path_of_the_machines_is_found_among_many(path: str) -> None:
    among = [RelPath(f"skills/s{n}/SKILL.md") for n in range(3)]
    # Some letters beyond ASCII are an s or a k to a file system that ignores case.
    for spelled in (path, path.upper(), path.replace("s", "\u017f").replace("k", "\u212a")):
        assert machines_among([*among, RelPath(spelled)]) == {spelled}


def test_the_part_of_a_tree_that_may_be_taken_along_is_what_each_path_says() -> None:
    some = Entry(Digest.of(b""))
    names = ("SOUL.md", ".env.EXAMPLE", ".ENV.example", ".env", "Skills/x", "skills/x", "soul.MD")
    deep = ("skills/.env.example", "memories/m.md", "hooks/h.py", "skills/x/.env", ".env/x", "a/b")
    for paths in (names, deep, ("SOUL.md", "skills/x/SKILL.md"), (*names, *deep)):
        tree = Tree((RelPath(path), some) for path in paths if path != ".env/x" or len(paths) < 9)
        kept = tree.where(lambda path: why_never_included(path) is None)
        assert takeable(tree) == kept
