from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import yaml
from shelf import Shelf

from hermes_dist.decide.consent.granted import grant
from hermes_dist.decide.consent.jobs import job_ids
from hermes_dist.decide.consent.switches import Memory, unit_of
from hermes_dist.decide.placement.jobs import JOBS
from hermes_dist.decide.reconcile import Decisions, Situation, reconcile
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Plan
from hermes_dist.model.side import Side
from hermes_dist.model.tree import EMPTY, Digest, Tree

JOB = {"id": "0123456789ab", "name": "watch", "prompt": "look", "schedule": "every 2h"}
OWN = {
    "id": "feedfeedfeed",
    "name": "mine",
    "prompt": "own",
    "schedule": {"kind": "interval", "minutes": 5},
    "enabled": True,
}
YES = Decisions(granted=grant(frozenset(), everything=True))


@dataclass
class World:
    """A home and its memory, without disk."""

    shelf: Shelf = field(default_factory=Shelf)
    home: Tree = EMPTY
    base: Tree = EMPTY
    approved: frozenset[Digest] = frozenset()
    memory: Memory = field(default_factory=Memory)

    def update(
        self,
        files: Mapping[str, object],
        decisions: Decisions = Decisions(),  # noqa: B008 - frozen
        *,
        yes: bool = False,
    ) -> Plan:
        own = self.ids(self.home) - self.ids(self.base)
        placed = self.shelf.place(
            files, user_jobs={ident: {} for ident in own}, keep_containers=self.base
        )
        granted = grant(frozenset(), everything=yes, before=self.approved)
        decisions = Decisions(
            sides=decisions.sides, default=decisions.default, kept=decisions.kept, granted=granted
        )
        situation = Situation(
            base=self.base,
            found=self.home,
            theirs=placed.tree,
            read=self.shelf.read,
            memory=self.memory,
        )
        plan = reconcile(situation, decisions)
        self.shelf.update(plan.blobs)
        self.home = self.home.with_entries({step.path: step.after for step in plan.steps})
        self.base = plan.base
        agreed = [effect for effect in plan.effects if granted(effect)]
        self.approved |= {effect.digest for effect in agreed}
        self.memory = Memory(
            waited=frozenset(unit_of(e.path, e.key) for e in plan.parked if e.off),
            granted=self.memory.granted | {unit_of(e.path, e.key) for e in agreed},
            off={unit_of(off.path, off.key): off.cause for off in plan.off},
        )
        return plan

    def ids(self, tree: Tree) -> frozenset[str]:
        try:
            return (
                job_ids(json.loads(self.shelf[tree[JOBS].digest])) if JOBS in tree else frozenset()
            )
        except ValueError:
            return frozenset()

    def write(self, files: Mapping[str, object]) -> None:
        self.home = self.home.with_entries(self.shelf.tree(files))

    def jobs(self) -> dict[str, dict[str, object]]:
        return {str(job["id"]): job for job in self.shelf.jobs(self.home)}

    def edit_jobs(self, change: Callable[[dict[str, dict[str, object]]], object]) -> None:
        """As the agent: read, change, write all again with a time."""
        jobs = self.jobs()
        change(jobs)
        self.write(
            {
                "cron/jobs.json": json.dumps(
                    {"jobs": list(jobs.values()), "updated_at": "2027-01-01"}, indent=2
                )
            }
        )

    def resume(self, ident: str) -> None:
        on = {
            "enabled": True,
            "state": "scheduled",
            "paused_reason": None,
            "next_run_at": "2027-01-01",
            "last_status": "ok",
        }
        self.edit_jobs(lambda jobs: jobs[ident].update(on))

    def config(self) -> dict[str, object]:
        data = yaml.safe_load(self.shelf.text(self.home, "config.yaml"))
        assert isinstance(data, dict)
        return data

    def agent_rewrites_config(self, **more: object) -> None:
        self.write(
            {
                "config.yaml": yaml.safe_dump(
                    {"_config_version": 33, **self.config(), **more}, sort_keys=True
                )
            }
        )


