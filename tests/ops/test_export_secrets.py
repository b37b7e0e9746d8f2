"""A home seeded with secrets of every kind: none of them leaves it."""

from __future__ import annotations

import base64
import gzip
import json
import random
import sqlite3
import string
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest
import yaml
from planted import database, zipped, zipped_twice
from story import BOT, FIRST, Story, yes

from hermes_dist.errors import Refused
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.package import install as installing
from hermes_dist.ops.transfer.export import Packing, export

LETTERS = string.ascii_letters + string.digits


def drawn(count: int, seed: str, alphabet: str = LETTERS) -> str:
    return "".join(random.Random(seed).choices(alphabet, k=count))


def key(start: str, seed: str, count: int = 40) -> str:
    return start + drawn(count, seed)


def pem(seed: str) -> str:
    lines = "\n".join(drawn(64, f"{seed}{n}") for n in range(6))
    return f"-----BEGIN OPENSSH PRIVATE KEY-----\n{lines}\n-----END OPENSSH PRIVATE KEY-----\n"


PLAIN = "tulpen-im-april-regen"
"""A password without the looks of one; this machine's .env knows it."""
CODED = drawn(24, "coded")

MACHINE: dict[str, tuple[str, str]] = {
    # path: content, and what of it must not leave
    ".env": (
        f"OPENROUTER_API_KEY={key('sk-or-v1-', 'env')}\nSMTP_PASSWORD={PLAIN}\nOTHER_KEY={CODED}\n",
        key("sk-or-v1-", "env"),
    ),
    "auth.json": (json.dumps({"tokens": {"access_token": drawn(60, "auth")}}), drawn(60, "auth")),
    ".anthropic_oauth.json": (
        json.dumps({"accessToken": key("sk-ant-oat01-", "oauth")}),
        key("sk-ant-oat01-", "oauth"),
    ),
    "google_token.json": (
        json.dumps({"token": key("ya29.", "google", 60)}),
        key("ya29.", "google", 60),
    ),
    "google_client_secret.json": (
        json.dumps({"client_secret": key("GOCSPX-", "gcs", 28)}),
        key("GOCSPX-", "gcs", 28),
    ),
    "mcp-tokens/linear.json": (json.dumps({"access_token": drawn(50, "mcp")}), drawn(50, "mcp")),
    "pairing/telegram.json": (json.dumps({"code": drawn(20, "pair")}), drawn(20, "pair")),
    "platforms/whatsapp/session/creds.json": (
        json.dumps({"noiseKey": drawn(44, "wa")}),
        drawn(44, "wa"),
    ),
    "home/.ssh/id_ed25519": (pem("ssh"), drawn(64, "ssh3")),
    "home/.netrc": (f"machine x login y password {drawn(20, 'netrc')}\n", drawn(20, "netrc")),
    ".env.bak": (f"A={drawn(30, 'envbak')}\n", drawn(30, "envbak")),
    ".env.local": (f"A={drawn(30, 'envlocal')}\n", drawn(30, "envlocal")),
    "auth.json.bak": (f"{drawn(30, 'authbak')}\n", drawn(30, "authbak")),
    "config.yaml.bak.20310101": (f"api_key: {drawn(30, 'cfgbak')}\n", drawn(30, "cfgbak")),
    "logs/gateway.log": (f"using {drawn(30, 'log')}\n", drawn(30, "log")),
    "sessions/s.json": (json.dumps({"content": drawn(30, "session")}), drawn(30, "session")),
    "memories/MEMORY.md": (f"The key is {drawn(30, 'memory')}\n", drawn(30, "memory")),
    "workspace/deploy/.env": (f"A={drawn(30, 'workspace')}\n", drawn(30, "workspace")),
    "state.db": (f"rows {drawn(30, 'db')}", drawn(30, "db")),
    "cron/output/job/1.md": (f"out {drawn(30, 'cronout')}\n", drawn(30, "cronout")),
    "skills/deploy/.env": (f"A={drawn(30, 'skillenv')}\n", drawn(30, "skillenv")),
    "skills/.hub/lock.json": (json.dumps({"k": drawn(30, "hub")}), drawn(30, "hub")),
    "passwords.txt": (f"{drawn(30, 'unknown')}\n", drawn(30, "unknown")),
    "keys/prod.txt": (f"{drawn(30, 'unknownfolder')}\n", drawn(30, "unknownfolder")),
    "profile.yaml": (f"description: {drawn(30, 'profile')}\n", drawn(30, "profile")),
    "shell-hooks-allowlist.json": (json.dumps([drawn(30, "allow")]), drawn(30, "allow")),
    "honcho.json": (json.dumps({"apiKey": drawn(30, "honcho")}), drawn(30, "honcho")),
    "response_store.db": (f"rows {drawn(30, 'responses')}", drawn(30, "responses")),
    "deploy.pem": (pem("pem"), drawn(64, "pem3")),
    "service.key": (pem("key"), drawn(64, "key3")),
    "my_credentials.json": (json.dumps({"x": drawn(30, "credentials")}), drawn(30, "credentials")),
    ".pypirc": (f"password = {drawn(30, 'pypirc')}\n", drawn(30, "pypirc")),
    ".hermes_history": (f"export X={drawn(30, 'history')}\n", drawn(30, "history")),
}

