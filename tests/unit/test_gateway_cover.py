"""The list for BPJS has the columns of the setting; and what the form of a class's cover holds, and lacks."""

from typing import Any

import pytest
from pydantic import ValidationError
from starlette.datastructures import FormData

from services.gateway import cover_list
from services.gateway.cover_list import Column, Days
from services.gateway.pages import cover_form
from services.gateway.pages.cover_form import Filled, Period, Wrong, read_cover, read_numbers
from services.gateway.settings import Settings
from shared.problems import Invalid

SENT = [
    *(("dilihat:a1", "0"), ("dilihat:a2", "3"), ("dilihat:a3", "1"), ("wajib", "a1"), ("wajib", "a2")),
    *(("mulai", "2030-05-06"), ("akhir", "2030-06-07"), ("jaminan", "jkk"), ("jaminan", "jkm"), ("keadaan", "active")),
]


def cover(starts: str, ends: str, state: str) -> dict[str, object]:
    return {"starts": starts, "ends": ends, "insurances": ["jkm", "jkk"], "state": state}


def test_columns_are_those_of_the_setting_in_its_order() -> None:
    wanted = cover_list.columns("Tgl Lahir = birth_date; NIK=nik ;Akhir=ends;")
    assert wanted == [Column("Tgl Lahir", "birth_date"), Column("NIK", "nik"), Column("Akhir", "ends")]
    assert cover_list.personal(wanted) == ["nik", "birth_date"]
    known = {"birth_date": "1999-07-01", "nik": "3376014107990012", "name": "Siti"}
    assert cover_list.row(wanted, known) == ["01-07-1999", "3376014107990012", None]


@pytest.mark.parametrize("setting", ["", "NIK", "NIK=ktp", "=nik", "Gaji=salary; NIK=nik"])
def test_a_setting_that_names_no_column_is_refused(setting: str) -> None:
    with pytest.raises(ValueError, match="Heading=field"):
        cover_list.columns(setting)
    with pytest.raises(ValidationError, match="Heading=field"):
        Settings.model_validate({"cover_list": setting})


def test_for_all_or_for_whoever_is_ticked() -> None:
    filled, people, wrong = read_cover(FormData([*SENT, ("orang", "a3"), ("orang", "stranger")]))
    assert (people, wrong) == ({"a3": 1}, [])
    assert filled == Filled("2030-05-06", "2030-06-07", ["jkk", "jkm"], "active", "", frozenset({"a3", "stranger"}))
    assert read_cover(FormData([*SENT, ("semua", "1"), ("orang", "a3")]))[1] == {"a1": 0, "a2": 3}


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("mulai", "6/5/2030", "not_a_date"),
        ("akhir", "", "not_a_date"),
        ("akhir", "2030-05-05", "ends_before_it_starts"),
        ("jaminan", "other", "insurance_missing"),
        ("keadaan", "", "state_missing"),
        ("orang", None, "nobody_ticked"),
    ],
)
def test_what_is_wrong_is_told_at_its_field(field: str, value: str | None, code: str) -> None:
    sent = [(name, said) for name, said in [*SENT, ("orang", "a1")] if name != field]
    if value is not None:
        sent.append((field, value))
    _, _, wrong = read_cover(FormData([*sent]))
    assert [(one.field, one.code) for one in wrong] == [("peserta" if field == "orang" else field, code)]


def test_a_cover_is_cancelled_with_a_reason() -> None:
    sent = [*SENT[:-1], ("keadaan", "cancelled"), ("orang", "a1")]
    _, _, wrong = read_cover(FormData([*sent, ("alasan", " ")]))
    assert wrong == [Wrong("alasan-batal", "cancel_reason_missing")]
    filled, _, wrong = read_cover(FormData([*sent, ("alasan", " salah bulan ")]))
    assert (filled.reason, wrong) == ("salah bulan", [])


def test_empty_numbers_are_none_and_a_dash_takes_one_away() -> None:
    typed = read_numbers(FormData([("kpj:a1:2", " 25063771204 "), ("kpj:a2:0", " "), ("kpj:a3:1", "-"), ("x", "1")]))
    assert {who: (one.kpj, one.seen) for who, one in typed.items()} == {"a1": ("25063771204", 2), "a3": (None, 1)}
    assert [cover_form.as_typed(one) for one in typed.values()] == ["25063771204", "-"]
    with pytest.raises(Invalid):
        read_numbers(FormData([("kpj:a1", "25063771204")]))


