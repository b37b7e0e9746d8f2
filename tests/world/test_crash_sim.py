"""A power cut after any change of any operation leaves, once recovered, the old home or the new one."""

from __future__ import annotations

import pytest
from budget import IS_QUICK, cuts, some
from crashes import Harness, Operation, operations
from mutants import mutant

OPERATIONS = {operation.name: operation for operation in operations()}
ROUNDS, NESTED = 60, 2
STATES = 10_000 if IS_QUICK else 100_000  # in all, over the operations below

_counted: list[int] = []


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_power_cut_ends_as_old_or_new(name: str) -> None:
    operation = OPERATIONS[name]
    rounds, nested = cuts(ROUNDS, NESTED)
    report = Harness(operation).run(max(1, int(rounds * operation.share)), nested)
    if operation.share == 1:
        _counted.append(report.states)
    assert report.bad == []
    if name in {"update", "first install", "uninstall", "rollback"}:
        assert report.mixed > 100 * rounds // ROUNDS, "the simulator made no state worth recovering"


def test_enough_states_are_looked_at() -> None:
    full = [operation for operation in OPERATIONS.values() if operation.share == 1]
    missing = len(full) - len(_counted)  # run alone or spread over processes
    per_operation = [sum(_counted) // max(1, len(_counted))] * missing
    assert not _counted or sum(_counted) + sum(per_operation) >= STATES


LEFT = "update that leaves a file alone"
LEFT_BY_LINKS = f"{LEFT}, exchange False, links True"
UPDATE, INSTALL, MANY = "update", "first install", "update of many files"
MUTANTS = [
    # module, the line, what becomes of it, an operation that shows it
    ("realize", "        fs.unlink(BALLAST)", "        pass", UPDATE),
    (
        "realize",
        "        _sync(fs, {_folder(journal.steps[i].path) for i in early} | {TXN})",
        "        pass",
        "file and folder change places",
    ),
    (
        "realize",
        "        _remove_emptied(fs, [journal.steps[i] for i in early]",
        "        (lambda *a, **k: 0)(0",
        "file and folder change places",
    ),
    (
        "realize",
        "    _sync(fs, {_folder(step.path) for step in journal.steps} | {TXN})",
        "    pass",
        "uninstall",
    ),
    (
        "realize",
        "{_folder(step.path) for step in journal.steps} | {TXN}",
        "{_folder(step.path) for step in journal.steps}",
        "modes only",
    ),
    ("realize", "{_folder(step.path) for step in journal.steps} | {TXN}", "{TXN}", UPDATE),
    ("realize", '        _sync(fs, {"", TXN})', "        pass", "lock only"),
    ("realize", '        _sync(fs, {"", TXN})', "        _sync(fs, {TXN})", "lock only"),
    ("realize", "    _sync(fs, held)", "    pass", INSTALL),
    ("realize", "        if made or again:", "        if made:", INSTALL),
    ("realize", "            held.add(_folder(folder))", "            held.add(folder)", INSTALL),
    (
        "realize",
        '    if fs.kind(GENERATIONS) == "absent":\n        fs.mkdir(GENERATIONS, 0o700)\n    while',
        "    fs.unlink(f'{TXN}/journal')\n    while",
        UPDATE,
    ),
    (
        "realize",
        '        fs.rename(path, f"{slot}.out")\n        _sync(fs, {TXN, _folder(path)})\n',
        '        fs.rename(path, f"{slot}.out")\n',
        "update without exchange",
    ),
    (
        "realize",
        "        fs.noreplace(slot, path)\n        _sync(fs, {TXN, _folder(path)})\n        fs.rename",
        "        fs.noreplace(slot, path)\n        fs.rename",
        "update without exchange",
    ),
    (
        "realize",
        "    if not _finish_swap(fs, slot, step.path):\n        return False\n",
        "",
        "update by links",
    ),
    ("realize", "    _finish_swap(fs, slot, LOCKFILE)\n", "", "update by links"),
    (
        "realize",
        "        fs.rename(step.path, slot)\n",
        "        fs.unlink(step.path)\n",
        "uninstall",
    ),
    (
        "realize",
        "            fs.rename(LOCKFILE, _spare(fs, slot))\n",
        "            fs.unlink(LOCKFILE)\n",
        "uninstall",
    ),
    (
        "apply",
        "    for folder in sorted(held):\n        fs.sync_folder(folder)\n",
        "",
        UPDATE,
    ),
    ("apply", "exact=exact, sync=each, like=step.path)", "exact=exact, sync=False)", UPDATE),
    (
        "apply",
        "        fs.write_new(slot_of_lock(), lock_after, 0o644, sync=each, like=LOCKFILE)",
        "        fs.write_new(slot_of_lock(), lock_after, 0o644, sync=False)",
        "lock only",
    ),
    ("apply", "    if not each:\n        fs.sync_all()\n", "", MANY),
    ("apply", "    fs.sync_folder(TXN)\n    fs.rename(DRAFT", "    fs.rename(DRAFT", UPDATE),
    ("apply", "JOURNAL)\n    fs.sync_folder(TXN)\n\n", "JOURNAL)\n\n", UPDATE),
    (
        "apply",
        "    if not journal.places:\n        fs.write_new(DRAFT, journal.encode(), 0o600)",
        "    fs.write_new(DRAFT, journal.encode(), 0o600, sync=False)",
        "modes only",
    ),
    (
        "apply",
        '        for folder in ("", PRIVATE, TXN):\n            fs.sync_folder(folder)\n',
        "        pass\n",
        INSTALL,
    ),
    ("apply", "        fs.rename(JOURNAL, DRAFT)  #", "        pass  #", "journal not confirmed"),
    (
        "apply",
        "    fs.sync_folder(TXN)\n    drafted",
        "    drafted",
        "journal not confirmed",
    ),
    (
        "apply",
        (
            "            abort.pop_all()\n            newest = partial(put_on_newest, fs, journal, guards, carries)\n"
            "            return _carry_out(fs, journal, guards, newest)"
        ),
        "            return Applied()",
        UPDATE,
    ),
    (
        "realize",
        "        _remake_emptied(fs, journal)\n        left",
        "        left",
        "places changed back",
    ),
    ("realize", "    _remake_emptied(fs, journal)\n    _part", "    _part", "uninstall taken back"),
    (
        "realize",
        "        _swap_lock(fs, back.lock_after)\n",
        "        pass\n",
        "update taken back",
    ),
    (
        "realize",
        "    _sync(fs, {TXN} | {_folder(step.path) for step in back.steps})",
        "    pass",
        "update taken back",
    ),
    (
        "realize",
        "        _sync(fs, {TXN} | {_folder(back.steps[i].path) for i in come})\n",
        "        pass\n",
        "places changed back",
    ),
    (
        "realize",
        "    _sync(fs, {_folder(folder) for folder in journal.emptied})\n",
        "",
        "uninstall taken back",
    ),
    ("realize", "    _sync(fs, {TXN})\n    _swap(", "    _swap(", LEFT_BY_LINKS),
    ("realize", "        settle_lock(fs, journal)\n", "        pass\n", LEFT),
    ("lock_told", "    fs.sync_folder(TXN)\n    journal =", "    journal =", LEFT),
    (
        "lock_told",
        "    fs.write_new(_STAGED, told, 0o600)",
        "    fs.write_new(_STAGED, told, 0o600, sync=False)",
        LEFT,
    ),
    ("lock_told", "    rewrite(fs, journal)\n", "", LEFT),
    ("lock_told", "like=LOCKFILE)\n        fs.sync_folder(TXN)\n", "like=LOCKFILE)\n", LEFT),
    (
        "generations",
        '                fs.unlink(f"{folder}/journal")\n',
        "                pass\n",
        "prune",
    ),
    (
        "generations",
        "            fs.sync_folder(folder)\n            remove_tree",
        "            remove_tree",
        "prune",
    ),
    (
        "new_home",
        "        fs.sync_folder(folder)\n    except",
        "        pass\n    except",
        "a new home",
    ),
    (
        "new_home",
        "    if not each:\n        fs.sync_all(home)\n        return paths, inner\n",
        "    if not each:\n        return paths, inner\n",
        "a new home of many files",
    ),
    ("new_home", '        fs.sync_folder(f"{home}/{folder}")\n', "        pass\n", "a new home"),
    ("new_home", "    fs.sync_folder(home)\n", "", "a new home"),
    (
        "new_home",
        "exact=mode == 0o600, sync=each)",
        "exact=mode == 0o600, sync=False)",
        "a new home",
    ),
]


def test_there_are_enough_seeded_faults() -> None:
    assert len(MUTANTS) >= 25


@pytest.mark.parametrize(
    ("module", "old", "new", "name"), some(MUTANTS, kind=lambda row: (row[0], row[3]))
)
def test_every_seeded_fault_is_caught(module: str, old: str, new: str, name: str) -> None:
    assert Harness(OPERATIONS[name], mutant(module, old, new)).run(80, 3, stop=True).bad


def test_the_simulator_finds_nothing_in_an_unchanged_copy() -> None:
    same = mutant("realize", "def forward(", "def forward(")
    operation: Operation = OPERATIONS[UPDATE]
    assert Harness(operation, same).run(20, 1).bad == []
