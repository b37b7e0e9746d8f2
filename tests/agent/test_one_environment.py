"""One environment for the agent and us: installed in either order, by pip, from wheels, without a network.

The environment is a copy of the agent's. The wheels are ours, built here, and the installed packages that it
lacks, packed again from this environment; so pip resolves and checks real metadata.
"""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from partners import Generation

Runs = Callable[..., subprocess.CompletedProcess[str]]
pytestmark = pytest.mark.slow

PROJECT = Path(__file__).parent.parent.parent
LEFT_OUT = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"}


def found_in(site: Path, name: str) -> Distribution | None:
    wanted = canonicalize_name(name)
    for info in site.glob("*.dist-info"):
        if canonicalize_name(info.name.removesuffix(".dist-info").partition("-")[0]) == wanted:
            return Distribution.at(info)
    return None


def pack(dist: Distribution, folder: Path) -> Path:
    """Make a wheel of an installed package: its files, its own metadata, a new record."""
    tags = re.findall(r"^Tag: (\S+)$", dist.read_text("WHEEL") or "", re.MULTILINE)
    assert tags, f"{dist.name} was not installed from a wheel"
    parts = [sorted({tag.split("-")[n] for tag in tags}) for n in range(3)]
    name = re.sub(r"[-_.]+", "_", dist.name)
    wheel = folder / "-".join([name, dist.version, *(".".join(part) for part in parts)])
    wheel = wheel.with_name(f"{wheel.name}.whl")
    info = next(file.parts[0] for file in dist.files or () if file.parts[0].endswith(".dist-info"))
    record = []
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_STORED) as archive:
        for file in dist.files or ():
            inside = packed_name(file.parts, f"{info.removesuffix('.dist-info')}.data")
            if inside is None or (file.parts[0] == info and file.name in LEFT_OUT):
                continue
            data = Path(str(file.locate())).read_bytes()
            archive.writestr(inside, data)
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            record.append(f'"{inside}",sha256={digest},{len(data)}\n')
        archive.writestr(f"{info}/RECORD", "".join(record) + f"{info}/RECORD,,\n")
    return wheel


def packed_name(parts: tuple[str, ...], data: str) -> str | None:
    """Where an installed file belongs in a wheel; None for what pip makes by itself."""
    if "__pycache__" in parts:
        return None
    if parts[0] != "..":
        return "/".join(parts)
    rest = [part for part in parts if part != ".."]
    return None if rest[0] == "bin" else "/".join([data, "data", *rest])


def missing(site: Path, requirements: list[str]) -> Iterator[Distribution]:
    """What the agent's environment lacks of our requirements, with all that those need."""
    seen: set[str] = set()
    queue = list(requirements)
    while queue:
        requirement = Requirement(queue.pop())
        name = canonicalize_name(requirement.name)
        if name in seen or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        seen.add(name)
        if found_in(site, name) is None:
            try:
                dist = distribution(name)
            except PackageNotFoundError:
                pytest.fail(
                    f"this environment lacks {name}: install the project with its dev extra"
                )
            yield dist
            queue.extend(dist.requires or ())