@pytest.mark.parametrize("times", ["", "-1", "1.5", "1" * 5000])
def test_a_form_that_is_not_as_the_page_made_it_is_refused(times: str) -> None:
    with pytest.raises(Invalid):
        read_numbers(FormData([(f"kpj:a1:{times}", "25063771204")]))
    with pytest.raises(Invalid):
        read_cover(FormData([("dilihat:a1", times), ("orang", "a1")]))


def test_days_that_are_wrong_for_everybody_are_told_once_at_their_field() -> None:
    outside = [{"applicant_id": who, "reason": "cover_outside_training"} for who in ("a1", "a2")]
    overtaken = {"applicant_id": "a3", "reason": "changed_meanwhile", "by": "rekan"}
    assert cover_form.refused_rows([*outside, overtaken]) == [
        Wrong("mulai", "cover_outside_training"),
        Wrong("baris-a3", "changed_meanwhile", "a3", "rekan"),
    ]


def test_what_is_the_same_of_many_rows_is_told_once() -> None:
    wrong = [
        Wrong("mulai", "cover_outside_training"),
        *(Wrong(f"baris-{who}", "changed_meanwhile", who, "rekan") for who in ("a1", "a2")),
        Wrong("baris-a3", "withdrawn", "a3"),
        *(Wrong(f"kpj-{who}", "kpj_length", who) for who in ("a1", "a2")),
    ]
    told = [(one.field, ids) for one, ids in cover_form.alike(wrong)]
    assert told == [
        *(("mulai", [""]), ("baris-a1", ["a1", "a2"]), ("baris-a3", ["a3"])),
        *(("kpj-a1", ["a1"]), ("kpj-a2", ["a2"])),
    ]


def test_a_form_of_more_people_than_go_at_once_is_refused() -> None:
    with pytest.raises(Invalid):
        read_numbers(FormData([(f"kpj:a{number}:0", "1") for number in range(201)]))


def test_periods_are_told_with_how_many_have_them_and_gaps_with_all_they_lack() -> None:
    people = [
        {"covers": [cover("2030-05-06", "2030-06-07", "active"), cover("2030-05-01", "2030-05-31", "cancelled")]},
        {"covers": [cover("2030-05-06", "2030-06-07", "requested")]},
    ]
    assert cover_form.periods(people) == [
        Period("2030-05-01", "2030-05-31", ("jkk", "jkm"), {"cancelled": 1}),
        Period("2030-05-06", "2030-06-07", ("jkk", "jkm"), {"active": 1, "requested": 1}),
    ]
    days = {"starts": "2030-05-06", "ends": "2030-06-07"}
    gaps = [
        {"insurance": "jkk", **days},
        {"insurance": "jkm", **days, "ends": "2030-05-08"},
        {"insurance": "jkm", **days},
    ]
    assert cover_list.together(gaps) == [
        Days("2030-05-06", "2030-05-08", ["jkm"]),
        Days("2030-05-06", "2030-06-07", ["jkk", "jkm"]),
    ]


def test_a_period_that_is_chosen_stands_in_the_form_with_whoever_has_it() -> None:
    people: list[dict[str, Any]] = [
        {"applicant_id": "a1", "covers": [cover("2030-05-06", "2030-06-07", "requested")], "gaps": [1]},
        {"applicant_id": "a2", "covers": [], "gaps": [1]},
        {"applicant_id": "a3", "covers": [cover("2030-05-06", "2030-06-07", "cancelled")], "gaps": []},
        {"applicant_id": "a4", "covers": [cover("2030-05-06", "2030-06-07", "active")], "gaps": [], "has_place": False},
    ]
    people = [{"has_place": True, **one} for one in people]
    shown = {"starts": "2030-05-06", "ends": "2030-06-07"}
    opened = cover_form.suggested(None, shown, people)
    assert (opened.state, sorted(opened.ticked)) == ("requested", ["a1", "a2"])
    chosen = Period("2030-05-06", "2030-06-07", ["jkk", "jkm"], {})
    assert cover_form.suggested(chosen, shown, people) == Filled(*chosen[:3], "active", "", frozenset({"a1"}))
    of_one = cover_form.suggested(chosen, shown, people, "a4")
    assert of_one == Filled(*chosen[:3], "cancelled", "", frozenset({"a4"}))
