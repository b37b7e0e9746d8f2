from __future__ import annotations

import json

from hermes_dist.decide.leaving.about_you import about_you
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import EMPTY, Digest, Entry, Read, Tree


def shelf(files: dict[str, str]) -> tuple[Tree, Read]:
    blobs = {Digest.of(text.encode()): text.encode() for text in files.values()}
    entries = {RelPath(path): Entry(Digest.of(text.encode())) for path, text in files.items()}
    return Tree(entries), blobs.__getitem__


def job(deliver: str) -> str:
    return json.dumps({"jobs": [{"id": "0123456789ab", "name": "tell", "deliver": deliver}]})


SETTINGS = (
    "_config_version: 12\nmodel: {default: small}\n"
    "telegram:\n  allowed_users: [77]\n  home_channel: {chat_id: '-1001', name: Us}\n"
    "terminal: {cwd: /home/ada/work}\n"
)


def test_chats_people_and_folders_are_named() -> None:
    tree, read = shelf({"config.yaml": SETTINGS, "cron/jobs.json": job("telegram:-1001")})
    assert about_you(tree, EMPTY, read) == (
        "config.yaml: telegram.allowed_users",
        "config.yaml: telegram.home_channel.chat_id",
        "config.yaml: telegram.home_channel.name",
        "config.yaml: terminal.cwd",
        "cron/jobs.json: jobs[id=0123456789ab].deliver",
    )


def test_what_the_author_ships_and_a_home_channel_without_a_chat_say_nothing() -> None:
    tree, read = shelf({"config.yaml": SETTINGS, "cron/jobs.json": job("telegram:-1001")})
    assert about_you(tree, tree, read) == ()
    tree, read = shelf({"config.yaml": "model: x\n", "cron/jobs.json": job("telegram")})
    assert about_you(tree, EMPTY, read) == ()
    tree, read = shelf({"config.yaml": "a: [\n***\n", "cron/jobs.json": "no"})
    assert about_you(tree, EMPTY, read) == ()
