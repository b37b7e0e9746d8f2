#!/usr/bin/python
# Copyright: (c) The hermes-dist authors
# MIT License (see LICENSE or https://opensource.org/license/mit)
"""The module hermes_profile."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: hermes_profile
short_description: Install, update or remove one profile of Hermes Agent
version_added: "0.1.0"
description:
  - Brings one profile of the managed machine to what the task says, by the C(hermes-dist) that is installed there.
  - It merges. What the agent learned, or somebody edited there, stays.
  - What runs code, adds a schedule or loosens a setting waits for approval, unless O(approve) has its digest.
requirements:
  - hermes-dist on the managed machine
options:
  name:
    description: The name of the profile; not V(default).
    type: str
    required: true
  state:
    description:
      - V(present) installs what is missing, and leaves a package at the version that is installed, unless O(source),
        O(ref), O(set) or O(set_secret) say something else than before.
      - V(latest) also brings what is new in the source, within the range of O(ref).
      - V(absent) moves the profile into the trash, from where C(hermes-dist restore) brings it back for 30 days.
    type: str
    choices: [present, latest, absent]
    default: present
  source:
    description:
      - Where the package comes from, such as V(github.com/you/bots//writer). A folder has to be absolute, or begin
        with C(~).
      - Without a source and layers, a blank profile is made.
    type: str
  ref:
    description: The tag, branch, commit or range of versions, such as V(v1.2.0) or V(^1).
    type: str
  registry:
    description: The registry that a name as O(source) belongs to, if several have it.
    type: str
  layers:
    description: Packages to put under the profile.
    type: list
    elements: dict
    default: []
    suboptions:
      source:
        description: Where the package comes from, with its ref or range.
        type: str
        required: true
      only:
        description: The parts that it brings. Without it, all.
        type: list
        elements: str
        default: []
      base:
        description: Whether it is what the profile extends, below all other layers.
        type: bool
        default: false
  only:
    description: The parts of the package to take. Without it, all.
    type: list
    elements: str
    default: []
  except:
    description: The parts of the package to leave out.
    type: list
    elements: str
    default: []
  include:
    description: Paths to take along although the author's list leaves them out.
    type: list
    elements: str
    default: []
  keep:
    description: Files, folders and settings that stay as they are on the machine, whatever updates bring.
    type: list
    elements: str
    default: []
  held:
    description: Whether updates skip it. Left out, that is up to the machine.
    type: bool
  approve:
    description:
      - The digests of what is approved beforehand, as C(hermes-dist snapshot) writes them. What has another content
        has another digest, and waits.
    type: list
    elements: str
    default: []
  set:
    description:
      - Answers to what the package asks, by the name of the input. They are never logged.
      - Another answer than before is merged as an update, which brings what is new in the source, too.
      - The answer to an input that is a secret goes into O(set_secret).
    type: dict
    default: {}
  set_secret:
    description:
      - Answers to the inputs that are secrets. They go to the program by its environment, and are never logged.
    type: dict
    default: {}
  variables:
    description:
      - Variables for the C(.env) of the profile. They go to the program by its environment, and are never logged.
      - A variable whose value is another one is set to this one. All others stay.
    type: dict
    default: {}
  aliases:
    description: Commands that start the profile.
    type: list
    elements: str
    default: []
  gateway:
    description: Whether its gateway runs. V(true) starts it, V(false) stops it, and left out it stays as it is.
    type: bool
extends_documentation_fragment:
  - hermes.dist.common
attributes:
  check_mode:
    description: Looks, says what would be done, and changes nothing.
    support: full
  diff_mode:
    description: Lists each step with the files that it changes.
    support: full
seealso:
  - module: hermes.dist.hermes_team
author:
  - The hermes-dist authors (@hermes-dist)
"""

EXAMPLES = r"""
- name: The writer is there, in a version below 2
  hermes.dist.hermes_profile:
    name: writer
    source: github.com/you/bots//writer
    ref: ^1
    variables:
      OPENROUTER_API_KEY: "{{ vault_openrouter_key }}"

- name: The help desk is up to date, answers for this team, and serves
  hermes.dist.hermes_profile:
    name: desk
    source: github.com/you/desk
    state: latest
    set:
      team: search and rescue
    approve:
      - 9877911a8b140f27468859682bd0027ce808234a0af978f64425550ff598d137
    gateway: true

- name: Nobody needs the old one
  hermes.dist.hermes_profile:
    name: old
    state: absent
"""

