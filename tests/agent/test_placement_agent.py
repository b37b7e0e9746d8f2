"""What is placed, as the real agent reads it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from partners import Generation

from hermes_dist.decide.consent.activate import switch_on
from hermes_dist.decide.consent.effects import find_effects
from hermes_dist.decide.consent.granted import grant
from hermes_dist.decide.consent.switches import NO_MEMORY, ready_and_waiting
from hermes_dist.decide.placement.place import Placed, place
from hermes_dist.decide.placement.schedules import parse_schedule
from hermes_dist.merge.data import same_document
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import EMPTY, Digest, Entry, Tree

EXAMPLES = Path(__file__).parents[2] / "examples"
Ask = Callable[..., str]


class Made:
    """A home made of a package, in a root of its own."""

    def __init__(self, root: Path, name: str, files: Mapping[str, bytes]) -> None:
        self.contents = {Digest.of(data): data for data in files.values()}
        tree = Tree({RelPath(path): Entry(Digest.of(data)) for path, data in files.items()})
        self.placed: Placed = place(tree, self.contents.__getitem__, name=name)
        self.contents.update(self.placed.blobs)
        self.home = root / "profiles" / name
        self.write(self.placed.tree)

    def write(self, tree: Tree) -> None:
        for path, entry in tree.items():
            (self.home / path).parent.mkdir(parents=True, exist_ok=True)
            (self.home / path).write_bytes(self.contents[entry.digest])

    def bytes_of(self, path: str) -> bytes:
        return self.contents[self.placed.tree[RelPath(path)].digest]

    def jobs(self) -> list[dict[str, object]]:
        return json.loads((self.home / "cron/jobs.json").read_bytes())["jobs"]


@pytest.fixture
def root(home: Path) -> Path:
    folder = home / "hermes-root"
    folder.mkdir()
    return folder


@pytest.fixture
def ask(agent_venv: Path, run: Callable[..., object], root: Path) -> Ask:
    def ask(name: str, *args: str) -> str:
        done = run(agent_venv / "bin" / "hermes", "-p", name, *args, HERMES_HOME=str(root))
        return str(done.stdout)  # type: ignore[attr-defined]

    return ask


def example(name: str) -> dict[str, bytes]:
    folder = EXAMPLES / name
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }


@pytest.mark.parametrize(
    ("name", "servers", "jobs"),
    [
        ("research-bot", ["arxiv", "zotero"], ["morning-watch", "library-care"]),
        ("coder", ["github", "context7"], ["dependency-watch", "worktree-check"]),
    ],
)
def test_a_placed_example_lists_its_servers_as_disabled_and_its_jobs_as_paused(
    root: Path, ask: Ask, name: str, servers: list[str], jobs: list[str], generation: Generation
) -> None:
    made = Made(root, name, example(name))
    listing = ask(name, "mcp", "list")
    assert [line.split()[0] for line in listing.splitlines() if "disabled" in line] == servers
    assert "enabled" not in listing.replace("✗ disabled", "")
    short = ask(name, "cron", "list")
    assert all((job in short) == generation.lists_paused for job in jobs)
    assert "[active]" not in short
    everything = ask(name, "cron", "list", "--all")
    assert all(job in everything for job in jobs)
    assert everything.count("[paused]") == len(jobs)
    assert "claude-sonnet-5" in ask(name, "config", "show")
    assert same_document(
        RelPath("cron/jobs.json"),
        made.bytes_of("cron/jobs.json"),
        (made.home / "cron/jobs.json").read_bytes(),
    )


def test_the_agents_resume_and_our_own_leave_the_same_job(root: Path, ask: Ask) -> None:
    made = Made(root, "coder", example("coder"))
    first, second = made.jobs()
    ask("coder", "cron", "resume", str(first["id"]))
    resumed = made.jobs()[0]
    assert (resumed["enabled"], resumed["state"], resumed["paused_reason"]) == (
        True,
        "scheduled",
        None,
    )
    assert resumed["next_run_at"]
    assert str(first["id"]) in ask("coder", "cron", "list")
    assert same_document(
        RelPath("cron/jobs.json"),
        made.bytes_of("cron/jobs.json"),
        (made.home / "cron/jobs.json").read_bytes(),
    )

    effects = find_effects(EMPTY, made.placed.tree, made.placed.tree, made.contents.__getitem__)
    ready, _ = ready_and_waiting(effects, grant(frozenset(), everything=True), NO_MEMORY)
    live = switch_on(made.placed.tree, ready, made.contents.__getitem__)
    made.contents.update(live.blobs)
    made.write(live.tree)
    ours = made.jobs()[0]
    assert {**ours, "next_run_at": 0} == {**resumed, "next_run_at": 0}
    assert ask("coder", "cron", "list").count("[active]") == 2
    assert ask("coder", "mcp", "list").count("✓ enabled") == 2
    ask("coder", "cron", "tick")
    assert all(job["next_run_at"] for job in made.jobs())
    assert [job["id"] for job in made.jobs()] == [first["id"], second["id"]]


def test_a_config_that_the_agent_writes_again_does_not_look_edited(
    root: Path, ask: Ask, generation: Generation
) -> None:
    made = Made(root, "coder", example("coder"))
    before = (made.home / "config.yaml").read_bytes()
    ask("coder", "config", "set", "display.final_response_markdown", "render")
    after = (made.home / "config.yaml").read_bytes()
    assert (after == before) == generation.keeps_comments
    assert same_document(RelPath("config.yaml"), before, after)


ODD_JOBS = {
    "SOUL.md": b"Odd.\n",
    "cron/a.yaml": b"prompt: x\nschedule: 30m\n",
    "cron/b.json": b'[{"prompt": "y", "schedule": {"expr": "0 9 * * mon"}}, {"script": "z.sh", "no_agent": true, "schedule": "every 2h"}]',
    "cron/c.yml": b"skill: s\nschedule: 2999-01-31T09:00\nrepeat: 3\ndeliver: local\n",
}


def test_odd_jobs_are_listed_and_those_with_a_time_can_be_resumed(root: Path, ask: Ask) -> None:
    made = Made(root, "odd", ODD_JOBS)
    listing = ask("odd", "cron", "list", "--all")
    assert listing.count("[paused]") == 4
    assert "once in 30m" in listing
    timeless, *others = made.jobs()
    for job in others:
        ask("odd", "cron", "resume", str(job["id"]))
    assert [job["enabled"] for job in made.jobs()] == [False, True, True, True]
    assert all(job["next_run_at"] for job in made.jobs()[1:])
    ask("odd", "cron", "edit", str(timeless["id"]), "--schedule", "every 1h")
    ask("odd", "cron", "resume", str(timeless["id"]))
    assert made.jobs()[0]["next_run_at"]


SPELLINGS = [
    "every 2h",
    "every 30 minutes",
    "Every 1 day",
    "0 9 * * 1",
    "*/5 8-18 1,15 * 1-5",
    "0 0 1 1 *",
    "2027-02-03T14:00:00+00:00",
    "2027-02-03T14:00:00Z",
]


def test_schedules_are_read_as_the_agent_reads_them(
    agent_venv: Path, run: Callable[..., object], root: Path
) -> None:
    code = "import json,sys; from cron.jobs import parse_schedule; print(json.dumps([parse_schedule(t) for t in sys.argv[1:]]))"
    done = run(agent_venv / "bin" / "python", "-c", code, *SPELLINGS, HERMES_HOME=str(root))
    assert [parse_schedule(text) for text in SPELLINGS] == json.loads(done.stdout)  # type: ignore[attr-defined]
