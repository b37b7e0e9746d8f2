"""An ssh server and a client in Python, for machines that have neither; both speak the real protocol.

``python sshstandin.py serve FOLDER`` serves commands on loopback with the keys in FOLDER and prints its port.
``python sshstandin.py ask FOLDER [ssh's options] HOST COMMAND`` is what GIT_SSH_COMMAND names where there is no ssh.
"""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

import asyncssh

_CHUNK = 1 << 16
_WITH_VALUE = "BbcDEeFIiJLlmOopQRSWw"
"""The options of ssh that are followed by a value."""


def make_keys(folder: Path) -> None:
    """Make a key of the server and one of the user, and write down the server's for the user."""
    folder.mkdir(mode=0o700)
    for name in ("host", "user"):
        key = asyncssh.generate_private_key("ssh-ed25519", comment=name)
        key.write_private_key(str(folder / name))
        key.write_public_key(str(folder / f"{name}.pub"))
        (folder / name).chmod(0o600)


async def _pump(source: Any, target: Any) -> None:
    while data := await source.read(_CHUNK):
        target.write(data)
        await target.drain()


async def _answer(process: Any) -> None:
    """Run a command for a client, as sshd does: by a shell, with the variables that git sends along."""
    sent = {key: value for key, value in process.env.items() if key == "GIT_PROTOCOL"}
    child = await asyncio.create_subprocess_exec(
        "/bin/sh",
        "-c",
        process.command or "exit 1",
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        env={**os.environ, **sent},
    )
    assert child.stdin is not None

    async def feed() -> None:
        await _pump(process.stdin, child.stdin)
        child.stdin.close()  # type: ignore[union-attr]  # started with a pipe

    feeder = asyncio.create_task(feed())
    await asyncio.gather(_pump(child.stdout, process.stdout), _pump(child.stderr, process.stderr))
    process.exit(await child.wait())
    feeder.cancel()


async def _serve(folder: Path) -> None:
    server = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_host_keys=[str(folder / "host")],
        authorized_client_keys=str(folder / "user.pub"),
        process_factory=_answer,
        encoding=None,
    )
    print(server.get_port(), flush=True)  # noqa: T201 - a program
    await server.wait_closed()


def _parsed(words: list[str]) -> tuple[str, dict[str, str]]:
    """The host of a command line of ssh, and its options; the command is what remains in ``words``."""
    options: dict[str, str] = {}
    while words and words[0].startswith("-"):
        letter, value = words[0][1], words.pop(0)[2:]
        if letter in _WITH_VALUE:
            value = value or words.pop(0)
        options[letter] = f"{options.get(letter, '')} {value}".strip()
    return (words.pop(0) if words else ""), options


async def _ask(folder: Path, words: list[str]) -> int:
    host, options = _parsed(words)
    if "G" in options:  # git asks whether this is OpenSSH, whose options it uses then
        return 0
    user, _, host = host.rpartition("@")
    env = {"GIT_PROTOCOL": os.environ["GIT_PROTOCOL"]} if "GIT_PROTOCOL" in os.environ else {}
    key = asyncssh.read_public_key(str(folder / "host.pub"))
    async with asyncssh.connect(
        host,
        int(options.get("p", 22)),
        username=user or options.get("l", "git"),
        client_keys=[str(folder / "user")],
        known_hosts=([key], [], []),
        config=None,
        agent_path=None,
    ) as connection:
        process: Any = await connection.create_process(" ".join(words), encoding=None, env=env)
        loop = asyncio.get_running_loop()

        async def feed() -> None:
            while data := await loop.run_in_executor(None, os.read, 0, _CHUNK):
                process.stdin.write(data)
                await process.stdin.drain()
            process.stdin.write_eof()

        async def say(source: Any, target: int) -> None:
            while data := await source.read(_CHUNK):
                while data:
                    data = data[os.write(target, data) :]

        feeder = asyncio.create_task(feed())
        await asyncio.gather(say(process.stdout, 1), say(process.stderr, 2))
        await process.wait_closed()
        feeder.cancel()
        return int(process.exit_status or 0)


def main() -> None:
    verb, folder, *words = sys.argv[1:]
    if verb == "serve":
        asyncio.run(_serve(Path(folder)))
        return
    try:
        code = asyncio.run(_ask(Path(folder), words))
    except (OSError, asyncssh.Error) as error:
        print(f"ssh: {error}", file=sys.stderr)  # noqa: T201 - a program
        code = 255
    sys.stdout.flush()
    os._exit(code)  # a thread may still wait for input


if __name__ == "__main__":
    main()
