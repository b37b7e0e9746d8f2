"""A stand-in for the agent's gateway, as version 0.19.0 behaves where a fleet meets it.

Its pid file, state file, token locks, logs, markers and messages are the agent's. What else it does is asked for by a
file ``standin`` in the home: ``fail`` (ends with an error), ``hang`` (never serves, ignores SIGTERM), ``loop`` (its
child crashes and is started again, for ever), ``die`` (serves, and ends a moment later), ``trouble`` (serves, with one
channel broken), ``again`` (ends at first and asks to be started again), ``never`` (asks for it each time). ``STANDIN_MANAGER`` lets it keep services of its own, with real files at the agent's places.
"""

import json
import os
import signal
import sys
import time

HOME = os.environ["HOME"]
ROOT = os.environ.get("HERMES_HOME") or HOME + "/.hermes"
LOCKED = {
    "TELEGRAM_BOT_TOKEN": "telegram-bot-token",
    "DISCORD_BOT_TOKEN": "discord-bot-token",
    "SLACK_APP_TOKEN": "slack-app-token",
    "SIGNAL_ACCOUNT": "signal-phone",
}


def text(path):
    with open(path) as file:
        return file.read()


def say(line):
    sys.stdout.write(line + "\n")


def aim(argv):
    """Take the profile out of the words, as the agent does: a flag, a home that names one, the sticky one."""
    global ROOT
    name = ""
    if os.path.basename(os.path.dirname(ROOT)) == "profiles":
        name, ROOT = os.path.basename(ROOT), os.path.dirname(os.path.dirname(ROOT))
    elif os.path.exists(ROOT + "/active_profile"):
        name = text(ROOT + "/active_profile").strip()
    for flag in ("-p", "--profile"):
        if flag in argv:
            at = argv.index(flag)
            name = argv[at + 1]
            del argv[at : at + 2]
            break
    home = ROOT if name in ("", "default") else f"{ROOT}/profiles/{name}"
    if not os.path.isdir(home):
        sys.exit(f"Error: Profile '{name}' does not exist.")
    return ("" if name == "default" else name), home


def start_time(pid):
    try:
        return int(text(f"/proc/{pid}/stat").split()[21])
    except (OSError, IndexError):
        return None


def lives(record):
    pid = (record or {}).get("pid")
    try:
        os.kill(pid, 0)
        state = text(f"/proc/{pid}/stat").rpartition(")")[2].split()[0]
    except (TypeError, OSError):
        return False
    return state != "Z" and record.get("start_time") == start_time(pid)


def read(path):
    try:
        return json.loads(text(path))
    except (OSError, ValueError):
        return None


def write(path, data):
    temp = f"{path}.{os.getpid()}"
    with open(temp, "w") as file:
        json.dump(data, file)
    os.replace(temp, path)


def record():
    return {
        "pid": os.getpid(),
        "kind": "hermes-gateway",
        "argv": sys.argv,
        "start_time": start_time(os.getpid()),
    }


def variables(home):
    found = {}
    if os.path.exists(home + "/.env"):
        for line in text(home + "/.env").splitlines():
            key, equals, value = line.strip().partition("=")
            if equals and not key.startswith("#"):
                found[key] = value.strip("'\"")
    return {**os.environ, **found}


