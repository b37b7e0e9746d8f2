"""Nothing of a machine is ever in what was pushed: every object on the server is read."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from urllib.parse import quote

import pytest
from gitrepo import Repo
from machines import SOUL, Machine

from hermes_dist.decide.ownership import is_machine
from hermes_dist.errors import Refused
from hermes_dist.model.paths import RelPath
from hermes_dist.ops.authoring.author import InvalidPackage
from hermes_dist.voice.problems import invalid_words

MARK = "Qz7xW9kV3mB5nR8tY2pL"
"""In every planted secret, so that any leak of any of them is seen."""

MACHINE: dict[str, str] = {
    ".env": f"OPENROUTER_API_KEY={MARK}01\nTELEGRAM_BOT_TOKEN={MARK}02\n",
    ".env.local": f"A={MARK}03\n",
    "auth.json": json.dumps(
        {"tokens": {"access_token": f"{MARK}04", "refresh_token": f"{MARK}05"}}
    ),
    ".anthropic_oauth.json": json.dumps({"accessToken": f"{MARK}06"}),
    "google_token.json": json.dumps({"token": f"{MARK}07"}),
    "google_client_secret.json": json.dumps({"client_secret": f"{MARK}08"}),
    "mcp-tokens/linear.json": json.dumps({"access_token": f"{MARK}09"}),
    "pairing/telegram-approved.json": f'{{"4711": "{MARK}10"}}',
    "platforms/whatsapp/session/creds.json": f'{{"k": "{MARK}11"}}',
    "home/.ssh/id_ed25519": f"-----BEGIN OPENSSH PRIVATE KEY-----\n{MARK}12\n",
    "home/.netrc": f"machine x password {MARK}13\n",
    "id_rsa": f"{MARK}14",
    "server.pem": f"{MARK}15",
    "tls.key": f"{MARK}16",
    "memories/MEMORY.md": f"§ Ada's cat is called {MARK}17 and sleeps all day\n",
    "memories/USER.md": f"Ada lives at {MARK}18 street\n",
    "sessions/2027.jsonl": f'{{"content": "{MARK}19"}}\n',
    "state.db": f"SQLite format 3\0{MARK}20",
    "state.db-wal": f"{MARK}21",
    "response_store.db": f"{MARK}22",
    "logs/gateway.log": f"token={MARK}23\n",
    "logs/errors.log": f"{MARK}24\n",
    "workspace/report.md": f"{MARK}25\n",
    "plans/today.md": f"{MARK}26\n",
    "checkpoints/1.json": f"{MARK}27",
    "backups/old.tar": f"{MARK}28",
    "sandboxes/x/run.sh": f"{MARK}29",
    "image_cache/a.png": f"{MARK}30",
    "gateway_state.json": f'{{"x": "{MARK}31"}}',
    "channel_directory.json": f'{{"x": "{MARK}32"}}',
    "shell-hooks-allowlist.json": f'["{MARK}33"]',
    "profile.yaml": f"description: {MARK}34\n",
    "config.yaml.bak": f"key: {MARK}35\n",
    "auth.json.bak.1": f"{MARK}36",
    ".env.bak": f"{MARK}37",
    "local/notes.md": f"{MARK}38\n",
    "bin/tool": f"{MARK}39",
    "cron/output/job/1.md": f"{MARK}40\n",
    "cron/executions.db": f"{MARK}41",
    "skills/.usage.json": f'{{"x": "{MARK}42"}}',
    "skills/.hub/lock.json": f'{{"x": "{MARK}43"}}',
    "skills/.archive/old/SKILL.md": f"{MARK}44\n",
    "scripts/.env": f"B={MARK}45\n",
    "skills/hello/.env.production": f"C={MARK}46\n",
    "notes.txt": f"{MARK}47\n",
    "diary/2027.md": f"{MARK}48\n",
    "distribution.keyring": f"{MARK}49\n",
    "hermes-agent/x.py": f"{MARK}50\n",
    "node_modules/x/index.js": f"{MARK}51\n",
    "honcho.json": f'{{"apiKey": "{MARK}52"}}',
}
CONFIG = f"""model:
  default: small
  api_key: sk-or-v1-{MARK}60aabbccddeeff001122
providers:
  custom:
    api_key: {MARK}61
mcp_servers:
  linear:
    command: npx
    args: [-y, linear-mcp, --api-key, {MARK}62]
    env:
      LINEAR_TOKEN: {MARK}63
    headers:
      Authorization: Bearer {MARK}64
