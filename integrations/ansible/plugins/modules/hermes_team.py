#!/usr/bin/python
# Copyright: (c) The hermes-dist authors
# MIT License (see LICENSE or https://opensource.org/license/mit)
"""The module hermes_team."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: hermes_team
short_description: Make a machine as the file of a team says
version_added: "0.1.0"
description:
  - Runs C(hermes-dist apply) on the managed machine, so that it has the registries, profiles, routes and gateways
    that a file names.
  - It merges as C(hermes-dist update) does. What an agent learned, or somebody edited there, stays.
  - If something fails for one profile, the others are done all the same, and the task fails.
requirements:
  - hermes-dist on the managed machine
options:
  content:
    description:
      - The file, usually by P(ansible.builtin.file#lookup) or P(ansible.builtin.template#lookup).
      - Use this rather than O(path) if the same play also writes the file. Check mode then compares with what the
        file will be.
      - Sources that are folders have to be absolute, or begin with C(~).
      - Exactly one of O(content) and O(path) is required.
    type: str
  path:
    description: The path of a file that is on the managed machine.
    type: path
  prune:
    description: Move profiles that the file does not name into the trash, from where C(hermes-dist restore) brings them back.
    type: bool
    default: false
  update:
    description: Bring what is new in the sources. Otherwise packages stay at the version that is installed.
    type: bool
    default: true
  variables:
    description:
      - Values for the references C(env:NAME) of the file. They go to the program by its environment, and are never
        logged.
    type: dict
    default: {}
  set_again:
    description: Look up variables that are set already, and set those whose value is another.
    type: bool
    default: false
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
  - module: hermes.dist.hermes_profile
author:
  - The hermes-dist authors (@hermes-dist)
"""

EXAMPLES = r"""
- name: Every machine of the group is as team.toml says
  hermes.dist.hermes_team:
    content: "{{ lookup('ansible.builtin.file', 'team.toml') }}"
    variables:
      OPENROUTER_KEY: "{{ vault_openrouter_key }}"

- name: Make new profiles, but bring no new versions
  hermes.dist.hermes_team:
    path: ~/team.toml
    update: false
"""

RETURN = r"""
steps:
  description: What was done in order, or would be in check mode, as C(hermes-dist apply --json) has it.
  returned: always
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
  description: For each profile, what waits for approval, and which conflicts are open.
  returned: always
  type: list
  elements: dict
  sample: [{profile: writer, waiting: ["config.yaml: mcp_servers.web.command"], conflicts: []}]
missing:
  description: Variables that somebody has to set by hand.
  returned: always
  type: list
  elements: dict
  sample: [{profile: writer, variable: API_KEY}]
errors:
  description: Why it failed for some profiles.
  returned: failure
  type: list
  elements: dict
  sample: [{message: "it can't be reached", where: "github.com/you/bots", hint: try again, code: 7}]
rc:
  description: The exit code of the program. 3 means that conflicts are open, which is no failure.
  returned: always
  type: int
  sample: 0
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.hermes.dist.plugins.module_utils.hermes_dist import COMMON, Program

ARGUMENTS = {
    "content": {"type": "str"},
    "path": {"type": "path"},
    "prune": {"type": "bool", "default": False},
    "update": {"type": "bool", "default": True},
    "variables": {"type": "dict", "default": {}, "no_log": True},
    "set_again": {"type": "bool", "default": False},
}


def main():
    """Run the module."""
    module = AnsibleModule(
        argument_spec={**ARGUMENTS, **COMMON},
        mutually_exclusive=[("content", "path")],
        required_one_of=[("content", "path")],
        supports_check_mode=True,
    )
    params = module.params
    path = params["path"]
    if path is None:
        path = os.path.join(module.tmpdir, "team.toml")
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(params["content"])
    words = []
    if params["prune"]:
        words.append("--prune")
    if params["set_again"]:
        words.append("--set-again")
    if not params["update"]:
        words.append("--no-update")
    variables = {name: str(value) for name, value in params["variables"].items()}
    module.exit_json(**Program(module).apply(path, words, variables))


if __name__ == "__main__":
    main()
