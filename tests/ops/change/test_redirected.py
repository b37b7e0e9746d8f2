"""A repository that answers at another address by now."""

from __future__ import annotations

from pathlib import Path

from gitrepo import PACKAGE, Repo
from machines import Machine
from servers import GitHttp, certificate
from story import BOT

from hermes_dist.ops.change.look_up import look
from hermes_dist.voice.notes import sentences


def test_a_profile_is_told_how_to_follow_its_repository(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "served" / "bot.git", bare=True)
    repo.commit(PACKAGE)
    tls = certificate(tmp_path)
    with GitHttp(repo.path.parent, tls) as new, GitHttp(repo.path.parent, tls) as old:
        machine = Machine(tmp_path / "ada", GIT_SSL_CAINFO=str(tls[0]))
        machine.install(f"{old.url}/bot.git")
        old.redirect, old.redirects_by = new.url, 301
        told = sentences(look(machine.ctx, BOT).notes)
        follow = f"hermes-dist install {new.url}/bot.git --name bot --force"
        assert told == (
            (
                f"{old.url}/bot.git has moved to {new.url}/bot.git; "
                f"if you trust that, follow it there with: {follow}"
            ),
        )
        machine.install(f"{new.url}/bot.git", force=True)
        assert machine.lock.source == f"{new.url}/bot.git"
        assert look(machine.ctx, BOT).notes == ()
