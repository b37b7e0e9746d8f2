"""What git says while it works, as people see it."""

from __future__ import annotations

from hermes_dist.world.git.errors import masked_lines


def test_counts_are_shown_and_the_names_of_our_own_refs_are_not() -> None:
    said: list[str] = []
    heard = masked_lines(said.append, "https://me:token@example.org/bot")
    assert heard is not None
    heard("Receiving objects: 100% (5/5), done.")
    heard(" * 71024374 -> refs/dist/71024374")
    heard("fetching https://me:token@example.org/bot")
    assert said == ["Receiving objects: 100% (5/5), done.", "fetching https://example.org/bot"]