def with_job(**more: object) -> dict[str, object]:
    return {"cron/jobs.json": {"jobs": [{**JOB, **more}]}}


def test_a_prompt_that_both_changed_is_a_conflict_and_the_schedule_merges() -> None:
    world = World()
    world.update(with_job())
    world.edit_jobs(lambda jobs: jobs[JOB["id"]].update(prompt="mine"))
    plan = world.update(with_job(prompt="theirs", schedule="every 1h"))
    assert [c.place for c in plan.conflicts] == ["cron/jobs.json: jobs[id=0123456789ab].prompt"]
    job = world.jobs()["0123456789ab"]
    assert (job["prompt"], job["schedule_display"]) == ("mine", "every 60m")
    settled = world.update(
        with_job(prompt="theirs", schedule="every 1h"), Decisions(default=Side.THEIRS)
    )
    assert settled.conflicts == ()
    assert world.jobs()["0123456789ab"]["prompt"] == "theirs"


def test_a_running_jobs_new_prompt_waits_and_its_name_arrives() -> None:
    world = World()
    world.update(with_job())
    world.resume("0123456789ab")
    newer = with_job(prompt="theirs", schedule="every 1h", name="renamed")
    plan = world.update(newer)
    assert {e.key.rpartition(".")[2] for e in plan.parked} == {"prompt", "schedule"}
    job = world.jobs()["0123456789ab"]
    assert (job["prompt"], job["schedule_display"], job["name"], job["enabled"]) == (
        "look",
        "every 120m",
        "renamed",
        True,
    )
    assert world.update(newer).steps == ()
    assert world.update(newer, yes=True).parked == ()
    job = world.jobs()["0123456789ab"]
    assert (job["prompt"], job["schedule_display"], job["state"], job["last_status"]) == (
        "theirs",
        "every 60m",
        "scheduled",
        "ok",
    )


def test_a_job_that_ran_goes_with_its_package_and_the_users_own_stays() -> None:
    world = World()
    world.update(with_job(), yes=True)
    world.edit_jobs(lambda jobs: jobs.update({OWN["id"]: dict(OWN)}))
    world.resume("0123456789ab")
    plan = world.update({"SOUL.md": "x"})
    assert plan.conflicts == ()
    assert world.jobs() == {"feedfeedfeed": OWN}


def test_a_job_that_the_user_deleted_stays_deleted_and_its_edit_is_a_conflict() -> None:
    world = World()
    world.update(with_job())
    world.edit_jobs(lambda jobs: jobs.clear())
    assert world.update(with_job()).steps == ()
    plan = world.update(with_job(prompt="theirs"))
    assert [c.key for c in plan.conflicts] == ["jobs[id=0123456789ab]"]
    assert world.jobs() == {}


def test_a_users_job_keeps_its_id_and_the_packages_takes_another() -> None:
    world = World()
    world.write({"cron/jobs.json": {"jobs": [{**OWN, "id": JOB["id"]}]}})
    world.update(with_job())
    assert len(world.jobs()) == 2
    assert world.jobs()["0123456789ab"]["prompt"] == "own"
    before = world.home
    assert world.update(with_job()).steps == ()
    plan = world.update(with_job(prompt="more"))
    assert plan.conflicts == ()
    assert set(world.jobs()) == {str(job["id"]) for job in world.shelf.jobs(before)}


