"""Other tools that do a part of the same: copier updates a project from a template, apm installs skills.

Both get package M in their own form: as a template whose files need no filling in, and as a package of skills.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from benchmarks.packages import edit, git, write

Run = Callable[..., float]
"""Runs a command for a HOME; returns the seconds it took."""
_ANSWERS = "{{_copier_conf.answers_file}}.jinja"


class Copier:
    """A project that was made from a template, and is updated from it.

    Args:
        program: The command ``copier``.
        root: A folder of its own.
        home: The HOME of the user.
        run: Runs a command.
    """

    def __init__(self, program: str, root: Path, home: Path, run: Run) -> None:
        self._program, self._home, self._run = program, home, run
        self._template, self._project = root / "template", root / "project"
        self._edition = 0
        write(self._template, "M", 0)
        (self._template / "copier.yml").write_text("_templates_suffix: .jinja\n")
        (self._template / _ANSWERS).write_text("{{ _copier_answers|to_nice_yaml }}\n")
        git(self._template, "init", "-q", "-b", "main")
        self._tagged()
        source = f"git+{self._template.as_uri()}"
        self._copier("copy", "--defaults", "--quiet", source, str(self._project))
        git(self._project, "init", "-q", "-b", "main")
        self._kept("made")

    def update(self) -> float:
        """Publish a version that changes five files, edit two of them elsewhere, and update; returns the seconds."""
        self._edition += 1
        write(self._template, "M", self._edition, 3)
        self._tagged()
        edit(self._project)
        self._kept("edited")  # copier updates only what is committed
        spent = self._copier("update", "--defaults", "--quiet", str(self._project))
        self._kept("updated")
        return spent

    def _copier(self, *words: str) -> float:
        return self._run(self._home, self._program, *words)

    def _tagged(self) -> None:
        git(self._template, "add", "-A")
        git(self._template, "commit", "-qm", f"edition {self._edition}")
        git(self._template, "tag", f"v1.{self._edition}.0")

    def _kept(self, what: str) -> None:
        git(self._project, "add", "-A")
        git(self._project, "commit", "-qm", what)


class Apm:
    """Projects that install the skills of M over HTTP.

    Args:
        program: The command ``apm``.
        root: The folder whose repositories are served.
        url: Where it is served.
        run: Runs a command.
    """

    def __init__(self, program: str, root: Path, url: str, run: Run) -> None:
        self._program, self._run = program, run
        self._projects = 0
        self._root = root
        self._source = f"{url}/peer/skills.git"  # it wants an owner and a name
        work, plain = root / "peer-work", root / "peer-plain"
        write(plain, "M", 0)
        (work / ".apm/skills").mkdir(parents=True)
        (work / "apm.yml").write_text("name: skills\nversion: 1.0.0\n")
        for skill in plain.glob("skills/*"):
            shutil.move(skill, work / ".apm/skills" / skill.name)
        git(work, "init", "-q", "-b", "main")
        git(work, "add", "-A")
        git(work, "commit", "-qm", "all")
        git(root, "clone", "-q", "--bare", str(work), str(root / "peer/skills.git"))

    def install(self, home: Path) -> float:
        """Install into a new project; returns the seconds."""
        self._projects += 1
        project = self._root / f"peer-project{self._projects}"
        project.mkdir()
        (project / "apm.yml").write_text("name: project\nversion: 1.0.0\n")
        return self._run(
            home,
            "sh",
            "-c",
            'cd "$1" && shift && exec "$@"',
            "sh",
            str(project),
            self._program,
            "install",
            "--target",
            "claude",
            "--allow-insecure",
            self._source,
        )
