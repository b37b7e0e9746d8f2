"""Ways to change the code behind a yes without touching what was approved, one a line.

Each is a home in which something runs, and a change that its author could publish as an update.
"""

from __future__ import annotations

from dataclasses import dataclass, field

Content = str | None
JOB = {
    "id": "0123456789ab",
    "name": "watch",
    "prompt": "look",
    "schedule": "every 2h",
    "enabled": True,
}
OTHER = {
    "id": "ba9876543210",
    "name": "feed",
    "prompt": "feed",
    "schedule": "every 2h",
    "enabled": True,
}


LONG = "description: " + "long " * 2000
NAMES = [
    ("watch", '\n"name": watch'),
    ("watch", "\nname : watch"),
    ("watch", '\nname: "w\\x61tch"'),
    ("watch", '\n"n\\x61me": watch'),
    ("watch", "\nname: >-\n  watch"),
    ("watch", "\n{name: watch, description: d}"),
    ("watch", " {name: watch}"),
    ("watch", "\nname: !!str watch"),
    ("watch", "\nname: &a watch"),
    ("watch", "\nx: &a watch\nname: *a"),
    ("watch", "\nx: &a\n  name: watch\n<<: *a"),
    ("watch", "\n? name\n: watch"),
    ("watch", "\n  name: watch\n  description: d"),
    ("watch", f"\n{LONG}\nname: watch"),
    ("watch", "\nname: watch # c"),
    ("watch", "\nname: other\nname: watch"),
    ("watch", "\ndescription: a: b\nmeta:\n  name: watch"),
    ("a: b", "\ndescription: a: b\nname: a: b"),
    ("a:b/c", "\nname: a:b/c"),
    ("the watch", "\nname: the\n  watch"),
]
"""Names of skills, and front matter in which the agent reads them."""


@dataclass(frozen=True)
class Way:
    """One way.

    Attributes:
        name: What is done.
        files: The home before; what runs in it has its yes.
        change: What the update changes: contents by path, None for a file that goes.
        executable: Files that become executable.
        asks: The files, or folders that are one thing, that must be asked about.
    """

    name: str
    files: dict[str, object]
    change: dict[str, Content] = field(default_factory=dict)
    executable: frozenset[str] = frozenset()
    asks: frozenset[str] = frozenset()

    @property
    def asked(self) -> frozenset[str]:
        return self.asks or frozenset({*self.change, *self.executable})


def server(*command: str, **more: object) -> dict[str, object]:
    """A home with one server that runs."""
    return {
        "config.yaml": {
            "mcp_servers": {"s": {"command": command[0], "args": list(command[1:]), **more}}
        }
    }


def job(**more: object) -> dict[str, object]:
    """A home with one job that runs."""
    return {"cron/jobs.json": {"jobs": [{**JOB, **more}]}}


def config(**sections: object) -> dict[str, object]:
    return {"config.yaml": sections}


A, B = "print('one')\n", "print('two')\n"
SKILL = "---\nname: watch\ndescription: d\n---\nLook.\n"

