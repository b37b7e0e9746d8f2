from __future__ import annotations

from collections.abc import Mapping

from hermes_dist.model.discreet import Contents, Discreet


class Login(Discreet, frozen=True):
    user: str
    password: str = ""


def test_a_value_that_holds_secrets_shows_its_class_alone() -> None:
    login = Login("ada", "hunter2")
    assert repr(login) == str(login) == f"{login}" == "Login(…)"
    assert "hunter2" not in repr([login])


def test_it_is_a_value_like_any_other() -> None:
    assert Login("ada", "x") == Login("ada", "x")
    assert Login("ada", "x") != Login("ada", "y")
    assert len({Login("ada"), Login("ada"), Login("bob")}) == 2


class Parcel(Contents, frozen=True):
    name: str
    letter: bytes = b""
    blobs: Mapping[str, bytes] = {}
    beside: Mapping[str, tuple[bytes, int]] = {}
    sizes: Mapping[str, int] = {}


def test_a_value_that_holds_contents_shows_how_many() -> None:
    parcel = Parcel("a", b"hunter2", {"x": b"hunter2"}, {"y": (b"hunter2", 1)}, {"z": 1})
    assert repr(parcel) == (
        "Parcel(name='a', letter=<7 bytes>, blobs=<1 contents>, beside=<1 contents>, sizes={'z': 1})"
    )
    assert repr(Parcel("a")) == "Parcel(name='a', letter=<0 bytes>, blobs={}, beside={}, sizes={})"
