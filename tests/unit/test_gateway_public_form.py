"""The public form: what is asked of whom, and that registration understands every answer it offers."""

from datetime import date

import pytest

from services.gateway import public_form
from services.gateway.api.public import is_open
from services.gateway.public_form import CONSENT, GROUPS
from services.registration.cleaning import COLUMNS, clean
from shared.contracts.registration import Window
from tests.builders import programme

TYPED = {"name": "Siti", "nik": "3375014101000001", "birth_date": "1/1/2000", "city": "Kota Pekalongan", "phone": ""}


def _answers(option: int) -> dict[str, str]:
    """Each question answered with the option of that place, or the last one."""
    asked = [one for group in GROUPS for one in public_form.questions(group, programme())]
    chosen = {one.column: one.options[min(option, len(one.options) - 1)][0] for one in asked if one.options}
    return {**chosen, **TYPED, "choice_2": ""}


@pytest.mark.parametrize("option", range(11))
def test_registration_understands_every_answer_that_is_offered(option: int) -> None:
    clean(_answers(option), programme(), date(2030, 1, 10))


def test_what_no_rule_asks_is_not_asked_of_people() -> None:
    lenient = programme(eligibility={})
    assert public_form.columns(programme()) - public_form.columns(lenient) == {
        "health_certificate", "trained_before", "follows_social_media",
    }  # fmt: skip
    assert public_form.columns(programme()) - {"consent"} <= set(COLUMNS)
    clean({k: v for k, v in _answers(0).items() if k in public_form.columns(lenient)}, lenient, date(2030, 1, 10))


def test_whoever_can_choose_one_class_alone_is_not_asked_whether_they_would_move() -> None:
    one = programme({"A": 5})
    assert [asked.column for asked in public_form.questions("pilihan", one)] == ["choice_1"]


def test_the_first_page_that_is_not_done_comes_next() -> None:
    assert public_form.next_group([]) == "diri"
    assert public_form.next_group(["pilihan", "diri"]) == "alamat"
    assert public_form.next_group(GROUPS) is None


def test_registration_is_open_from_its_first_day_to_its_last() -> None:
    assert is_open(Window(opens=date(2020, 1, 1), closes=date(2199, 1, 1)))
    assert not is_open(Window(opens=date(2020, 1, 1), closes=date(2020, 1, 2)))
    assert not is_open(Window(opens=date(2198, 1, 1), closes=date(2199, 1, 1)))


def test_the_version_of_the_consent_is_one_that_registration_keeps() -> None:
    assert len(CONSENT) <= 40 and set(CONSENT) <= set("0123456789abcdefghijklmnopqrstuvwxyz.-")
