"""The real agent runs code that comes in behind a yes: what it would have run waits."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from hermes_dist.decide.reconcile import Decisions, Situation, reconcile
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Digest, Entry, Tree

Files = dict[str, str]
MARK = "import pathlib; (pathlib.Path(__file__).parents[1] / 'mark').write_text('ran')\n"
RUN_SCRIPT = """
try:
    from cron.scheduler_script import _run_job_script
except ImportError:
    from cron.scheduler import _run_job_script
print(_run_job_script("w.py"))
"""
SKILL = "---\nname: i\ndescription: d\n---\nNow.\n"

BESIDE_A_JOB = (
    {
        "cron/jobs.json": json.dumps(
            {
                "jobs": [
                    {
                        "id": "0123456789ab",
                        "name": "watch",
                        "prompt": "",
                        "script": "w.py",
                        "no_agent": True,
                        "enabled": True,
                        "state": "scheduled",
                        "deliver": "local",
                        "schedule": {"kind": "interval", "minutes": 60, "display": "every 60m"},
                        "schedule_display": "every 60m",
                        "created_at": "2020-01-01T00:00:00+00:00",
                        "next_run_at": None,
                        "repeat": {"times": None, "completed": 0},
                    }
                ]
            }
        ),
        "scripts/w.py": "import random\nprint('seen')\n",
    },
    {"scripts/random.py": MARK},
    ["-c", RUN_SCRIPT],
)
OUTSIDE_A_HOOK = (
    {
        "hooks/h/HOOK.yaml": "name: h\nevents: [gateway:startup]\n",
        "hooks/h/handler.py": (
            "import pathlib, runpy\n"
            "runpy.run_path(str(pathlib.Path(__file__).parents[2] / 'tools' / 'far.py'))\n"
            "def handle(*_): pass\n"
        ),
        "tools/far.py": "print('seen')\n",
    },
    {"tools/far.py": MARK},
    ["-c", "from gateway.hooks import HookRegistry; HookRegistry().discover_and_load()"],
)
INSIDE_A_SKILL = (
    {"config.yaml": json.dumps({"skills": {"inline_shell": True}}), "skills/i/SKILL.md": SKILL},
    {"skills/i/SKILL.md": SKILL + '!`echo ran > "$HERMES_HOME/mark"`\n'},
    ["-c", "from tools.skills_tool import skill_view; print(skill_view('i'))"],
)
INSIDE_A_TEXT = (
    {"config.yaml": json.dumps({"skills": {"inline_shell": True}}), "skills/i.md": SKILL},
    {"skills/i.md": SKILL + '!`echo ran > "$HERMES_HOME/mark"`\n'},
    INSIDE_A_SKILL[2],
)
# As the agent's service does: it starts in the home, and Python looks there first.
WHERE_IT_STARTS = (
    {"SOUL.md": "# Bot\n"},
    {"argparse/__init__.py": MARK},
    [
        "-c",
        (
            "import os, subprocess, sys\n"
            "home = os.environ['HERMES_HOME']\n"
            "subprocess.run([sys.executable, '-m', 'hermes_cli.main', '--version'], cwd=home)"
        ),
    ],
)


@pytest.mark.parametrize(
    "way",
    [BESIDE_A_JOB, OUTSIDE_A_HOOK, INSIDE_A_SKILL, INSIDE_A_TEXT, WHERE_IT_STARTS],
    ids=["beside a job", "outside a hook", "inside a skill", "inside a text", "where it starts"],
)
def test_the_agent_would_run_what_waits(
    way: tuple[Files, Files, list[str]],
    agent_venv: Path,
    run: Callable[..., object],
    tmp_path: Path,
) -> None:
    files, change, command = way
    before, after = tree_of(files), tree_of({**files, **change})
    contents = {
        Digest.of(text.encode()): text.encode() for text in (*files.values(), *change.values())
    }
    plan = reconcile(
        Situation(base=before, found=before, theirs=after, read=contents.__getitem__), Decisions()
    )

    for state, ran in ((plan.after(before), False), (after, True)):
        home = tmp_path / ("after" if ran else "held")
        for path, entry in state.items():
            (home / path).parent.mkdir(parents=True, exist_ok=True)
            (home / path).write_bytes(contents[entry.digest])
        done = run(agent_venv / "bin" / "python", *command, HERMES_HOME=str(home), ok=False)
        assert (home / "mark").exists() is ran, done

    assert [str(effect.path) for effect in plan.parked] == [
        str(RelPath(path).parent) if path.endswith("SKILL.md") else path for path in change
    ]


def tree_of(files: Files) -> Tree:
    return Tree({RelPath(path): Entry(Digest.of(text.encode())) for path, text in files.items()})
