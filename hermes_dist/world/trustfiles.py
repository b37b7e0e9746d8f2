"""The keyring and the policies of this machine, as files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hermes_dist.brand import Layout
from hermes_dist.errors import DistError
from hermes_dist.model.trust import Keyring, Policy, dump_keyring, load_keyring, load_policy
from hermes_dist.world.fs import atomic_write, flock


def read_keyring(layout: Layout) -> Keyring:
    """Read the keyring; without a file it is empty.

    Raises:
        DistError: It can't be read, or is damaged: then nothing is trusted, and nothing let in.
    """
    data = _read(layout.trust_file)
    return Keyring() if data is None else load_keyring(data, str(layout.trust_file))


def change_keyring(layout: Layout, change: Callable[[Keyring], Keyring]) -> Keyring:
    """Change the keyring, and return it.

    Raises:
        DistError: It can't be read or written, or another command is at it.
    """
    with flock(layout.trust_file.with_suffix(".lock"), timeout=10):
        keyring = change(read_keyring(layout))
        atomic_write(layout.trust_file, dump_keyring(keyring))
    return keyring


def read_policies(layout: Layout) -> tuple[Policy, ...]:
    """Read every policy that there is.

    Raises:
        DistError: One can't be read or understood: then nothing is let in.
    """
    files = ((path, _read(path)) for path in layout.policies)
    return tuple(load_policy(data, str(path)) for path, data in files if data is not None)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise DistError(f"the file can't be read: {error.strerror}", where=str(path)) from error