SETTINGS = {
    "model key": key("sk-", "model", 48),
    "header": drawn(40, "header"),
    "argument": drawn(32, "argument"),
    "server env": key("ghp_", "server", 36),
    "user info": drawn(24, "userinfo"),
    "list of providers": key("gsk_", "provider", 52),
    "prompt": key("xoxb-", "prompt", 40),
    "job url": drawn(24, "joburl"),
    "bot token": f"{drawn(10, 'bot', '123456789')}:{drawn(35, 'bottoken')}",
}

TEXTS: dict[str, tuple[str | bytes, str]] = {
    "SOUL.md": (
        f"# Bot\nUse {key('sk-ant-api03-', 'soul', 80)} for it.\n",
        key("sk-ant-api03-", "soul", 80),
    ),
    "skills/a/SKILL.md": (
        f"---\nname: a\n---\nexport GITHUB_TOKEN={key('ghp_', 'skill', 36)}\n",
        key("ghp_", "skill", 36),
    ),
    "skills/a/lab.ipynb": (
        json.dumps({"cells": [{"source": [f'api_key = "{drawn(32, "nb")}"\n']}]}),
        drawn(32, "nb"),
    ),
    "skills/a/id_rsa": (pem("rsa"), drawn(64, "rsa2")),
    "skills/a/.npmrc": (
        f"//registry.npmjs.org/:_authToken={key('npm_', 'npm', 36)}\n",
        key("npm_", "npm", 36),
    ),
    "skills/a/.git-credentials": (
        f"https://me:{drawn(30, 'gitcred')}@github.com\n",
        drawn(30, "gitcred"),
    ),
    "skills/a/aws.ini": (f"aws_secret_access_key = {drawn(40, 'aws')}\n", drawn(40, "aws")),
    "skills/a/kube.yaml": (
        f"users:\n- user:\n    token: eyJ{drawn(30, 'k1')}.eyJ{drawn(60, 'k2')}.{drawn(43, 'k3')}\n",
        drawn(43, "k3"),
    ),
    "scripts/post.py": (
        f'WEBHOOK = "https://hooks.slack.com/services/T{drawn(9, "t")}/B{drawn(9, "b")}/{drawn(24, "hook")}"\n',
        drawn(24, "hook"),
    ),
    "scripts/db.sh": (f"psql postgres://app:{drawn(18, 'pg')}@db.internal/app\n", drawn(18, "pg")),
    "plugins/p/settings.json": (
        json.dumps({"clientSecret": drawn(40, "plugin")}),
        drawn(40, "plugin"),
    ),
    "hooks/h/handler.py": (f'TOKEN = "{key("hf_", "hf", 34)}"\n', key("hf_", "hf", 34)),
    "templates/t.env.example": (
        f"STRIPE={key('sk_live_', 'stripe', 30)}\n",
        key("sk_live_", "stripe", 30),
    ),
    "skills/b/plain.md": (f"The mail password is {PLAIN}, remember it.\n", PLAIN),
    "skills/b/base64.md": (
        "data: " + base64.b64encode(f"user:{CODED}".encode()).decode() + "\n",
        base64.b64encode(CODED[1:22].encode()).decode()[4:20],
    ),
    "skills/b/url.md": (f"https://x.org/?q={quote(PLAIN + '/&', safe='')}\n", PLAIN),
    "skills/b/wide.txt": (
        b"\xff\xfe" + f"key {key('glpat-', 'wide', 24)}\n".encode("utf-16-le"),
        key("glpat-", "wide", 24),
    ),
    "skills/b/large.md": (
        "word " * 2_000_000 + key("tvly-", "large", 32) + "\n",
        key("tvly-", "large", 32),
    ),
    "cron/notes.md": (
        f"AKIA{drawn(16, 'akia', string.ascii_uppercase + string.digits)}\n",
        drawn(16, "akia", string.ascii_uppercase + string.digits),
    ),
    "skins/s.yaml": (f"# old key: {key('AIza', 'skin', 35)}\nname: s\n", key("AIza", "skin", 35)),
}

