"""Whoever has had their turn is held no longer."""

from shared.let_go import let_go


def test_things_are_let_go_one_by_one_in_their_order() -> None:
    things = [1, 2, 3]
    assert [(thing, len(things)) for thing in let_go(things)] == [(1, 2), (2, 1), (3, 0)]
