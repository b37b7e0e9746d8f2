"""What the real agents note down of their own edits, read by us."""

from __future__ import annotations

from pathlib import Path

from hermes_dist.decide.authoring.learned import Sign, Who, judge_lines, judge_new, read_traces
from hermes_dist.model.paths import RelPath
from hermes_dist.world.agent.traces import noted_in

WRITES = """
import json, os
from tools.skill_manager_tool import skill_manage
from hermes_state import SessionDB

text = "---\\nname: tides\\ndescription: Read tide tables.\\n---\\nLook.\\n"
assert "true" in skill_manage("create", name="tides", content=text)
assert "true" in skill_manage("patch", name="tides", old_string="Look.", new_string="Look up.")
call = {"path": os.path.join(os.environ["HERMES_HOME"], "SOUL.md"), "content": "Be kind."}
sessions = SessionDB()
sessions.create_session("s1", source="cli")
function = {"name": "write_file", "arguments": json.dumps(call)}
sessions.append_message("s1", "assistant", content="", tool_calls=[{"id": "1", "function": function}])
"""


def test_its_notes_tell_its_edits(agent_venv: Path, run, home: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    place = tmp_path / "bot"
    (place / "skills").mkdir(parents=True)
    run(agent_venv / "bin" / "python", "-c", WRITES, HERMES_HOME=str(place))
    noted = noted_in(place, tmp_path)
    known = read_traces(
        noted.calls, noted.usage, ran=noted.ran, home=str(place), user_home=str(home)
    )
    assert judge_lines(known, RelPath("SOUL.md"), ["Be kind."], []).sign is Sign.LINES
    assert judge_new(known, RelPath("skills/tides/SKILL.md"), "x").who is Who.AGENT