CONFIG = f"""# mine
model:
  default: small
  api_key: {SETTINGS["model key"]}
custom_providers:
  - name: groq
    api_key: {SETTINGS["list of providers"]}
gateway:
  telegram:
    bot_token: "{SETTINGS["bot token"]}"
mcp_servers:
  one:
    url: https://api.example.org/mcp
    headers:
      Authorization: Bearer {SETTINGS["header"]}
  two:
    command: npx
    args: [two-mcp, --api-key, {SETTINGS["argument"]}]
    env:
      GITHUB_TOKEN: {SETTINGS["server env"]}
  three:
    url: https://me:{SETTINGS["user info"]}@mcp.internal/sse
"""
JOBS = {
    "jobs": [
        {
            "id": "0123456789ab",
            "name": "mine",
            "prompt": f"Post with {SETTINGS['prompt']}.",
            "enabled": True,
            "schedule": {"kind": "interval", "minutes": 60, "display": "every 60m"},
            "schedule_display": "every 60m",
            "base_url": f"https://me:{SETTINGS['job url']}@llm.internal/v1",
        }
    ]
}


@pytest.fixture
def story(tmp_path: Path) -> Story:
    story = Story(tmp_path, FIRST)
    story.install()
    for path, (text, _) in MACHINE.items():
        story.write(path, text)
    story.write("config.yaml", CONFIG)
    story.write("cron/jobs.json", json.dumps(JOBS))
    return story


def leaked(data: bytes, secrets: list[str]) -> list[str]:
    """The secrets that stand in some bytes, plainly or in another spelling."""
    found = []
    for secret in secrets:
        raw = secret.encode()
        forms = [
            raw,
            base64.b64encode(raw)[:-4],
            raw.hex().encode(),
            secret.encode("utf-16-le"),
            quote(secret, safe="").encode(),
        ]
        found += [secret for form in forms if form in data]
    return found


ALL = (
    [secret for _, secret in MACHINE.values()]
    + list(SETTINGS.values())
    + [secret for _, secret in TEXTS.values()]
    + [PLAIN, CODED]
)


def test_there_are_enough_of_them() -> None:
    assert len(set(ALL)) >= 60
    assert all(len(secret) >= 16 for secret in ALL)


def test_none_of_the_machines_and_none_of_the_settings_leaves(story: Story, tmp_path: Path) -> None:
    done = export(story.ctx, BOT, Packing(), tmp_path / "x.tar.gz")
    data = gzip.decompress(done.path.read_bytes())
    assert leaked(data, ALL) == []
    assert b"# mine" in data
    assert b"two-mcp" in data
    assert {"API_KEY", "GITHUB_TOKEN"} <= {name.rpartition("MODEL_")[2] for name in done.variables}
    assert story.read("config.yaml") == CONFIG


@pytest.mark.parametrize("path", TEXTS)
def test_a_secret_in_a_text_refuses_the_export_with_its_place(
    path: str, story: Story, tmp_path: Path
) -> None:
    text, secret = TEXTS[path]
    data = text.encode() if isinstance(text, str) else text
    (story.home / path).parent.mkdir(parents=True, exist_ok=True)
    (story.home / path).write_bytes(data)
    with pytest.raises(Refused) as caught:
        export(story.ctx, BOT, Packing(), tmp_path / "x.tar.gz")
    line = (
        data.decode("utf-16" if data.startswith(b"\xff\xfe") else "utf-8")
        .split(secret[-8:])[0]
        .count("\n")
        + 1
    )
    assert f"{path}:{line}: " in caught.value.what or "id_rsa" in path, caught.value.what
    assert secret not in str(caught.value)
    assert "--redact" in caught.value.hint
    assert not [p for p in tmp_path.iterdir() if "tar" in p.name]


def test_redacted_all_of_it_leaves_without_any(story: Story, tmp_path: Path) -> None:
    for path, (text, _) in TEXTS.items():
        if isinstance(text, str):
            story.write(path, text)
    done = export(story.ctx, BOT, Packing(redact=True), tmp_path / "x.tar.gz")
    data = gzip.decompress(done.path.read_bytes())
    assert leaked(data, ALL) == []
    assert b"export GITHUB_TOKEN=${GITHUB_TOKEN}" in data
    assert b"The mail password is ${SMTP_PASSWORD}, remember it." in data
    assert {"GITHUB_TOKEN", "SMTP_PASSWORD"} <= set(done.variables)
    assert story.read("skills/a/SKILL.md") == TEXTS["skills/a/SKILL.md"][0]


