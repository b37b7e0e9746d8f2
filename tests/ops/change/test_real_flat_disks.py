"""A whole life of a profile on a real disk that keeps no permissions: one of Windows."""

from __future__ import annotations

from pathlib import Path

import pytest
from inprocess import RUN
from realdisk import play

START = (
    RUN
    + """
base, options = Path(sys.argv[1]), sys.argv[2]
image, disk, source = base / "image", base / "disk", base / "bot"
disk.mkdir()
with image.open("wb") as file:
    file.truncate(32 << 20)
subprocess.run(["mkntfs", "-F", "-q", image], check=True, capture_output=True)
subprocess.run(["ntfs-3g", *(["-o", options] if options else []), image, disk], check=True)
root = Path(os.environ["HERMES_HOME"])
home = root / "profiles/bot"
TOOL, LATER = "skills/a/tool.sh", "skills/a/later.sh"

def package(version, later):
    for path, text in {
        "distribution.yaml": f"name: bot\\nversion: 1.0.{version}\\ndescription: d\\n",
        "SOUL.md": f"soul {version}\\n\\nmiddle\\n\\nend\\n",
        "skills/a/SKILL.md": "---\\nname: a\\ndescription: d\\n---\\nbody\\n",
        f"skills/v{version}/SKILL.md": f"---\\nname: v{version}\\ndescription: d\\n---\\nbody\\n",
        TOOL: "#!/bin/sh\\n",
        LATER: "#!/bin/sh\\n",
    }.items():
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        (source / path).write_text(text)
    (source / TOOL).chmod(0o755)
    (source / LATER).chmod(later)
    (source / f"skills/v{version - 1}/SKILL.md").unlink(missing_ok=True)

def unchanged(name="bot"):
    assert "as its author ships it" in run("status", name), run("status", name)

def life():
    root.mkdir()
    package(0, 0o644)
    run("install", str(source), "--name", "bot", "-y", "--no-input")
    (disk / "file").touch()
    assert len({(disk / "file").stat().st_mode, (home / TOOL).stat().st_mode}) == 1, "all are alike"
    unchanged()
    (home / "SOUL.md").write_text("soul 0\\n\\nmiddle\\n\\nmine\\n")
    package(1, 0o755)
    run("update", "bot", "-y", "--no-input")
    assert (home / "SOUL.md").read_text() == "soul 1\\n\\nmiddle\\n\\nmine\\n"
    assert not (home / "skills/v0").exists()
    (home / "SOUL.md").write_text("soul 1\\n\\nmiddle\\n\\nend\\n")
    unchanged()
    run("rollback", "bot", "-y", "--no-input")
    assert (home / "skills/v0/SKILL.md").exists() and not (home / "skills/v1").exists()
    unchanged()
    run("export", "bot", "-o", str(base / "bot.tar.gz"))
    run("import", str(base / "bot.tar.gz"), "--name", "again", "-y", "--no-input")
    unchanged("again")
    run("rename", "again", "other")
    unchanged("other")
    run("uninstall", "other", "-y")
    left = [p for p in (root / "profiles/other").rglob("*") if p.is_file() and ".dist" not in p.parts]
    assert [p.name for p in left] in ([], [".env"]), left
    assert not list(root.rglob("*.tmp"))

try:
    life()
finally:
    subprocess.run(["umount", disk], check=True)
"""
)


@pytest.mark.needs("ntfs")
@pytest.mark.parametrize(
    "options", ["", "no_def_opts,fmask=0022,dmask=0022", "fmask=0133,dmask=0022"]
)
def test_a_profile_lives_on_a_disk_of_windows(options: str, tmp_path: Path) -> None:
    """With these options a change of permissions is ignored, refused, or no file is executable at all."""
    play(START, tmp_path, options)
