"""The keyring and the policies of this machine, as files."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from hermes_dist.brand import Layout
from hermes_dist.light import TYPE_CHECKING
from hermes_dist.world.disk.errors import trouble
from hermes_dist.world.files import read_file

if TYPE_CHECKING:
    from hermes_dist.model.trust import Keyring, Policy


def read_keyring(layout: Layout) -> Keyring:
    """Read the keyring; without a file it is empty.

    Raises:
        DistError: The keyring can't be read or is damaged; nothing is then trusted or accepted.
    """
    from hermes_dist.model.trust import Keyring, load_keyring  # noqa: PLC0415 - start-up

    data = _read(layout.trust_file)
    return Keyring() if data is None else load_keyring(data, layout.called(layout.trust_file))


def change_keyring(layout: Layout, change: Callable[[Keyring], Keyring]) -> Keyring:
    """Change the keyring, and return it.

    Raises:
        DistError: The keyring can't be read or written, or another command is changing it.
    """
    from hermes_dist.model.trust import dump_keyring  # noqa: PLC0415 - start-up
    from hermes_dist.world.disk.fs import atomic_write  # noqa: PLC0415 - start-up
    from hermes_dist.world.disk.locks import flock  # noqa: PLC0415 - start-up

    with flock(layout.trust_file.with_suffix(".lock"), timeout=10):
        keyring = change(read_keyring(layout))
        atomic_write(layout.trust_file, dump_keyring(keyring))
    return keyring


def read_policies(layout: Layout) -> tuple[Policy, ...]:
    """Read every policy that there is.

    Raises:
        DistError: A policy can't be read or understood; nothing is then accepted.
    """
    places = (*layout.policies, *sorted(_policies_in(layout.team_policies)))
    files = [(layout.called(path), data) for path in places if (data := _read(path)) is not None]
    if not files:
        return ()
    from hermes_dist.model.trust import load_policy  # noqa: PLC0415 - only where a policy is set

    return tuple(load_policy(data, path) for path, data in files)


def _policies_in(folder: Path) -> list[Path]:
    try:
        return [folder / name for name in os.listdir(folder) if name.endswith(".toml")]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise trouble(error, "the folder can't be read", where=str(folder)) from error


def _read(path: Path) -> bytes | None:
    try:
        return read_file(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise trouble(error, "the file can't be read", where=str(path)) from error
