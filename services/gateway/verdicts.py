"""What became of a sheet's rows."""

from collections.abc import Iterable

from shared.rows import Judged, Verdict


class Verdicts:
    """The verdicts on a sheet's rows; `rows`, `accepted` and `duplicates` count them.

    `told` are those that say something. What was taken without a word is only counted: of a large sheet that is nearly
    all of it.
    """

    def __init__(self, judged: Iterable[Judged] = ()) -> None:
        self.rows = 0
        self.accepted = 0
        self.duplicates = 0
        self.told: list[Judged] = []
        self.add(judged)

    def add(self, judged: Iterable[Judged]) -> None:
        for one in judged:
            taken = one.verdict is Verdict.ACCEPTED
            self.rows += 1
            self.accepted += taken
            self.duplicates += not taken and one.verdict is Verdict.DUPLICATE
            if one.warnings or not taken:
                self.told.append(one)
