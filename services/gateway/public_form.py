"""The public registration form: which questions stand on which of its pages, and how they are answered."""

from collections.abc import Iterable, Mapping
from typing import Final, Literal, NamedTuple

from shared.contracts.registration import Programme

Consent = Literal["2026-11-26"]  # the version of the words in templates/_persetujuan.html: other words, another one
CONSENT: Final[Consent] = "2026-11-26"
MOST_CHOICES: Final = 3


class Question(NamedTuple):
    """`column` as registration calls it; `options` are answers to choose from, `fills` is for the browser's help."""

    column: str
    kind: Literal["text", "radio", "select", "agree"] = "text"
    needed: bool = True
    options: tuple[tuple[str, str], ...] = ()
    fills: str = "off"
    typed: str = "text"


_YES_NO: Final = (("ya", "ya"), ("tidak", "tidak"))
_LEVELS: Final = tuple(
    (level, level) for level in ("SD", "SMP", "SMA", "SMK", "D1", "D2", "D3", "D4", "S1", "S2", "S3")
)
_OCCUPATIONS: Final = tuple((said, said) for said in ("Tidak bekerja", "Kuliah", "Bekerja", "Wirausaha"))
_WILLING: Final = Question("willing_to_move", "radio", options=_YES_NO)

_GROUPS: Final[Mapping[str, tuple[Question, ...]]] = {
    "diri": (
        Question("name", fills="name"),
        Question("nik", typed="numeric"),
        Question("birth_place", needed=False),
        Question("birth_date", fills="bday"),
        Question("gender", "radio", options=(("L", "L"), ("P", "P"))),
    ),
    "alamat": (
        Question("address", needed=False, fills="street-address"),
        Question("village", needed=False),
        Question("district", needed=False),
        Question("city"),
        Question("phone", needed=False, fills="tel", typed="tel"),
        Question("email", needed=False, fills="email", typed="email"),
    ),
    "pendidikan": (
        Question("education", "select", options=_LEVELS),
        Question("occupation", "radio", options=_OCCUPATIONS),
        Question("trained_before", "radio", options=_YES_NO),
        Question("follows_social_media", "radio", options=_YES_NO),
    ),
    "pilihan": (),
    "pernyataan": (
        Question("health_certificate", "radio", options=_YES_NO),
        Question("consent", "agree"),
    ),
}
GROUPS: Final = tuple(_GROUPS)


def questions(group: str, programme: Programme) -> list[Question]:
    """Those of a page. What no rule of the programme asks is not asked of people. Raises KeyError."""
    rules = programme.eligibility
    beside_the_point = {
        column
        for column, rule in (
            ("health_certificate", rules.healthy),
            ("trained_before", rules.never_trained),
            ("follows_social_media", rules.follows_social_media),
        )
        if not rule
    }
    found = _choices(programme) if group == "pilihan" else _GROUPS[group]
    return [one for one in found if one.column not in beside_the_point]


def columns(programme: Programme) -> set[str]:
    """Of all pages."""
    return {one.column for group in GROUPS for one in questions(group, programme)}


def next_group(done: Iterable[str]) -> str | None:
    """The first page that is not done; None when all are."""
    return next((group for group in GROUPS if group not in set(done)), None)


def _choices(programme: Programme) -> tuple[Question, ...]:
    offers = tuple((offer.code, f"{offer.name} – {offer.provider}") for offer in programme.classes)
    many = range(min(MOST_CHOICES, len(offers)))
    chosen = tuple(Question(f"choice_{n + 1}", "select", needed=n == 0, options=offers) for n in many)
    return (*chosen, _WILLING) if len(offers) > 1 else (*chosen,)