RETURN = r"""
steps:
  description: What was done in order, or would be in check mode, as C(hermes-dist apply --json) has it.
  returned: if O(state) is not V(absent)
  type: list
  elements: dict
  sample:
    - profile: writer
      action: update
      things: []
      gone: []
      answers: []
      state: done
      changes: {files: [SOUL.md], approved: [], waiting: [], conflicts: []}
      error:
open:
  description: What waits for approval, and which conflicts are open.
  returned: if O(state) is not V(absent)
  type: list
  elements: dict
  sample: [{profile: writer, waiting: ["config.yaml: mcp_servers.web.command"], conflicts: []}]
missing:
  description: Variables that somebody has to set by hand.
  returned: if O(state) is not V(absent)
  type: list
  elements: dict
  sample: []
errors:
  description: Why it failed.
  returned: failure
  type: list
  elements: dict
  sample: [{message: "it can't be reached", where: "github.com/you/bots", hint: try again, code: 7}]
trash:
  description: Where the profile is in the trash.
  returned: if it was moved there
  type: str
  sample: /home/ada/.hermes/distributions/trash/old
rc:
  description: The exit code of the program. 3 means that conflicts are open, which is no failure.
  returned: always
  type: int
  sample: 0
"""

import json
import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.hermes.dist.plugins.module_utils.hermes_dist import COMMON, Program

ARGUMENTS = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "latest", "absent"], "default": "present"},
    "source": {"type": "str"},
    "ref": {"type": "str"},
    "registry": {"type": "str"},
    "layers": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "source": {"type": "str", "required": True},
            "only": {"type": "list", "elements": "str", "default": []},
            "base": {"type": "bool", "default": False},
        },
    },
    "only": {"type": "list", "elements": "str", "default": []},
    "except": {"type": "list", "elements": "str", "default": []},
    "include": {"type": "list", "elements": "str", "default": []},
    "keep": {"type": "list", "elements": "str", "default": [], "no_log": False},
    "held": {"type": "bool"},
    "approve": {"type": "list", "elements": "str", "default": []},
    "set": {"type": "dict", "default": {}, "no_log": True},
    "set_secret": {"type": "dict", "default": {}, "no_log": True},
    "variables": {"type": "dict", "default": {}, "no_log": True},
    "aliases": {"type": "list", "elements": "str", "default": []},
    "gateway": {"type": "bool"},
}
_AS_THEY_ARE = (
    "name",
    "registry",
    "layers",
    "only",
    "except",
    "include",
    "keep",
    "held",
    "aliases",
    "gateway",
)
_PREFIX = "HERMES_DIST_VALUE_"


def toml(value):
    """Write a value as TOML, on one line."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{toml(str(k))} = {toml(v)}" for k, v in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(toml, value)) + "]"
    # Text, numbers, true and false are spelled as in JSON.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def team_of(params):
    """The file of a team with this profile alone, and the environment that holds its values."""
    profile = {key: params[key] for key in _AS_THEY_ARE if params[key] not in (None, [], "")}
    if params["source"]:
        ref = params["ref"]
        profile["source"] = params["source"] + ("#" + ref if ref else "")
    profile["approve"] = [{"digest": digest} for digest in params["approve"]]
    # The file only refers to the values, so that none is ever in a file besides the profile's own.
    values = {}

    def referred(given):
        words = {}
        for name, value in given.items():
            place = f"{_PREFIX}{len(values)}"
            values[place], words[name] = str(value), f"env:{place}"
        return words

    # An answer that looks like a reference is none.
    plain = {
        name: f"text:{value}" if isinstance(value, str) else value
        for name, value in params["set"].items()
    }
    profile["inputs"] = {**plain, **referred(params["set_secret"])}
    profile["variables"] = referred(params["variables"])
    rows = "".join(f"{key} = {toml(value)}\n" for key, value in profile.items() if value != [])
    return "format = 1\n[[profiles]]\n" + rows, values


def absent(module, program):
    """Move the profile into the trash, if it is there; returns the result of the module."""
    name = module.params["name"]
    said, code = program.run(["list"])
    if "profiles" not in said:
        program.fail(said, code)
    if name not in [one["name"] for one in said["profiles"]]:
        return {"changed": False, "rc": 0}
    said, code = program.run(["delete", name, "--dry-run" if module.check_mode else "--yes"])
    if code or "error" in said:
        program.fail(said, code)
    result = {"changed": True, "rc": code, "trash": said["path"]}
    result["diff"] = {"prepared": f"{name}: move to the trash\n"}
    return result


def main():
    """Run the module."""
    module = AnsibleModule(
        argument_spec={**ARGUMENTS, **COMMON},
        mutually_exclusive=[("only", "except")],
        required_by={"ref": ("source",)},
        supports_check_mode=True,
    )
    program = Program(module)
    if module.params["state"] == "absent":
        module.exit_json(**absent(module, program))
    sources = [module.params["source"], *(one["source"] for one in module.params["layers"])]
    for source in sources:
        if source and source.split("/")[0] in (".", ".."):
            module.fail_json(msg=f"source: {source}: a folder has to be absolute, or begin with ~")
    text, values = team_of(module.params)
    path = os.path.join(module.tmpdir, "profile.toml")
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)
    words = ["--set-again"]
    if module.params["state"] == "present":
        words.append("--no-update")
    module.exit_json(**program.apply(path, words, values))


if __name__ == "__main__":
    main()