class Gateway:
    def __init__(self, home):
        self.home, self.locks, self.platforms = home, [], {}
        os.makedirs(home + "/logs", exist_ok=True)

    def log(self, text, level="INFO", file="gateway.log"):
        stamp = time.strftime("%Y-%m-%d %H:%M:%S") + f",{int(time.time() * 1000) % 1000:03d}"
        with open(f"{self.home}/logs/{file}", "a") as log:
            log.write(f"{stamp} {level} gateway.run: {text}\n")

    def state(self, word, reason=None):
        write(
            self.home + "/gateway_state.json",
            {
                **record(),
                "gateway_state": word,
                "exit_reason": reason,
                "restart_requested": False,
                "active_agents": 0,
                "platforms": self.platforms,
                "updated_at": time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime()),
            },
        )

    def take(self, scope, value):
        folder = os.environ.get("XDG_STATE_HOME", HOME + "/.local/state") + "/hermes/gateway-locks"
        os.makedirs(folder, exist_ok=True)
        import hashlib

        path = f"{folder}/{scope}-{hashlib.sha256(value.encode()).hexdigest()[:16]}.lock"
        holder = read(path)
        if lives(holder):
            return holder
        if os.path.exists(path):
            os.unlink(path)
        with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY), "w") as file:
            json.dump({**record(), "scope": scope}, file)
        self.locks.append(path)
        return None

    def leave(self, code, word, reason=None):
        self.state(word, reason)
        for path in [*self.locks, self.home + "/gateway.pid"]:
            if (read(path) or {}).get("pid") == os.getpid():
                os.unlink(path)
        os._exit(code)

    def stopped(self, *_):
        self.log("Received SIGTERM as a planned gateway stop — exiting cleanly")
        self.leave(0, "stopped")

    def run(self):
        mode = (
            text(self.home + "/standin").strip() if os.path.exists(self.home + "/standin") else ""
        )
        if mode == "loop":
            self.loop()
        if mode in ("again", "never"):
            self.log("Another gateway is starting.", "ERROR", "gateway.error.log")
            if mode == "again":
                os.unlink(self.home + "/standin")
            sys.exit(75)
        if lives(read(self.home + "/gateway.pid")):
            sys.exit(f"❌ Gateway already running (PID {read(self.home + '/gateway.pid')['pid']}).")
        signal.signal(signal.SIGTERM, signal.SIG_IGN if mode == "hang" else self.stopped)
        write(self.home + "/gateway.pid", record())
        self.state("starting")
        self.log("Starting Hermes Gateway...")
        if mode == "hang":
            while True:
                time.sleep(60)
        if mode == "fail":
            sys.stderr.write("ERROR gateway.run: No inference provider configured.\n")
            sys.stderr.flush()
            self.leave(1, "startup_failed", "no inference provider configured")
        env = variables(self.home)
        for name, scope in LOCKED.items():
            if env.get(name) and (holder := self.take(scope, env[name])):
                reason = f"{scope}: already in use by another profile (PID {holder['pid']})"
                self.log(reason, "ERROR", "gateway.error.log")
                self.leave(1, "startup_failed", reason)
        if mode == "trouble":
            self.platforms = {
                "telegram": {
                    "state": "fatal",
                    "error_code": "auth",
                    "error_message": "token rejected",
                }
            }
        self.state("running")
        self.log(f"Gateway running with {len(self.locks)} platform(s)")
        if mode == "die":
            time.sleep(0.4)
            os._exit(3)
        while True:
            signal.pause()

    def loop(self):
        """A supervisor and what it supervises; the crash leaves the pid file behind."""
        while True:
            child = os.fork()
            if not child:
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                write(self.home + "/gateway.pid", record())
                self.state("starting")
                self.log("Starting Hermes Gateway...")
                time.sleep(0.25)
                os._exit(3)
            os.waitpid(child, 0)


def unit(name):
    return f"{HOME}/.config/systemd/user/hermes-gateway{'-' + name if name else ''}.service"


def spawn(name, home):
    if os.fork():
        return
    os.setsid()
    logs = [
        os.open(f"{home}/logs/gateway{part}.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        for part in ("", ".error")
    ]
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(logs[0], 1)
    os.dup2(logs[1], 2)
    words = [
        sys.executable,
        "-IS",
        os.path.abspath(__file__),
        *(["-p", name] if name else []),
        "gateway",
        "run",
    ]
    os.execv(words[0], words)


def stop(home):
    running = read(home + "/gateway.pid")
    if not lives(running):
        say("✗ No gateway running for this profile")
        return
    os.kill(running["pid"], signal.SIGTERM)
    for _ in range(20):
        if not lives(running):
            break
        time.sleep(0.05)
    say("✓ Stopped gateway for this profile")


def main():
    argv = sys.argv[1:]
    if argv == ["--version"]:
        say("Hermes Agent v0.19.0")
        return
    name, home = aim(argv)
    managed = os.environ.get("STANDIN_MANAGER")
    verb = argv[1] if argv[:1] == ["gateway"] and len(argv) > 1 else "run"
    if verb == "run":
        Gateway(home).run()
    elif verb == "stop":
        stop(home)
    elif verb in ("start", "restart", "install", "uninstall") and not managed:
        say(
            "Service start is not applicable inside a Docker container.\n\n  docker start <container>"
        )
    elif verb in ("start", "restart"):
        if not os.path.exists(unit(name)):
            sys.exit("✗ Gateway service is not installed\n  Run: hermes gateway install")
        if verb == "restart":
            stop(home)
        os.makedirs(home + "/logs", exist_ok=True)
        spawn(name, home)
    elif verb == "install":
        os.makedirs(os.path.dirname(unit(name)) + "/default.target.wants", exist_ok=True)
        with open(unit(name), "w") as file:
            file.write(f"[Service]\nExecStart=hermes {'-p ' + name if name else ''} gateway run\n")
        os.symlink(
            unit(name),
            os.path.dirname(unit(name)) + "/default.target.wants/" + os.path.basename(unit(name)),
        )
        say("✓ User service installed and enabled!")
    elif verb == "uninstall":
        stop(home)
        os.unlink(unit(name))
        os.unlink(
            os.path.dirname(unit(name)) + "/default.target.wants/" + os.path.basename(unit(name))
        )
    elif verb == "status":
        say(
            "✓ Gateway is running"
            if lives(read(home + "/gateway.pid"))
            else "✗ Gateway is not running"
        )
    else:
        sys.exit(f"invalid choice: {verb}")


main()