def test_a_yes_at_install_starts_jobs_and_servers_and_later_updates_do_not_start_them_again() -> (
    None
):
    world = World()
    files = {**with_job(), "mcp.json": {"h": {"command": "x"}}}
    world.update(files, yes=True)
    assert world.jobs()["0123456789ab"]["enabled"] is True
    assert world.config() == {"mcp_servers": {"h": {"command": "x", "enabled": True}}}
    off = {"enabled": False, "state": "paused", "paused_reason": None}
    world.edit_jobs(lambda jobs: jobs["0123456789ab"].update(off))
    world.write({"config.yaml": "mcp_servers: {h: {command: x, enabled: false}}\n"})
    plan = world.update({**files, "SOUL.md": "new"}, yes=True)
    assert plan.parked == ()
    assert world.jobs()["0123456789ab"]["enabled"] is False
    assert world.config() == {"mcp_servers": {"h": {"command": "x", "enabled": False}}}


def test_a_server_that_was_switched_on_goes_with_its_package() -> None:
    world = World()
    world.update({"mcp.json": {"h": {"command": "x"}}}, yes=True)
    world.agent_rewrites_config(model="mine")
    plan = world.update({"SOUL.md": "x"})
    assert plan.conflicts == ()
    assert world.config() == {"_config_version": 33, "model": "mine"}


def test_a_users_own_server_of_the_same_name_is_not_switched_off() -> None:
    world = World()
    world.write({"config.yaml": "mcp_servers:\n  h: {command: mine}\n"})
    plan = world.update({"mcp.json": {"h": {"command": "theirs", "timeout": 5}}})
    server = world.config()["mcp_servers"]["h"]  # type: ignore[index]
    assert server["command"] == "mine"
    assert "enabled" not in server
    assert [c.key for c in plan.conflicts] + [e.key for e in plan.parked] == [
        "mcp_servers.h.command"
    ]


def test_a_config_rewritten_by_the_agent_takes_updates_key_by_key() -> None:
    world = World()
    v1 = "# c\nmodel: {default: a}\ndisplay: {skin: x}\nmcp_servers:\n  h: {command: x}\n"
    world.update({"config.yaml": v1})
    world.agent_rewrites_config(mine=1)
    plan = world.update({"config.yaml": v1.replace("skin: x", "skin: y")})
    assert plan.conflicts == ()
    assert world.config() == {
        "_config_version": 33,
        "model": {"default": "a"},
        "display": {"skin": "y"},
        "mine": 1,
        "mcp_servers": {"h": {"command": "x", "enabled": False}},
    }


def test_hooks_and_plugins_wait_as_whole_folders() -> None:
    world = World()
    files = {
        "plugins/p/__init__.py": "x",
        "plugins/p/plugin.yaml": "name: p",
        "hooks/h/handler.py": "y",
        "SOUL.md": "s",
    }
    plan = world.update(files)
    assert {str(e.path) for e in plan.parked} == {"plugins/p", "hooks/h"}
    assert set(world.home) == {"SOUL.md"}
    assert set(world.base) == {"SOUL.md"}
    assert world.update(files).steps == ()
    world.update(files, yes=True)
    assert set(world.home) == set(files)
    plan = world.update({**files, "hooks/h/handler.py": "worse"})
    assert {str(e.path) for e in plan.parked} == {"hooks/h"}
    assert world.shelf.text(world.home, "hooks/h/handler.py") == "y"


def test_a_config_that_ties_its_servers_waits_whole() -> None:
    world = World()
    plan = world.update(
        {"config.yaml": "x: &x {command: c}\nmcp_servers:\n  a: *x\n", "SOUL.md": "s"}
    )
    assert "config.yaml" not in world.home
    assert plan.parked != ()


def test_broken_homes_are_merged_around() -> None:
    world = World()
    files = {**with_job(), "config.yaml": "a: 1\nmcp_servers: {h: {command: x}}\n", "SOUL.md": "s"}
    world.update(files)
    world.write({"cron/jobs.json": "{ broken", "config.yaml": "***\n"})
    plan = world.update(
        {
            **with_job(prompt="n"),
            "config.yaml": "a: 2\nmcp_servers: {h: {command: x}}\n",
            "SOUL.md": "t",
        }
    )
    assert world.shelf.text(world.home, "cron/jobs.json") == "{ broken"
    assert world.shelf.text(world.home, "config.yaml") == "***\n"
    assert world.shelf.text(world.home, "SOUL.md") == "t"
    assert {str(c.path) for c in plan.conflicts} == {"cron/jobs.json", "config.yaml"}


