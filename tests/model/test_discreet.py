from __future__ import annotations

from hermes_dist.model.discreet import Discreet


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
