"""The requests of the tab "Packages": each is handed to hermes-dist, and its answer handed back.

Nothing is decided here. Every request is a POST, also one that changes nothing: in an address, the agent would take
``?profile=`` for the profile whose plugins answer. This file runs in the agent's own Python, which may hold no
hermes-dist, so it uses the standard library and the agent's web framework alone, and starts the program that
``program.json`` names by its absolute path. What a page sends goes to that program's standard input, never into its
command line.
"""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse, StreamingResponse

PROGRAM = Path(__file__).resolve().parent.parent / "program.json"

LARGEST_BODY = 8 * 1024 * 1024
LARGEST_ANSWER = 64 * 1024 * 1024
AT_ONCE = 4
"""So many programs run beside each other."""
IN_LINE = 32
"""So many requests wait for one of them to end; more are refused."""
BODY_SECONDS = 30
SECONDS = 3600
"""How long a program may run: an update may fetch much."""

ENVIRONMENT = frozenset(
    [
        *("HOME", "USER", "LOGNAME", "PATH", "SHELL", "TZ", "LANG", "LANGUAGE"),
        *("SSH_AUTH_SOCK", "DBUS_SESSION_BUS_ADDRESS"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO"),
        *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
        *("http_proxy", "https_proxy", "all_proxy", "no_proxy"),
    ]
)
FAMILIES = ("LC_", "XDG_")
LOOPBACK = frozenset(["localhost", "127.0.0.1", "::1"])

router = APIRouter()
running = set()


class Turns:
    """Who runs and who waits, in this process."""

    waiting = 0
    gate = None


@router.post("/{name:path}")
async def send(name: str, request: Request):
    """One request: its name in the address, everything else as JSON in the body."""
    refuse_strangers(request)
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        return problem(415, "the request is not JSON")
    try:
        body = json.loads(await asyncio.wait_for(body_of(request), BODY_SECONDS))
    except (ValueError, RecursionError):
        return problem(400, "the request is not valid JSON")
    except TimeoutError:
        return problem(408, "the request did not arrive in time")
    except OverflowError:
        return problem(413, f"the request is larger than {LARGEST_BODY} bytes")
    if not isinstance(body, dict):
        return problem(400, "the request is not a JSON object")
    return await hand_over(request, {**body, "name": name})


@router.api_route("/{name:path}", methods=["GET", "HEAD", "PUT", "PATCH", "DELETE"])
async def refuse(name: str):
    """Whatever is no POST."""
    return problem(405, "every request is a POST", where=name[:80])


async def body_of(request):
    """The body of a request; OverflowError if it is too large."""
    data = bytearray()
    async for part in request.stream():
        data += part
        if len(data) > LARGEST_BODY:
            raise OverflowError
    return bytes(data)


async def hand_over(request, ask):
    """Run the program for one request; its lines become events where the page asks for them."""
    try:
        program = json.loads(PROGRAM.read_bytes())
        argv, variables = list(program["argv"]), frozenset(program["variables"])
        there = os.access(argv[0], os.X_OK)
    except (OSError, ValueError, LookupError, TypeError):
        return problem(503, "hermes-dist's tab is damaged", where=str(PROGRAM), hint=AGAIN)
    if not there:
        return problem(503, "hermes-dist is gone", where=argv[0], hint=AGAIN)
    if Turns.waiting >= IN_LINE:
        return problem(503, "too many requests at once", hint="wait, then try again")
    lines = asyncio.Queue()
    task = asyncio.ensure_future(run(argv, variables, ask, lines))
    running.add(task)  # kept: it goes on when the page that asked goes away
    task.add_done_callback(running.discard)
    if "text/event-stream" in request.headers.get("accept", ""):
        return StreamingResponse(events(lines), media_type="text/event-stream", headers=FRESH)
    while "reply" not in (line := await lines.get()):
        pass
    return JSONResponse(line["reply"]["body"], line["reply"]["status"], headers=FRESH)


async def run(argv, variables, ask, lines):
    """Run the program once, and put each of its lines into the queue; the last one is always a reply."""
    Turns.gate = Turns.gate or asyncio.Semaphore(AT_ONCE)
    Turns.waiting += 1
    loop, ended = asyncio.get_running_loop(), asyncio.Event()

    def tell(act, *words):
        with contextlib.suppress(RuntimeError):  # the dashboard has ended; the program goes on
            loop.call_soon_threadsafe(act, *words)

    def work():
        converse(argv, variables, ask, lambda line: tell(lines.put_nowait, line))
        tell(ended.set)

    try:
        async with Turns.gate:
            # A thread that nobody waits for: with the dashboard, asyncio would kill a program of its own.
            threading.Thread(target=work, daemon=True).start()
            await ended.wait()
    finally:
        Turns.waiting -= 1


def converse(argv, variables, ask, say):
    """Send the request to the program's standard input, and say its lines up to the reply."""
    replied = late = False

    def stop(program):
        nonlocal late
        late = True
        program.kill()

    try:
        program = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment(variables),
            cwd=os.path.expanduser("~"),
            start_new_session=True,  # Ctrl-C on the dashboard does not stop an update
        )
    except (OSError, ValueError) as error:
        say(reply_of(502, f"hermes-dist can't be run: {error}", where=argv[0], hint=AGAIN))
        return
    clock = threading.Timer(SECONDS, stop, [program])
    clock.daemon = True
    clock.start()
    try:
        with contextlib.suppress(OSError), program.stdin:
            program.stdin.write(json.dumps(ask).encode())
        while line := program.stdout.readline(LARGEST_ANSWER):
            said = json.loads(line)
            if not replied:
                say(said)
            replied = replied or "reply" in said
    except (ValueError, RecursionError):
        program.kill()  # it is not ours
    finally:
        code = program.wait()
        clock.cancel()
    if late and not replied:
        say(reply_of(504, f"hermes-dist did not end within {SECONDS} s", where=argv[0]))
    elif not replied:
        say(
            reply_of(
                502, f"hermes-dist ended with code {code} and no answer", where=argv[0], hint=AGAIN
            )
        )