def test_what_can_not_be_redacted_still_refuses(story: Story, tmp_path: Path) -> None:
    (story.home / "skills/b").mkdir(parents=True)
    (story.home / "skills/b/notes.gz").write_bytes(gzip.compress(TEXTS["skills/b/wide.txt"][0]))  # type: ignore[arg-type]  # bytes they are
    with pytest.raises(Refused, match=r"notes\.gz"):
        export(story.ctx, BOT, Packing(redact=True), tmp_path / "x.tar.gz")


def talk(story: Story, *texts: str) -> None:
    path = story.home / "state.db"
    path.unlink()
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE messages (id INTEGER PRIMARY KEY, content TEXT)")
        database.execute("CREATE VIRTUAL TABLE messages_fts USING fts5(content)")
        database.execute(
            "CREATE TRIGGER t AFTER INSERT ON messages BEGIN INSERT INTO messages_fts(rowid, content) VALUES (new.id, new.content); END"
        )
        database.executemany(
            "INSERT INTO messages(content) VALUES (?)", [(text,) for text in texts]
        )
    database.close()


def test_sessions_with_secrets_refuse_and_redact(story: Story, tmp_path: Path) -> None:
    secret = key("sk-ant-api03-", "said", 80)
    (story.home / "memories/MEMORY.md").unlink()
    story.write("sessions/s.json", "{}")
    talk(story, "hello", f"my key is {secret}", "x" * 5000 + f" and {PLAIN}")
    packing = Packing(carried=frozenset({"memories", "sessions"}))
    with pytest.raises(Refused, match=r"state\.db.*messages\.content of row 2"):
        export(story.ctx, BOT, packing, tmp_path / "x.tar.gz")
    redacted = Packing(carried=frozenset({"memories", "sessions"}), redact=True)
    done = export(story.ctx, BOT, redacted, tmp_path / "x.tar.gz")
    data = gzip.decompress(done.path.read_bytes())
    assert leaked(data, [secret, PLAIN]) == []
    assert drawn(80, "said").lower().encode() not in data.lower()
    copy = tmp_path / "copy.db"
    start = data.index(b"SQLite format 3\0")
    copy.write_bytes(data[start:].split(b"bot/")[0])
    with closing(sqlite3.connect(copy)) as database, database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        rows = [row[0] for row in database.execute("SELECT content FROM messages")]
        assert database.execute(
            "SELECT count(*) FROM messages_fts WHERE messages_fts MATCH 'hello'"
        ).fetchone() == (1,)
    database.close()
    assert rows[0] == "hello"
    assert rows[1].startswith("my key is ${")
    with closing(sqlite3.connect(story.home / "state.db")) as database, database:
        assert secret in database.execute("SELECT content FROM messages WHERE id = 2").fetchone()[0]
    database.close()


def test_what_was_deleted_from_a_database_does_not_leave(story: Story, tmp_path: Path) -> None:
    secret = key("sk-ant-api03-", "deleted", 80)
    (story.home / "memories/MEMORY.md").unlink()
    story.write("sessions/s.json", "{}")
    talk(story, "hello", f"my key is {secret}")
    with closing(sqlite3.connect(story.home / "state.db")) as database, database:
        database.execute("DELETE FROM messages WHERE id = 2")
        database.execute("DELETE FROM messages_fts WHERE rowid = 2")
    database.close()
    done = export(story.ctx, BOT, Packing(carried=frozenset({"sessions"})), tmp_path / "x.tar.gz")
    assert leaked(gzip.decompress(done.path.read_bytes()), [secret]) == []


def test_examples_of_keys_in_a_file_that_is_as_shipped_pass(tmp_path: Path) -> None:
    example = f"Keys look like {key('ghp_', 'example', 36)}, for example.\n"
    story = Story(tmp_path / "story", {**FIRST, "skills/keys/SKILL.md": example})
    story.install()
    done = export(story.ctx, BOT, Packing(), tmp_path / "x.tar.gz")
    assert example.encode() in gzip.decompress(done.path.read_bytes())
    story.write("skills/keys/SKILL.md", example + "More.\n")
    with pytest.raises(Refused, match=r"skills/keys/SKILL\.md:1: GitHub token"):
        export(story.ctx, BOT, Packing(), tmp_path / "y.tar.gz")


def test_a_secret_of_this_machine_does_not_leave_in_a_file_that_is_as_shipped(
    tmp_path: Path,
) -> None:
    story = Story(
        tmp_path / "story", {**FIRST, "skills/keys/SKILL.md": f"The door opens with {PLAIN}.\n"}
    )
    story.install()
    story.write(".env", f"SMTP_PASSWORD={PLAIN}\n")
    with pytest.raises(Refused, match="a secret of this machine"):
        export(story.ctx, BOT, Packing(), tmp_path / "x.tar.gz")