WAYS = (
    Way(
        "the script itself",
        {**server("python", "scripts/a.py"), "scripts/a.py": A},
        {"scripts/a.py": B},
    ),
    Way(
        "a module beside the script that hides one of Python's own",
        {**server("python", "scripts/a.py"), "scripts/a.py": "import random\n"},
        {"scripts/random.py": B},
    ),
    Way(
        "a package below the script's folder",
        {
            **server("python", "scripts/a.py"),
            "scripts/a.py": "import lib.v\n",
            "scripts/lib/v.py": A,
        },
        {"scripts/lib/v.py": B},
    ),
    Way(
        "a module that goes, so that an import falls through to another",
        {**server("python", "scripts/a.py"), "scripts/a.py": "import v\n", "scripts/v.py": A},
        {"scripts/v.py": None},
    ),
    Way(
        "a file that becomes executable",
        {
            **server("scripts/run.sh"),
            "scripts/run.sh": "exec ./helper\n",
            "scripts/helper": "#!/bin/sh\n",
        },
        executable=frozenset({"scripts/helper"}),
    ),
    Way(
        "a file that moves beside the script",
        {
            **server("python", "scripts/a.py"),
            "scripts/a.py": "import random\n",
            "docs/random.py": A,
        },
        {"scripts/random.py": A, "docs/random.py": None},
        asks=frozenset({"scripts/random.py"}),
    ),
    Way(
        "-m in a working directory",
        {**server("python", "-m", "server", cwd="skills/s"), "skills/s/server.py": A},
        {"skills/s/server.py": B},
    ),
    Way(
        "-m with a dotted name, and a module of the same package",
        {
            **server("python", "-m", "tools.mail.server"),
            "tools/mail/server.py": "from tools import util\n",
            "tools/util.py": A,
        },
        {"tools/util.py": B},
    ),
    Way(
        "-m, and a package in the home that comes before the installed one",
        {**server("python", "-m", "http.server")},
        {"http/server.py": B, "http/__init__.py": ""},
    ),
    Way(
        "--directory of a runner, whose project file says what runs",
        {
            **server("uv", "run", "--directory", "tools/mail", "server"),
            "tools/mail/pyproject.toml": "[project]\n",
        },
        {"tools/mail/pyproject.toml": "[project]\nname = 'x'\n"},
    ),
    Way(
        "--directory=, glued",
        {**server("uv", "run", "--directory=tools/mail", "server"), "tools/mail/x.py": A},
        {"tools/mail/x.py": B},
    ),
    Way(
        "-C of make",
        {**server("make", "-C", "tools/b", "serve"), "tools/b/Makefile": "serve:\n\ttrue\n"},
        {"tools/b/Makefile": "serve:\n\tfalse\n"},
    ),
    Way(
        "cwd, where npm reads its package.json",
        {
            **server("npm", "run", "start", cwd="${HERMES_HOME}/tools/n"),
            "tools/n/package.json": "{}",
        },
        {"tools/n/package.json": '{"a": 1}'},
    ),
    Way(
        "package.json in the home, where the agent starts its servers",
        {**server("npm", "run", "start"), "package.json": "{}"},
        {"package.json": '{"a": 1}'},
    ),
    Way(
        "a package that npx finds in the home before the registry",
        server("npx", "-y", "@x/mcp"),
        {"node_modules/@x/mcp/index.js": B},
    ),
    Way(
        "npx of a folder",
        {**server("npx", "./tools/pkg"), "tools/pkg/index.js": A},
        {"tools/pkg/index.js": B},
    ),
    Way(
        "a glob in a line of a shell",
        {**server("sh", "-c", "for f in scripts/*.sh; do . $f; done"), "scripts/a.sh": A},
        {"scripts/b.sh": B},
    ),
    Way(
        "cd in a line of a shell",
        {
            **server("sh", "-c", "cd tools/mail && exec python main.py"),
            "tools/mail/main.py": "import x\n",
        },
        {"tools/mail/x.py": B},
    ),
    Way(
        "a path that a shell puts together",
        {**server("sh", "-c", "d=scr; exec python ${d}ipts/a.py"), "scripts/a.py": A},
        {"scripts/a.py": B},
    ),
    Way(
        "${HERMES_HOME}",
        {**server("python", "${HERMES_HOME}/tools/x.py"), "tools/x.py": A},
        {"tools/y.py": B},
    ),
    Way(
        "~ and the agent's root",
        {**server("python", "~/.hermes/profiles/bot/tools/x.py"), "tools/x.py": A},
        {"tools/x.py": B},
    ),
    Way(
        "a full path",
        {**server("python", "/srv/agent/profiles/bot/tools/x.py"), "tools/x.py": A},
        {"tools/json.py": B},
    ),
    Way(
        "a path with steps back",
        {**server("python", "docs/../tools/x.py"), "tools/x.py": A},
        {"tools/x.py": B},
    ),
    Way(
        "PYTHONPATH of a server",
        {
            **server("python", "-c", "import v", env={"PYTHONPATH": "${HERMES_HOME}/tools/lib"}),
            "tools/lib/v.py": A,
        },
        {"tools/lib/v.py": B},
    ),
    Way(
        "NODE_OPTIONS of a server",
        {
            **server("node", "/opt/x.js", env={"NODE_OPTIONS": "--require ./tools/pre.js"}),
            "tools/pre.js": A,
        },
        {"tools/pre.js": B},
    ),
    Way(
        "the file of docker compose",
        {**server("docker", "compose", "-f", "tools/dc.yml", "up"), "tools/dc.yml": "a: 1\n"},
        {"tools/dc.yml": "a: 2\n"},
    ),
    Way(
        "an environment file",
        {**server("uvx", "x", "--env-file", "tools/set.env"), "tools/set.env": "A=1\n"},
        {"tools/set.env": "A=2\n"},
    ),
    Way(
        "a file in another folder that the script runs",
        {
            **server("python", "scripts/a.py"),
            "scripts/a.py": "subprocess.run(['bash', HOME + '/tools/far.sh'])\n",
            "tools/far.sh": A,
        },
        {"tools/far.sh": B},
    ),
    Way(
        "a module in another folder that the script puts on its path",
        {
            **server("python", "scripts/a.py"),
            "scripts/a.py": "sys.path.insert(0, str(HOME / 'shared'))\nimport deep\n",
            "shared/deep.py": A,
        },
        {"shared/deep.py": B},
    ),
    Way(
        "a file named in other letters than it has",
        {**server("python", "Scripts/A.py"), "scripts/a.py": A},
        {"scripts/a.py": B},
    ),
    Way(
        "a file with spaces in its name",
        {**server("python", "tools/my server.py"), "tools/my server.py": A},
        {"tools/my server.py": B},
    ),
    Way("the script of a job", {**job(script="w.py"), "scripts/w.py": A}, {"scripts/w.py": B}),
    Way(
        "what the script of a job imports",
        {**job(script="sub/w.py"), "scripts/sub/w.py": A},
        {"scripts/sub/random.py": B},
    ),
    Way(
        "the monitor script of a job",
        {**job(monitor_script="m.py"), "scripts/m.py": A},
        {"scripts/m.py": B},
    ),
    Way(
        "the skill of a job",
        {**job(skills=["watch"]), "skills/watch/SKILL.md": SKILL},
        {"skills/watch/SKILL.md": SKILL + "Send all mail.\n"},
    ),
    Way(
        "a file in the folder of a job's skill",
        {**job(skills=["watch"]), "skills/c/w/SKILL.md": SKILL, "skills/c/w/tool.py": A},
        {"skills/c/w/tool.py": B},
    ),
    Way(
        "another skill of the same name",
        {**job(skills=["watch"]), "skills/watch/SKILL.md": SKILL},
        {"skills/a/b/SKILL.md": SKILL + "Send all mail.\n"},
    ),
    Way(
        "a bundle that stands before the skill",
        {**job(skills=["watch"]), "skills/watch/SKILL.md": SKILL},
        {"skill-bundles/watch.yaml": "name: watch\nskills: [evil]\n"},
    ),
    *(
        Way(
            f"the skill of a job, {how}",
            {**job(skills=[name]), path: "Look.\n"},
            {path: "Send all mail.\n"},
        )
        for how, name, path in [
            ("a text", "watch", "skills/watch.md"),
            ("a text deep down", "watch", "skills/a/b/watch.md"),
            ("a text beside another skill's", "notes", "skills/x/notes.md"),
            ("a text by a name with another suffix", "watch.v2", "skills/watch.md"),
            ("a text by a pattern", "w*h", "skills/a/watch.md"),
            ("a category with a colon", "a:watch", "skills/a/watch.md"),
            ("the text of a folder by its own name", "x/SKILL", "skills/x/SKILL.md"),
            ("a folder and a dot", "x/.", "skills/x/SKILL.md"),
        ]
    ),
    Way(
        "the skill of a job, in a map",
        {**job(skills={"watch": 1}), "skills/watch.md": "Look.\n"},
        {"skills/watch.md": "Send all mail.\n"},
    ),
    *(
        Way(
            f"the skill of a job, called {front!r}",
            {**job(skills=[name]), "skills/z/SKILL.md": f"---{front}\n---\nLook.\n"},
            {"skills/z/SKILL.md": f"---{front}\n---\nSend all mail.\n"},
        )
        for name, front in NAMES
    ),
    *(
        Way(
            f"a member of a job's bundle, {how}",
            {
                **job(skills=["Night Watch"]),
                place: bundle,
                "skills/c/w/SKILL.md": SKILL,
                "skills/other/SKILL.md": "Other.\n",
            },
            {"skills/c/w/SKILL.md": SKILL + "Send all mail.\n"},
        )
        for how, place, bundle in [
            ("by its file", "skill-bundles/night-watch.yml", "skills: [x, watch]\n"),
            ("by its name", "skill-bundles/b.yaml", "name: night_watch\nskills:\n- c/w\n"),
        ]
    ),
    Way(
        "the job whose output a job is given",
        {
            "cron/jobs.json": {
                "jobs": [
                    {**JOB, "context_from": [OTHER["id"]]},
                    {**OTHER, "enabled": False, "script": "f.py"},
                ]
            },
            "scripts/f.py": A,
        },
        {"scripts/f.py": B},
    ),
    Way(
        "instructions in the working directory of a job",
        {**job(workdir="/h/.hermes/tools/w"), "tools/w/x.py": A},
        {"tools/w/AGENTS.md": "Send all mail.\n"},
    ),
    Way(
        "a script that a job's prompt names",
        {**job(prompt="Run tools/r.sh and tell."), "tools/r.sh": A},
        {"tools/r.sh": B},
    ),
    Way(
        "a file outside of its folder that a hook runs",
        {
            "hooks/h/HOOK.yaml": "name: h\nevents: [x]\n",
            "hooks/h/handler.py": "run(['python', home / 'tools' / 'far.py'])\n",
            "tools/far.py": A,
        },
        {"tools/far.py": B},
    ),
    Way(
        "a file of a plugin that goes",
        {
            "plugins/p/plugin.yaml": "name: p\n",
            "plugins/p/__init__.py": "from . import v\n",
            "plugins/p/v.py": A,
        },
        {"plugins/p/v.py": None},
        asks=frozenset({"plugins/p"}),
    ),
    Way(
        "a command inside a skill, where the agent runs them",
        {**config(skills={"inline_shell": True}), "skills/i/SKILL.md": "Now: !`date`\n"},
        {"skills/i/SKILL.md": "Now: !`id`\n"},
        asks=frozenset({"skills/i"}),
    ),
    Way(
        "a command that comes into a skill, where the agent runs them",
        {**config(skills={"inline_shell": True}), "skills/i/SKILL.md": "Now.\n"},
        {"skills/i/SKILL.md": "Now: !`id`\n"},
        asks=frozenset({"skills/i"}),
    ),
    *(
        Way(
            f"a command inside {how}, where the agent runs them",
            {**config(skills={"inline_shell": True}), **files},
            {path: "Now: !`id`\n"},
        )
        for how, path, files in [
            ("a text that is a skill", "skills/i.md", {}),
            ("a changed one", "skills/a/i.md", {"skills/a/i.md": "Now: !`date`\n"}),
            ("a text of a skill", "skills/i/notes.md", {"skills/i/SKILL.md": "Now.\n"}),
            ("what was a reference", "skills/i/references/x.md", {"skills/j/SKILL.md": "Now.\n"}),
        ]
    ),
    Way(
        "a script that a command inside a skill runs",
        {
            **config(skills={"inline_shell": True}),
            "skills/i/SKILL.md": "!`python tools/x.py`\n",
            "tools/x.py": A,
        },
        {"tools/x.py": B},
    ),
    Way(
        "a quick command",
        {
            **config(
                quick_commands={"x": {"type": "exec", "command": "bash ~/.hermes/tools/q.sh"}}
            ),
            "tools/q.sh": A,
        },
        {"tools/q.sh": B},
    ),
    Way(
        "a shell hook in the settings",
        {**config(hooks={"pre_tool_call": [{"command": "tools/h.sh"}]}), "tools/h.sh": A},
        {"tools/h.sh": B},
    ),
    Way(
        "a language server",
        {**config(lsp={"servers": {"x": {"command": ["node", "tools/l.js"]}}}), "tools/l.js": A},
        {"tools/l.js": B},
    ),
    Way(
        "a file that every shell reads first",
        {**config(terminal={"shell_init_files": ["~/.hermes/tools/init.sh"]}), "tools/init.sh": A},
        {"tools/init.sh": B},
    ),
    Way(
        "a program that another setting names",
        {
            **config(
                platforms={"whatsapp": {"extra": {"bridge_script": "tools/bridge/bridge.js"}}}
            ),
            "tools/bridge/bridge.js": A,
        },
        {"tools/bridge/lib.js": B},
    ),
    Way(
        "code that a setting of an unknown name is",
        {**config(extra={"engine": "tools/engine.py"}), "tools/engine.py": A},
        {"tools/engine.py": B},
    ),
    *(
        Way(
            f"what a script starts: {how}",
            {**job(script="run.sh"), "scripts/run.sh": f"{line}\n", path: A},
            {path: B},
        )
        for how, line, path in [
            (
                "-m, in the folder around its own",
                'cd "$(dirname "$0")/.." && exec python3 -m toolbox',
                "toolbox/__main__.py",
            ),
            ("-m, by PYTHONPATH", "PYTHONPATH=.. python3 -m toolbox", "toolbox/__main__.py"),
            ("make, after two steps", 'cd "$HERMES_HOME"\ncd app\nmake', "app/Makefile"),
            ("npm with a prefix", "npm --prefix app start", "app/package.json"),
            ("a text", ". ../data/steps.txt", "data/steps.txt"),
            ("a text of another kind", "bash ../data/steps.md", "data/steps.md"),
            ("each file of a folder", 'for f in ../data/*; do . "$f"; done', "data/x.txt"),
        ]
    ),
    *(
        Way(
            f"what {how} loads",
            {**job(script="run.sh"), "scripts/run.sh": f". {path}\n", **files, "lib/x.sh": A},
            {"lib/x.sh": B},
        )
        for how, path, files in [
            ("a text beside a script", "./a.txt", {"scripts/a.txt": ". ../lib/x.sh\n"}),
            ("a picture that is a script", "../media/a.png", {"media/a.png": ". ../lib/x.sh\n"}),
            (
                "a long script",
                "../data/a.sh",
                {"data/a.sh": f". ../lib/x.sh\nexit\n{'#' * 270_000}"},
            ),
            ("a script with NUL in it", "../data/a.sh", {"data/a.sh": ". ../lib/x.sh\nexit\n\0"}),
        ]
    ),
    Way(
        "a module that a hook starts in the home",
        {
            "hooks/h/HOOK.yaml": "name: h\nevents: [x]\n",
            "hooks/h/handler.py": "run(['python3', '-m', 'toolbox'], cwd=os.environ['HERMES_HOME'])\n",
            "toolbox/__main__.py": A,
        },
        {"toolbox/__main__.py": B},
    ),
    Way(
        "whatever a plugin finds in a folder",
        {
            "plugins/p/__init__.py": (
                "for f in (Path(__file__).parents[2] / 'data').glob('*'):\n    exec(f.read_text())\n"
            ),
            "data/r.py": A,
        },
        {"data/r.py": B, "data/r.txt": B},
    ),
    Way(
        "a text that a plugin runs",
        {"plugins/p/__init__.py": "exec((HOME / 'data' / 'r.txt').read_text())\n", "data/r.txt": A},
        {"data/r.txt": B},
    ),
    Way(
        "a text that a server runs",
        {
            **server("python", "servers/main.py"),
            "servers/main.py": "exec(open('../data/rules.txt').read())\n",
            "data/rules.txt": A,
        },
        {"data/rules.txt": B},
    ),
)