@pytest.fixture(scope="session")
def wheels(
    generation: Generation, agent_venv: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A folder of wheels: ours, the agent's, and what ours needs besides."""
    folder = tmp_path_factory.mktemp("wheels")
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "--no-deps",
            "--no-index",
            "--no-build-isolation",
            "-q",
            "--disable-pip-version-check",
            "-w",
            str(folder),
            str(PROJECT),
        ],
        check=True,
        capture_output=True,
    )
    (ours,) = folder.glob("hermes_dist-*.whl")
    with zipfile.ZipFile(ours) as archive:
        (metadata,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        lines = archive.read(metadata).decode().splitlines()
    (site,) = agent_venv.glob("lib/python*/site-packages")
    needs = [
        line.removeprefix("Requires-Dist: ") for line in lines if line.startswith("Requires-Dist: ")
    ]
    for dist in missing(site, needs):
        pack(dist, folder)
    agent = found_in(site, generation.distribution)
    assert agent is not None, f"{site} has no {generation.distribution}"
    pack(agent, folder)
    return folder


@pytest.fixture
def venv(agent_venv: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of the agent's environment whose commands run the copy."""
    copy, real = (
        tmp_path / "venv",
        agent_venv.resolve(),
    )  # its commands name the folder, not a link to it
    shutil.copytree(real, copy, symlinks=True)
    for program in (copy / "bin").iterdir():
        if program.is_file() and not program.is_symlink():
            program.write_bytes(
                program.read_bytes().replace(str(real).encode(), str(copy).encode())
            )
    yield copy
    shutil.rmtree(copy)


@pytest.fixture
def pip(venv: Path, wheels: Path, run: Runs) -> Callable[..., str]:
    def pip(*args: str) -> str:
        # To compile all of the agent takes longer than the whole story, in which next to nothing of it runs.
        install = ["--no-compile", "--no-index", "--find-links", str(wheels)]
        offline = install if args[0] == "install" else []
        python = venv / "bin" / "python"
        return run(python, "-m", "pip", "--disable-pip-version-check", *args, *offline).stdout

    return pip


def answers(run: Runs, venv: Path, generation: Generation) -> None:
    """The agent's own command is the agent's."""
    assert f"Hermes Agent v{generation.version}" in run(venv / "bin" / "hermes", "--version").stdout


def ours_answer(run: Runs, venv: Path) -> None:
    for command in ("hermes-dist", "aigenlabs-dist"):
        assert run(venv / "bin" / command, "--version").stdout.strip()


def test_installed_after_the_agent_both_work_the_plugin_runs_and_our_uninstall_leaves_the_agent(
    venv: Path, pip: Callable[..., str], run: Runs, home: Path, generation: Generation
) -> None:
    pip("install", "hermes-dist")
    assert "No broken requirements" in pip("check")
    answers(run, venv, generation)
    ours_answer(run, venv)
    hermes = venv / "bin" / "hermes"
    (home / ".hermes" / "profiles" / "coder").mkdir(parents=True)
    (home / ".hermes" / "profiles" / "coder" / ".env").touch(0o600)
    before = run(hermes, "dist", "list", ok=False)
    assert "coder" not in before.stdout
    if generation.enables_alone:
        run(hermes, "plugins", "enable", "dist")
    else:
        (home / ".hermes" / "config.yaml").write_text("plugins:\n  enabled: [dist]\n")
    assert "coder" in run(hermes, "dist", "list").stdout
    assert "coder" in run(hermes, "dist", "list", "--json").stdout
    assert "hermes dist" in run(hermes, "dist", "--help").stdout
    assert "hermes dist" in run(hermes, "dist", "list", "--help").stdout
    assert run(hermes, "dist", "no-such-verb", ok=False).returncode == 2
    assert run(hermes, "dist", "show", "nobody", ok=False).returncode == 1
    through = run(
        venv / "bin" / "python",
        "-P",
        "-m",
        "hermes_dist",
        "--front-door",
        "-p",
        "coder",
        "config",
        "path",
    )
    assert through.stdout.strip() == str(home / ".hermes" / "profiles" / "coder" / "config.yaml")
    pip("uninstall", "-y", "hermes-dist")
    answers(run, venv, generation)
    run(hermes, "config", "path")
    assert not (venv / "bin" / "hermes-dist").exists()


def test_installed_before_the_agent_both_work_and_our_uninstall_leaves_the_agent(
    venv: Path, pip: Callable[..., str], run: Runs, generation: Generation
) -> None:
    pip("uninstall", "-y", generation.distribution)
    pip("install", "hermes-dist")
    ours_answer(run, venv)
    assert not (venv / "bin" / "hermes").exists()
    pip("install", f"{generation.distribution}=={generation.version}")
    assert "No broken requirements" in pip("check")
    answers(run, venv, generation)
    ours_answer(run, venv)
    pip("uninstall", "-y", "hermes-dist")
    answers(run, venv, generation)
