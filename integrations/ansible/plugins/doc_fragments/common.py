# Copyright: (c) The hermes-dist authors
# MIT License (see LICENSE or https://opensource.org/license/mit)
"""The options of every module of this collection, as documentation."""

from __future__ import annotations


class ModuleDocFragment:
    """Found by Ansible by this name."""

    DOCUMENTATION = r"""
options:
  conflict:
    description:
      - What to do where both sides changed the same. V(keep) takes what is on the machine, V(theirs) what the package
        has, and V(abort) fails and changes nothing in that profile.
      - Without it, what is on the machine stays, the conflict is left open, and the task warns.
    type: str
    choices: [keep, theirs, abort]
  accept_new_key:
    description: Accept a release that is signed with another key.
    type: bool
    default: false
  accept_unsigned:
    description: Accept an unsigned release where signed ones came before.
    type: bool
    default: false
  accept_moved_tag:
    description: Accept a tag that moved to another commit.
    type: bool
    default: false
  allow_downgrade:
    description: Accept a source that went back to an older commit.
    type: bool
    default: false
  ignore_requires:
    description: Skip the check of the agent's version.
    type: bool
    default: false
  restart:
    description: Restart the running gateways that the change affects.
    type: bool
    default: false
  offline:
    description: Contact no server.
    type: bool
    default: false
  executable:
    description: The program, as a path or a name on C(PATH) or in C(~/.local/bin).
    type: str
    default: hermes-dist
  hermes_home:
    description: The folder of the agent on the managed machine, if it is not C(~/.hermes).
    type: path
"""