def test_a_remembered_decision_keeps_a_key_ours() -> None:
    world = World()
    world.update({"config.yaml": "model: a\ntimezone: A\n"})
    world.write({"config.yaml": "model: mine\ntimezone: A\n"})
    plan = world.update(
        {"config.yaml": "model: b\ntimezone: B\n"},
        Decisions(kept=frozenset(["config.yaml: model"])),
    )
    assert plan.conflicts == ()
    assert world.config() == {"model": "mine", "timezone": "B"}
    assert RelPath("config.yaml") in world.base


def test_a_script_waits_when_parking_brings_back_the_command_that_runs_it() -> None:
    """The update removes the command, so its script is free to change, until the whole file is put back."""
    world = World()
    command = "quick_commands:\n  look: {type: exec, command: python scripts/look.py}\n"
    world.update({"config.yaml": command, "scripts/look.py": "print(1)\n"}, yes=True)
    tied = "x: &x {command: c}\nmcp_servers:\n  a: *x\n"
    newer = {"config.yaml": tied, "scripts/look.py": "print(2)\n"}
    plan = world.update(newer)
    assert world.shelf.text(world.home, "config.yaml") == command
    assert world.shelf.text(world.home, "scripts/look.py") == "print(1)\n"
    assert {str(effect.path) for effect in plan.parked} == {"config.yaml"}
    world.update(newer, yes=True)
    assert world.shelf.text(world.home, "scripts/look.py") == "print(2)\n"


def test_where_keys_were_not_enough_whole_files_wait() -> None:
    """A running job's new prompt waits alone, and its name arrives; in a second round its whole file goes back."""
    for script, name in (("print(1)\n", "renamed"), ("print(2)\n", "watch")):
        world = World()
        command = "quick_commands:\n  look: {type: exec, command: python scripts/look.py}\n"
        first = {"config.yaml": command, "scripts/look.py": "print(1)\n", **with_job()}
        world.update(first, yes=True)
        tied = "x: &x {command: c}\nmcp_servers:\n  a: *x\n"
        newer = {"config.yaml": tied, "scripts/look.py": script}
        world.update({**newer, **with_job(prompt="new", name="renamed")})
        job = world.jobs()["0123456789ab"]
        assert (job["prompt"], job["name"]) == ("look", name)


def test_an_answer_for_a_key_outranks_the_one_for_its_file() -> None:
    decisions = Decisions(
        sides={"config.yaml": Side.OURS, "config.yaml: model": Side.THEIRS}, default=Side.BOTH
    )
    config = RelPath("config.yaml")
    assert decisions.favour(config, "model") is Side.THEIRS
    assert decisions.favour(config, "timezone") is Side.OURS
    assert decisions.favour(RelPath("SOUL.md"), "") is Side.BOTH
    world = World()
    world.update({"config.yaml": "model: a\ntimezone: A\n"})
    world.write({"config.yaml": "model: mine\ntimezone: M\n"})
    plan = world.update({"config.yaml": "model: b\ntimezone: B\n"}, decisions)
    assert plan.conflicts == ()
    assert world.config() == {"model": "b", "timezone": "M"}


def test_what_the_user_says_outranks_the_authors_policy() -> None:
    policies = {"config.yaml": "theirs", "config.yaml: model": "keep"}
    config = RelPath("config.yaml")
    silent = Decisions(policies=policies)
    assert silent.favour(config, "timezone") is Side.THEIRS
    assert silent.favour(config, "model") is Side.OURS
    assert Decisions(policies=policies, default=Side.BOTH).favour(config, "model") is Side.BOTH
    said = Decisions(policies=policies, sides={"config.yaml": Side.OURS})
    assert said.favour(config, "timezone") is Side.OURS
