"""Which messages were handled a moment ago: enough are remembered, and not more than that for ever."""

from shared.messaging import _REMEMBERED, Handled


def test_the_last_ones_are_remembered_and_the_first_ones_are_not() -> None:
    handled = Handled()
    for first in range(0, 3 * _REMEMBERED, 100):
        handled.add(str(n) for n in range(first, first + 100))
    assert all(str(n) in handled for n in range(2 * _REMEMBERED, 3 * _REMEMBERED))
    assert not any(str(n) in handled for n in range(_REMEMBERED - 100))


def test_it_is_crowded_long_before_anything_is_forgotten_until_what_was_heard_is_discarded() -> None:
    handled = Handled()
    handled.add(str(n) for n in range(_REMEMBERED * 3 // 4))
    assert handled.crowded
    for n in range(_REMEMBERED // 2):
        handled.discard(str(n))
    assert not handled.crowded
    assert "0" not in handled and str(_REMEMBERED // 2) in handled


def test_what_was_discarded_is_discarded_however_long_ago_it_was_handled() -> None:
    handled = Handled()
    handled.add(str(n) for n in range(_REMEMBERED))
    handled.add(["later"])
    handled.discard("0")
    assert "0" not in handled and "1" in handled and "later" in handled
