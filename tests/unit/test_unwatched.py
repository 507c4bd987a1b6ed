"""What a large piece of work holds does not make the garbage collector stop everybody for long."""

import gc

from shared.unwatched import unwatched


class Row:
    def __init__(self, number: int) -> None:
        self.cells = {"number": [number]}


def test_full_collections_do_not_look_at_what_is_held() -> None:
    gc.collect()
    looked_at = len(gc.get_objects())
    with unwatched() as each:
        held = [Row(number) for number in each(range(20_000))]
        # what has been made since the last time, and nothing of what was there before
        assert len(gc.get_objects()) < 5_000 < looked_at
    assert len(gc.get_objects()) > len(held)


def test_the_last_block_to_end_gives_everything_back() -> None:
    with unwatched() as each:
        with unwatched() as other:
            kept = list(map(Row, other(range(10))))
        assert gc.get_freeze_count() > 0
        list(each(kept))
    assert gc.get_freeze_count() == 0