telegram:
  allowed_users: ["{MARK}65"]
gateway:
  profile_routes:
    - {{name: x, platform: telegram, profile: bot, chat_id: "{MARK}66"}}
terminal:
  cwd: /home/ada-{MARK}67/work
"""


def everything(repo: Repo) -> dict[str, bytes]:
    """Every object of a repository, reachable or not."""
    listed = repo.git(
        "cat-file", "--batch-all-objects", "--batch-check=%(objectname) %(objecttype)"
    ).splitlines()
    found = {}
    for line in listed:
        oid, kind = line.split()
        found[f"{kind} {oid}"] = repo.git("cat-file", kind, oid).encode("utf-8", "surrogateescape")
    return found


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "bot.git", bare=True)


@pytest.fixture
def ada(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path / "ada")
    machine.fill(
        {"SOUL.md": SOUL, "skills/hello/SKILL.md": "---\nname: hello\ndescription: Hi.\n---\nHi.\n"}
    )
    machine.init()
    return machine


def test_no_object_on_the_server_holds_anything_of_the_machine(repo: Repo, ada: Machine) -> None:
    assert len(MACHINE) >= 40
    ada.fill({**MACHINE, "config.yaml": CONFIG})
    job = {
        "id": "0123456789ab",
        "name": "watch",
        "prompt": "look",
        "schedule": {"kind": "interval", "minutes": 60},
        "origin": {"chat_id": f"{MARK}70"},
        "last_error": f"{MARK}71",
        "last_output": f"{MARK}72",
        "enabled": True,
    }
    ada.write("cron/jobs.json", json.dumps({"jobs": [job]}))
    done = ada.publish(f"file://{repo.path}")
    ada.edit("SOUL.md", "Rule 1 stands", "Rule 1 is first")
    ada.publish(bump="minor")
    objects = everything(repo)
    assert len([name for name in objects if name.startswith("commit")]) == 2
    text = b"\n".join(objects.values())
    for form in (
        MARK.encode(),
        base64.b64encode(MARK.encode())[:24],
        quote(MARK).encode(),
        MARK.lower().encode(),
    ):
        assert form not in text
    paths = repo.git("ls-tree", "-r", "--name-only", "main").split()
    assert paths == [
        "SOUL.md",
        "config.yaml",
        "cron/jobs.json",
        "distribution.yaml",
        "skills/hello/SKILL.md",
    ]
    assert not [path for path in paths if is_machine(RelPath(path))]
    told = {left.path.rstrip("/") for left in done.publication.stays}
    assert {"memories", "sessions", ".env", "auth.json", "notes.txt", "diary"} <= told
    assert MARK not in json.dumps([str(left) for left in done.publication.stays])
    store = b"".join(p.read_bytes() for p in (ada.root / "distributions").rglob("*") if p.is_file())
    assert MARK.encode() not in store


def test_an_author_who_lists_machine_files_still_ships_none(repo: Repo, ada: Machine) -> None:
    ada.fill(MACHINE)
    names = sorted({path.partition("/")[0] for path in MACHINE} - {"cron", "skills", "scripts"})
    manifest = ada.read("distribution.yaml").split("# distribution_owned")[0]
    listed = [name for name in names if not is_machine(RelPath(name))]
    assert listed == ["diary", "distribution.keyring", "notes.txt"]
    for name in listed:  # these are named by the author himself, and hold no secret
        file = ada.home / name
        (file / "2027.md" if file.is_dir() else file).write_text(
            "Public by the author's own word.\n"
        )
    ada.write(
        "distribution.yaml",
        manifest + "distribution_owned: [SOUL.md, skills, " + ", ".join(listed) + "]\n",
    )
    ada.publish(f"file://{repo.path}")
    assert MARK.encode() not in b"\n".join(everything(repo).values())
    ada.write(
        "distribution.yaml", manifest + "distribution_owned: [SOUL.md, " + ", ".join(names) + "]\n"
    )
    with pytest.raises(InvalidPackage) as told:
        ada.publish(bump="minor")
    said = invalid_words(told.value.problems)
    assert "belongs to each machine" in said
    assert MARK not in said
    assert MARK.encode() not in b"\n".join(everything(repo).values())


LEAKS = {
    "a value of .env": (f"Use {MARK}01 for it.\n", "a secret of this machine"),
    "a value of .env in base64": (
        base64.b64encode(f"xx{MARK}01".encode()).decode() + "\n",
        "a secret of this machine",
    ),
    "a value of .env in a URL": (
        f"https://x.example/?k={quote(MARK + '01')}\n",
        "a secret of this machine",
    ),
    "a value of auth.json": (f"token: {MARK}04\n", "a secret of this machine"),
    "a value of another login": (f"{MARK}06\n", "a secret of this machine"),
    "a GitHub token": ("ghp_" + "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5\n", "GitHub token"),
    "a private key": (
        "-----BEGIN OPENSSH PRIVATE KEY-----\n"
        + "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\n" * 3
        + "-----END OPENSSH PRIVATE KEY-----\n",
        "private key",
    ),
    "a password in a URL": ("postgres://ada:hu7Nter2xyz@db.internal/x\n", "password in a URL"),
    "a line of memory": (
        f"Ada's cat is called {MARK}17 and sleeps all day\n",
        "a line of the agent's memories",
    ),
    "a place on this machine": ("Read /home/ada-lovelace/papers first.\n", "a path on a machine"),
    "a place on a Mac": ("Read /Users/lovelace/papers first.\n", "a path on a machine"),
    "a place on Windows": ("Read C:\\Users\\lovelace\\papers first.\n", "a path on a machine"),
}


@pytest.mark.parametrize("case", LEAKS)
@pytest.mark.parametrize("path", ["SOUL.md", "skills/hello/SKILL.md", "scripts/run.py"])
def test_what_must_not_leave_stops_a_publication_with_its_place(
    repo: Repo, ada: Machine, case: str, path: str
) -> None:
    ada.fill(
        {
            name: MACHINE[name]
            for name in (".env", "auth.json", ".anthropic_oauth.json", "memories/MEMORY.md")
        }
    )
    leak, kind = LEAKS[case]
    before = ada.read(path) if (ada.home / path).exists() else "# run\n"
    ada.write(path, before + leak)
    line = before.count("\n") + 1
    with pytest.raises(Refused) as told:
        ada.publish(f"file://{repo.path}")
    assert told.value.code == 4
    assert f"{path}:{line}: {kind}" in str(told.value)
    assert MARK not in str(told.value)
    assert everything(repo) == {}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("MAIL_PASSWORD=Tr0ub4d", "The mail password is Tr0ub4d."),
        ("DB_URL=postgres://ann:Kx8vQ2mzLp33@db/x", "mysql -u ann -pKx8vQ2mzLp33 db"),
        ('RECOVERY_SECRET="violet-umbrella\nblue-parasol"', "Then type blue-parasol."),
        ("GITHUB_PAT=violet-umbrella", "git clone with violet-umbrella"),
        ("IMAP_PW=violet-umbrella", "Log in with violet-umbrella."),
        ("WIFI=rosegarden7", "The guests' wifi is rosegarden7."),
        ("MNEMONIC=witch collapse practice feed", "It is: witch collapse practice feed"),
        ("SEED_PHRASE=witch collapse practice feed", "It is: witch collapse practice feed"),
        ("ROUTER_PIN=4711", "The PIN is 4711."),
    ],
)
def test_a_value_of_env_stops_whatever_it_looks_like(
    repo: Repo, ada: Machine, line: str, said: str
) -> None:
    ada.write(".env", f"{line}\nAPI_SERVER_PORT=8642\nHERMES_LANGUAGE=en\nWEBHOOK_ENABLED=true\n")
    ada.write("skills/hello/SKILL.md", "---\nname: hello\ndescription: Say true.\n---\n8642 en\n")
    ada.publish(f"file://{repo.path}")
    ada.write("skills/hello/more.md", f"Say it.\n{said}\n")
    with pytest.raises(Refused, match=r"more\.md:2: a secret of this machine"):
        ada.publish(bump="minor")


def test_a_finding_that_is_none_is_allowed_by_its_place_alone(repo: Repo, ada: Machine) -> None:
    ada.write("SOUL.md", "Read /home/lovelace/a first.\nThen /home/lovelace/b.\n")
    with pytest.raises(Refused, match=r"SOUL\.md:2"):
        ada.publish(f"file://{repo.path}", allowed=frozenset(["SOUL.md:1"]))
    ada.publish(f"file://{repo.path}", allowed=frozenset(["SOUL.md:1", "SOUL.md:2"]))
    assert repo.git("tag") == "v0.1.0"
