"""A secret in the settings of a home is one wherever else it stands, and no two secrets share a variable."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from gitrepo import Repo
from machines import SOUL, Machine

from hermes_dist.errors import Refused
from hermes_dist.ops.authoring.author import pack, place_of
from hermes_dist.ops.package.diff import diff
from hermes_dist.ops.package.status import status
from hermes_dist.ops.transfer.export import Packing, export

ONE, TWO = "Zz9wT4nbRq77", "violet-umbrella"
SKILL = "---\nname: hello\ndescription: Hi.\n---\n"
PLACES = {
    "env of a server": {"mcp_servers": {"db": {"command": "npx", "env": {"DB_PASSWORD": "%"}}}},
    "header": {"mcp_servers": {"db": {"url": "https://x.example", "headers": {"X-Token": "%"}}}},
    "option": {"mcp_servers": {"db": {"command": "npx", "args": ["x", "--password", "%"]}}},
    "setting": {"gateway": {"web": {"password": "%"}}},
}


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "bot.git", bare=True)


@pytest.fixture
def ada(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path / "ada")
    machine.fill({"SOUL.md": SOUL, "skills/hello/SKILL.md": f"{SKILL}Hi.\n"})
    machine.init()
    return machine


def _settings(place: str, value: str) -> str:
    return yaml.safe_dump(json.loads(json.dumps(PLACES[place]).replace("%", value)))


def _servers(**keys: str) -> str:
    servers = {n: {"command": "npx", "env": {"API_KEY": key}} for n, key in keys.items()}
    return yaml.safe_dump({"mcp_servers": servers})


def _keys(repo: Repo) -> dict[str, str]:
    servers = yaml.safe_load(repo.git("show", "main:config.yaml"))["mcp_servers"]
    return {name: server["env"]["API_KEY"] for name, server in servers.items()}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("value", [ONE, TWO])
def test_a_secret_of_the_settings_stops_a_text_with_it(
    repo: Repo, ada: Machine, place: str, value: str, tmp_path: Path
) -> None:
    ada.write("config.yaml", _settings(place, value))
    ada.write("skills/hello/SKILL.md", f"{SKILL}mysql -u ann -p{value} db\n")
    with pytest.raises(Refused, match=r"SKILL\.md:5: a secret of this machine"):
        ada.publish(f"file://{repo.path}")
    with pytest.raises(Refused, match=r"SKILL\.md:5: a secret of this machine"):
        pack(ada.ctx, place_of(ada.ctx, "bot"), tmp_path / "bot.tar.gz")
    with pytest.raises(Refused, match=r"SKILL\.md:5: a secret of this machine"):
        export(ada.ctx, place_of(ada.ctx, "bot"), Packing(), tmp_path / "x.tar.gz")  # type: ignore[arg-type]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("value", [ONE, TWO])
def test_a_secret_of_the_settings_is_replaced_in_other_settings_and_in_jobs(
    repo: Repo, ada: Machine, place: str, value: str
) -> None:
    settings = yaml.safe_load(_settings(place, value))
    settings.setdefault("mcp_servers", {})["two"] = {"command": "npx", "args": ["db-mcp", value]}
    job = {"id": "0123456789ab", "name": "watch", "prompt": f"log in with {value}", "enabled": True}
    job["schedule"] = {"kind": "interval", "minutes": 60}
    ada.write("config.yaml", yaml.safe_dump(settings))
    ada.write("cron/jobs.json", json.dumps({"jobs": [job]}))
    ada.publish(f"file://{repo.path}")
    config, jobs = (repo.git("show", f"main:{name}") for name in ("config.yaml", "cron/jobs.json"))
    assert value not in config + jobs
    name = yaml.safe_load(config)["mcp_servers"]["two"]["args"][1]
    assert f"log in with {name}" in jobs
    assert name.strip("${}") in repo.git("show", "main:distribution.yaml")


def test_two_secrets_have_two_names_and_keep_them(repo: Repo, ada: Machine) -> None:
    ada.write("config.yaml", _servers(alpha=ONE, beta=TWO + "7x", gamma=ONE))
    ada.publish(f"file://{repo.path}")
    named = {"alpha": "${ALPHA_API_KEY}", "beta": "${BETA_API_KEY}", "gamma": "${GAMMA_API_KEY}"}
    named["gamma"] = _keys(repo)["gamma"]  # the same secret as of alpha
    assert named["gamma"] == named["alpha"]
    assert _keys(repo) == named
    ada.edit("SOUL.md", "Rule 1 stands", "Rule 1 is first")
    ada.publish(bump="minor")
    assert _keys(repo) == named


def test_one_secret_under_one_name_keeps_it_beside_a_later_one(repo: Repo, ada: Machine) -> None:
    ada.write("config.yaml", _servers(alpha=ONE, beta=ONE))
    ada.publish(f"file://{repo.path}")
    assert _keys(repo) == {"alpha": "${API_KEY}", "beta": "${API_KEY}"}
    ada.write("config.yaml", _servers(alpha=ONE, beta=ONE, gamma="Kx8vQ2mzLp33"))
    ada.publish(bump="minor")
    named = {"alpha": "${API_KEY}", "beta": "${API_KEY}", "gamma": "${GAMMA_API_KEY}"}
    assert _keys(repo) == named


def test_a_part_of_a_value_is_named_as_a_part(repo: Repo, ada: Machine) -> None:
    env = {"DB_URL": f"postgres://ann:{ONE}@db.example/x"}
    ada.write("config.yaml", yaml.safe_dump({"mcp_servers": {"db": {"command": "x", "env": env}}}))
    ada.publish(f"file://{repo.path}")
    assert "postgres://ann:${DB_URL_PASSWORD}@db.example/x" in repo.git("show", "main:config.yaml")


def test_what_the_package_brought_is_no_secret_of_this_machine(tmp_path: Path) -> None:
    theirs = Repo(tmp_path / "theirs")
    theirs.commit(
        {
            "distribution.yaml": "name: bot\nversion: 1.0.0\ndescription: d\nlicense: MIT\n",
            "config.yaml": "web:\n  password: violet-umbrella\n",
            "skills/hello/SKILL.md": f"{SKILL}Say violet-umbrella.\n",
        }
    )
    bob = Machine(tmp_path / "bob")
    bob.install(f"file://{theirs.path}")
    bob.write("skills/hello/SKILL.md", f"{SKILL}Say violet-umbrella twice.\n")
    bob.contribute(out=tmp_path / "x.patch")
    assert (tmp_path / "x.patch").exists()


def test_what_is_shown_has_the_name_that_is_published_or_none(repo: Repo, ada: Machine) -> None:
    env = {"DB_URL": f"postgres://ann:{ONE}@db.example/x", "WEB_KEY": "hunter2hunter2"}
    ada.write("config.yaml", yaml.safe_dump({"mcp_servers": {"db": {"command": "x", "env": env}}}))
    ada.publish(f"file://{repo.path}")
    ada.edit("SOUL.md", "Rule 1 stands", f"Rule 1 is {ONE}, not hunter2hunter2")
    name = place_of(ada.ctx, "bot")
    shown = repr(status(ada.ctx, name).keys)  # type: ignore[arg-type]
    lines = repr([each.lines for each in diff(ada.ctx, name).files])
    for text in (shown, lines):
        assert ONE not in text
        assert "hunter2" not in text
    assert "${WEB_KEY}" in lines
    assert "${ANN}" not in shown + lines
    assert "after='(secret)'" in shown