async def events(lines):
    """What the program says, as server-sent events."""
    while True:
        line = await lines.get()
        kind = "reply" if "reply" in line else "progress"
        yield f"event: {kind}\ndata: {json.dumps(line.get(kind))}\n\n"
        if kind == "reply":
            return


def environment(variables):
    """What the program gets of this environment: where things are, and nothing that the agent read from its files."""
    return {
        name: value
        for name, value in os.environ.items()
        if name in ENVIRONMENT or name in variables or name.startswith(FAMILIES)
    }


def refuse_strangers(request):
    """Refuse whoever has no session, another site's page, and a name that only leads here.

    The dashboard does all this before it calls a plugin; it is asked once more here in case it ever stops to.
    """
    # A copy: other requests may import something at the same moment.
    for name in [each for each in list(sys.modules) if each.endswith("_cli.web_server")]:
        getattr(sys.modules[name], "_require_token", nothing)(request)
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    host = request.headers.get("host", "")
    if site is None and origin is not None and urlsplit(origin).netloc != host:
        site = "cross-site"
    if site not in (None, "same-origin", "none"):
        raise HTTPException(403, "another site's page may not ask this")
    state = getattr(request.app, "state", None)
    known = {*LOOPBACK, *getattr(state, "trusted_public_hosts", ())}
    if (
        getattr(state, "bound_host", None) in LOOPBACK
        and urlsplit(f"//{host}").hostname not in known
    ):
        raise HTTPException(403, "the dashboard is not known by this name")


def nothing(_request):
    """Check nothing."""


AGAIN = "install hermes-dist, then run: hermes-dist dashboard install"
FRESH = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


def reply_of(status, message, *, where="", hint=""):
    """A line with an error, in the words and form of the program's own."""
    error = {"message": message, "where": where, "hint": hint, "code": 1}
    body = {"error": {"schema": "hermes-dist/error/1", "error": error}, "state": ""}
    return {"reply": {"status": status, "body": body}}


def problem(status, message, *, where="", hint=""):
    """An answer with an error."""
    reply = reply_of(status, message, where=where, hint=hint)["reply"]
    return JSONResponse(reply["body"], reply["status"], headers=FRESH)