@pytest.mark.parametrize(
    "pack", [zipped, zipped_twice, database, lambda text: gzip.compress(text.encode())]
)
def test_a_secret_in_a_packed_file_refuses_the_export(
    pack: Callable[[str], bytes], story: Story, tmp_path: Path
) -> None:
    (story.home / "skills/b").mkdir(parents=True)
    (story.home / "skills/b/packed.bin").write_bytes(pack(f"use {key('ghp_', 'packed', 36)}"))
    with pytest.raises(Refused, match=r"packed\.bin:\d+: GitHub token"):
        export(story.ctx, BOT, Packing(), tmp_path / "x.tar.gz")


EXAMPLE = key("sk-or-v1-", "authors example", 64)
WITH_EXAMPLES: dict[str, str | bytes] = {
    "distribution.yaml": f"name: bot\nversion: 1.0.0\ndescription: like {EXAMPLE}\n",
    "SOUL.md": f"Keys look like {EXAMPLE}.\n",
    "config.yaml": f"# api_key: {EXAMPLE}\nmodel:\n  default: x\n  api_key: {EXAMPLE}\n",
    "mcp.json": json.dumps(
        {"mcpServers": {"web": {"command": "npx", "args": [EXAMPLE], "env": {"K_TOKEN": EXAMPLE}}}}
    ),
    "cron/jobs.json": json.dumps(
        {"jobs": [{"name": "j", "prompt": f"use {EXAMPLE}", "schedule": "every 2h"}]}
    ),
    "cron/k.yaml": f"name: k\nprompt: use {EXAMPLE}\nschedule: every 2h\n",
    ".env.example": f"OPENROUTER_API_KEY={EXAMPLE}\n",
    "skills/x/SKILL.md": f"---\nname: x\n---\n{EXAMPLE}\n",
    "hooks/h/HOOK.yaml": "name: h\n",
    "hooks/h/handler.py": f'K = "{EXAMPLE}"\n',
}


def _as_it_is(story: Story) -> None:
    story.install()


def _waiting(story: Story) -> None:
    installing.install(story.ctx, story.url, Request(), yes, name="bot")


def _written_by_the_agent(story: Story) -> None:
    story.install()
    story.write("config.yaml", yaml.safe_dump(yaml.safe_load(story.read("config.yaml"))))
    story.write("cron/jobs.json", json.dumps(json.loads(story.read("cron/jobs.json"))))


def _moved(story: Story) -> None:
    story.install()
    (story.home / "skills/x/SKILL.md").rename(story.home / "skills/x/KEYS.md")


def _updated(story: Story) -> None:
    story.install()
    story.ship({"skills/n/SKILL.md": "New.\n"})
    story.update()


@pytest.mark.parametrize("state", [_as_it_is, _waiting, _written_by_the_agent, _moved, _updated])
def test_what_the_package_ships_leaves_a_home_that_only_the_agent_has_written_in(
    state: Callable[[Story], None], tmp_path: Path
) -> None:
    story = Story(tmp_path / "story", WITH_EXAMPLES)
    state(story)
    export(story.ctx, BOT, Packing(), tmp_path / "x.tar.gz")


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("SOUL.md", "Keys", "My keys"),
        (".env.EXAMPLE", "OPENROUTER", "MY"),
        ("config.yaml", "# api_key", f"# mine: {key('ghp_', 'mine', 36)}\n# api_key"),
    ],
)
def test_what_was_edited_or_added_is_searched(
    path: str, old: str, new: str, tmp_path: Path
) -> None:
    story = Story(tmp_path / "story", WITH_EXAMPLES)
    story.install()
    story.edit(path, old, new)
    with pytest.raises(Refused, match=path):
        export(story.ctx, BOT, Packing(), tmp_path / "x.tar.gz")


def test_a_key_of_ones_own_in_place_of_the_packages_example_is_hidden(tmp_path: Path) -> None:
    story = Story(tmp_path / "story", WITH_EXAMPLES)
    story.install()
    mine = key("sk-or-v1-", "mine", 64)
    for path in ("cron/jobs.json", "config.yaml"):
        text = story.read(path)
        story.write(path, text.replace(f"use {EXAMPLE}", mine).replace("default: x", f"x: {mine}"))
    export(story.ctx, BOT, Packing(), tmp_path / "x.tar.gz")
    assert mine.encode() not in gzip.decompress((tmp_path / "x.tar.gz").read_bytes())
