"""What the real agent finds by the name of a skill, and hands to code in its sandbox, is what we say that it does."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from reach_ways import NAMES
from shelf import Shelf

from hermes_dist.agents.withheld import WITHHELD
from hermes_dist.decide.consent.mentions import Names
from hermes_dist.decide.consent.reach import Reach
from hermes_dist.decide.consent.skills.names import names_in
from hermes_dist.decide.reconcile import Decisions, Situation, reconcile
from hermes_dist.model.paths import folded
from hermes_dist.model.tree import EMPTY

FILES = {
    "skills/watch.md": "Watch.",
    "skills/a/watch.md": "Watch too.",
    "skills/x/SKILL.md": "---\nname: The X\n---\nX.",
    "skills/x/notes.md": "Notes.",
    "skills/x/references/ref.md": "Reference.",
    "skills/references/y.md": "Y.",
    "skills/node_modules/hidden.md": "Hidden.",
    "skills/.archive/old/SKILL.md": "---\nname: old\n---\nOld.",
    "skills/deep/er/z/SKILL.md": '---\n{"name": "cat:z"}\n---\nZ.',
    "docs/far.md": "Far.",
}
CALLED = [
    *(
        "watch",
        "a/watch",
        "watch.v2",
        "a:watch",
        "w*ch",
        "x",
        "The X",
        "x/SKILL",
        "x/.",
        "notes",
        "x/notes",
    ),
    *(
        "ref",
        "x/references/ref",
        "y",
        "hidden",
        "old",
        ".archive/old",
        "z",
        "cat:z",
        "deep/er/z",
        "far",
        "SKILL",
    ),
]
ASK = """
import json, sys
from agent.skill_utils import parse_frontmatter
from tools.skills_tool import skill_view
found = {}
for name in json.loads(sys.argv[1]):
    said = json.loads(skill_view(name))
    found[name] = said.get("matches") or [said["path"]] if said.get("success") or "matches" in said else []
names = [parse_frontmatter(text)[0].get("name") for text in json.loads(sys.argv[2])]
print(json.dumps([found, names]))
"""


def test_what_the_agent_finds_is_among_what_we_say(
    agent_venv: Path, run: Callable[..., object], tmp_path: Path
) -> None:
    shelf = Shelf()
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    texts = [f"---{front}\n---\nText.\n" for _, front in NAMES]
    words = ("-c", ASK, json.dumps(CALLED), json.dumps(texts))
    done = run(agent_venv / "bin" / "python", *words, HERMES_HOME=str(tmp_path))
    found, names = json.loads(done.stdout.splitlines()[-1])  # type: ignore[attr-defined]  # a finished process

    skills = Reach(Names(shelf.tree(FILES)), shelf.read).skills
    for name, paths in found.items():
        places = {
            path.rpartition("/skills/")[2] if path.startswith("/") else path for path in paths
        }
        assert {f"skills/{place}" for place in places} <= skills.named({name}), name
    assert sum(map(len, found.values())) >= 15
    for text, name, (wanted, _) in zip(texts, names, NAMES, strict=True):
        read = names_in(text.encode())
        assert read is None or folded(name) in read
        assert name in (wanted, None) or "name: other" in text


POWERS = {
    "skills/a/SKILL.md": "---\nname: a\nrequired_environment_variables: [A_TOKEN, {name: B_TOKEN}]\n---\nA.",
    "skills/b.md": "---\nsetup:\n  collect_secrets:\n  - env_var: C_TOKEN\n---\nB.",
    "skills/c/SKILL.md": "---\nprerequisites: {env_vars: [D_TOKEN]}\n---\nC.",
    "skills/d/SKILL.md": "---\nrequired_credential_files: [memories/MEMORY.md]\n---\nD.",
}
HAND = """
import json, sys
from tools import env_passthrough as passed, credential_files as files
from tools.skills_tool import skill_view
for name in ("a", "b", "c", "d"):
    assert json.loads(skill_view(name))["success"], name
print(json.dumps([sorted(passed.get_all_passthrough()), [each["container_path"] for each in files.get_credential_file_mounts()]]))
passed.register_env_passthrough(sys.argv[1:])
print(json.dumps(sorted(passed.get_all_passthrough() & set(sys.argv[1:]))))
"""


def test_the_agent_hands_out_only_what_has_its_yes_and_never_its_own_keys(
    agent_venv: Path, run: Callable[..., object], tmp_path: Path
) -> None:
    shelf = Shelf()
    theirs = shelf.tree(POWERS)
    plan = reconcile(Situation(theirs=theirs, read=shelf.read), Decisions())
    shelf.update(plan.blobs)
    assert len(plan.parked) == len(POWERS)
    variables = [f"{letter}_TOKEN" for letter in "ABCD"]
    for state, handed in (
        (plan.after(EMPTY), [[], []]),
        (theirs, [variables, ["/root/.hermes/memories/MEMORY.md"]]),
    ):
        home = tmp_path / ("after" if handed[0] else "held")
        (home / "memories").mkdir(parents=True)
        (home / "memories/MEMORY.md").write_text("M.\n")
        (home / ".env").write_text("".join(f"{name}=x\n" for name in variables))
        for path in state:
            (home / path).parent.mkdir(parents=True, exist_ok=True)
            (home / path).write_bytes(shelf.bytes_of(state, path))
        words = ("-c", HAND, *sorted(WITHHELD))
        done = run(agent_venv / "bin" / "python", *words, HERMES_HOME=str(home))
        *_, found, own = done.stdout.splitlines()  # type: ignore[attr-defined]  # a finished process
        assert json.loads(found) == handed
        assert json.loads(own) == []
