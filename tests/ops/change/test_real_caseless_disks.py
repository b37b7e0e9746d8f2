"""Names that only change their spelling, on a real disk that takes both for one: exFAT, as on USB sticks."""

from __future__ import annotations

from pathlib import Path

import pytest
from inprocess import RUN
from realdisk import play

START = (
    RUN
    + """
import signal
from hermes_dist.world.disk.fs import RealFs
from hermes_dist.world.transaction.apply import recover

base = Path(sys.argv[1])
image, disk, source = base / "image", base / "disk", base / "bot"
disk.mkdir()
with image.open("wb") as file:
    file.truncate(32 << 20)
subprocess.run(["mkfs.exfat", image], check=True, capture_output=True)
loop = subprocess.run(
    ["losetup", "-f", "--show", image], check=True, capture_output=True, text=True
).stdout.strip()
root = Path(os.environ["HERMES_HOME"])
home = root / "profiles/bot"
MANIFEST = "name: bot\\nversion: 1.0.{}\\ndescription: d\\ndistribution_owned: [SOUL.md, skills, notes]\\n"
SKILL = "---\\nname: r\\ndescription: d\\n---\\none {}\\n\\ntwo\\n\\nthree\\n"
OLD = {"notes/readme.md": "read\\n" * 9, "skills/Research/SKILL.md": SKILL.format(0)}
NEW = {"notes/README.md": "read\\n" * 9, "skills/research/SKILL.md": SKILL.format(1)}

def package(version, files):
    subprocess.run(["rm", "-rf", source], check=True)
    texts = {"distribution.yaml": MANIFEST.format(version), "SOUL.md": f"soul {version}\\n", **files}
    for path, text in texts.items():
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        (source / path).write_text(text)

def there():
    return {
        path.relative_to(home).as_posix(): path.read_text()
        for top in ("notes", "skills")
        for path in (home / top).rglob("*")
        if path.is_file()
    }

def cut_short(step):
    if (child := os.fork()) == 0:
        real, calls = RealFs.rename, [0]
        def rename(self, one, other):
            calls[0] += 1
            if calls[0] == step:
                os.kill(os.getpid(), signal.SIGKILL)
            real(self, one, other)
        RealFs.rename = rename
        run("update", "bot", "-y", "--no-input")
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

def life():
    root.mkdir()
    package(0, OLD)
    run("install", str(source), "--name", "bot", "-y", "--no-input")
    assert (home / "SKILLS").is_dir(), "the disk takes both for one"
    (home / "skills/Research/mine.md").write_text("mine\\n")
    (home / "skills/Research/__pycache__").mkdir()
    (home / "skills/Research/__pycache__/x.pyc").write_text("cache\\n")
    (home / "skills/Research/SKILL.md").write_text(SKILL.format(0).replace("three", "MINE"))
    before = there()
    after = {
        "notes/README.md": NEW["notes/README.md"],
        "skills/research/SKILL.md": SKILL.format(1).replace("three", "MINE"),
        "skills/research/mine.md": "mine\\n",
        "skills/research/__pycache__/x.pyc": "cache\\n",
    }
    package(1, NEW)
    step = 1
    while cut_short(step):
        with RealFs(home, home=True) as fs:
            recover(fs)
        assert there() in (before, after), (step, there())
        if there() == after:
            run("undo", "bot", "-y", "--no-input")
        step += 1
    assert step > 5
    assert there() == after
    said = run("status", "bot")
    assert "skills/research/SKILL.md" in said and "renamed" not in said and "deleted" not in said
    run("undo", "bot", "-y", "--no-input")
    assert there() == before
    run("update", "bot", "-y", "--no-input")
    package(2, OLD)
    run("update", "bot", "-y", "--no-input")
    assert there() == before
    run("uninstall", "bot", "-y")
    assert set(there()) <= {*before} - {"notes/readme.md"}

try:
    subprocess.run(["mount.exfat-fuse", loop, disk], check=True, capture_output=True)
    try:
        life()
    finally:
        subprocess.run(["umount", disk], check=True)
finally:
    subprocess.run(["losetup", "-d", loop], check=True)
"""
)


@pytest.mark.needs("exfat")
def test_names_change_their_spelling_on_a_disk_that_takes_both_for_one(tmp_path: Path) -> None:
    play(START, tmp_path)
