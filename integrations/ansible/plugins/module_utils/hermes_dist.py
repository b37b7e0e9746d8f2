# Copyright: (c) The hermes-dist authors
# MIT License (see LICENSE or https://opensource.org/license/mit)
"""What the modules share: run the hermes-dist of a machine, and tell in Ansible's words what it said."""

from __future__ import annotations

import json
import os

COMMON = {
    "conflict": {"type": "str", "choices": ["keep", "theirs", "abort"]},
    "accept_new_key": {"type": "bool", "default": False, "no_log": False},
    "accept_unsigned": {"type": "bool", "default": False},
    "accept_moved_tag": {"type": "bool", "default": False},
    "allow_downgrade": {"type": "bool", "default": False},
    "ignore_requires": {"type": "bool", "default": False},
    "restart": {"type": "bool", "default": False},
    "offline": {"type": "bool", "default": False},
    "executable": {"type": "str", "default": "hermes-dist"},
    "hermes_home": {"type": "path"},
}
"""The options of every module."""

_FLAGS = (
    "accept_new_key",
    "accept_unsigned",
    "accept_moved_tag",
    "allow_downgrade",
    "ignore_requires",
    "restart",
    "offline",
)
_GOOD = (0, 3, 10)
"""The codes of a run that did what it could: done; conflicts are open; a dry run with changes."""


class Program:
    """The hermes-dist of this machine."""

    def __init__(self, module):
        """Find it.

        Args:
            module: The AnsibleModule, with the options of COMMON. It fails if there is no such program.
        """
        self._module = module
        # What pipx and uv install is not on the PATH of a session without a login shell.
        places = [os.path.expanduser("~/.local/bin")]
        self._path = module.get_bin_path(module.params["executable"], opt_dirs=places)
        if self._path is None:
            name = module.params["executable"]
            hint = "install it (pipx install hermes-dist), or name it as executable"
            module.fail_json(msg=f"{name} is not on this machine: {hint}")

    def run(self, words, environment=None):
        """Run a command without questions.

        Args:
            words: The words after the program's name; never a secret, because others see them.
            environment: Variables for it alone, such as secrets.

        Returns:
            The object that it printed, and its exit code. The module fails if it printed none.
        """
        variables = dict(environment or {})
        if self._module.params["hermes_home"]:
            variables["HERMES_HOME"] = self._module.params["hermes_home"]
        code, out, err = self._module.run_command(
            [self._path, *words, "--json", "--no-input", "--no-progress"],
            environ_update=variables,
        )
        # A file that the module itself wrote is named as its users call it.
        out = out.replace(os.path.join(self._module.tmpdir, ""), "")
        try:
            return json.loads(out), code
        except ValueError:
            what = (err.strip() or out.strip()).splitlines() or ["it said nothing"]
            self._module.fail_json(msg=f"{words[0]}: {what[0]}", rc=code, stderr=err, stdout=out)

    def apply(self, file, words=(), environment=None):
        """Make this machine as a file says, or only look in check mode; ends the module if that fails.

        Args:
            file: The path of the file.
            words: More options of ``apply``.
            environment: Variables for it alone.

        Returns:
            The result of the module.
        """
        params = self._module.params
        options = ["--" + name.replace("_", "-") for name in _FLAGS if params[name]]
        if params["conflict"]:
            options += ["--conflict", params["conflict"]]
        options.append("--dry-run" if self._module.check_mode else "--yes")
        said, code = self.run(["apply", file, *options, *words], environment)
        if not str(said.get("schema", "")).startswith("hermes-dist/apply/1"):
            self.fail(said, code)
        return self._result(said, code)

    def fail(self, said, code):
        """End the module with the error that a command printed."""
        error = said.get("error")
        if isinstance(error, dict):
            self._module.fail_json(msg=words_of(error), rc=code, error=error)
        form = said.get("schema")
        hint = "install another version of it, or of this collection"
        self._module.fail_json(
            msg=f"this hermes-dist answers in another form ({form}): {hint}", rc=code
        )

    def _result(self, said, code):
        steps = said["steps"]
        wanted = "planned" if said["dry_run"] else "done"
        result = {
            "changed": any(step["state"] == wanted for step in steps),
            "rc": code,
            "steps": steps,
            "open": said["open"],
            "missing": said["missing"],
        }
        # With --diff and not only in check mode; Ansible shows it only then.
        result["diff"] = {"prepared": "".join(line + "\n" for line in lines_of(steps))}
        errors = [step["error"] for step in steps if step["error"]]
        errors += [trouble["error"] for trouble in said["troubles"]]
        if errors or code not in _GOOD:
            said_so = "; ".join(map(words_of, errors)) or f"it ended with code {code}"
            self._module.fail_json(msg=said_so, errors=errors, **result)
        self._warn(result)
        return result

    def _warn(self, result):
        for one in result["open"]:
            if one["conflicts"]:
                places = ", ".join(one["conflicts"])
                self._module.warn(f"{one['profile']}: conflicts are open: {places}")
        for one in result["missing"]:
            self._module.warn(f"{one['profile']} needs {one['variable']} in its .env")


def words_of(error):
    """The sentence for an error: where, what, and what to do next."""
    words = ": ".join(filter(None, (error.get("where"), error.get("message"))))
    return f"{words} ({error['hint']})" if error.get("hint") else words


def lines_of(steps):
    """The steps that are done or would be, as the lines of a difference."""
    for step in steps:
        if step["state"] not in ("planned", "done"):
            continue
        words = [step["action"], *step["things"], *step.get("answers", ())]
        yield f"{step['profile'] or '(machine)'}: {' '.join(words)}"
        for word in step["gone"]:
            yield f"  - {word}"
        changes = step["changes"] or {}
        for path in changes.get("files", ()):
            yield f"  ~ {path}"
        for key in ("approved", "waiting", "conflicts"):
            for place in changes.get(key, ()):
                yield f"  {key}: {place}"
