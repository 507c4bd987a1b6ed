"""Who applied and who got a place, counted by gender, age and where they live."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

from services.gateway import portraits
from services.gateway.derive import derive
from services.gateway.pages.pictures import pictures
from services.gateway.portraits import MOST_PLACES, Portrait
from services.gateway.readmodel import Applicant
from shared.contracts.registration import ApplicantCorrected, ApplicantRegistered
from shared.contracts.selection import SelectionDecided
from shared.meta import Meta
from tests.builders import facts


def meta(sequence: int) -> Meta:
    return Meta(f"x.y:z:{sequence}:0", "/jalur/x", "jalur.x.Y.v1", "a", "", sequence, 0, None, None)


def somebody(*, accepted: bool = False, **stated: Any) -> Applicant:
    about: dict[str, Any] = {"applicant_id": "a", "programme_code": "UJI-1"}
    found = Applicant(_id="a")
    when = {"registration_no": "UJI-1-0001", "person_id": "p", "registered_at": datetime(2030, 1, 1, tzinfo=UTC)}
    found.registered(ApplicantRegistered.model_validate(about | when | facts(**stated).model_dump()), meta(1))
    if accepted:
        decision = {"person_id": "p", "outcome": "accepted", "stage": "ranking", "class_code": "A", "rule_version": 1}
        found.decided(SelectionDecided.model_validate(about | decision), meta(2))
    derive(found)
    return found


def counted(*people: Applicant) -> Portrait:
    alike = Counter(map(portraits.portrait, people))
    return portraits.assemble(portraits.grouped({"_id": one, "people": n} for one, n in alike.items()))


def test_everybody_is_counted_once_in_each_picture() -> None:
    told = counted(
        somebody(age=17, gender="male"),
        somebody(age=18),
        somebody(age=24, accepted=True),
        somebody(age=24, district=None),
        somebody(age=71, city="Kabupaten Batang", district="Batang | Kota"),
    )
    assert (told.registered, told.accepted) == (5, 1)
    assert {one: (of.registered, of.accepted) for one, of in told.gender.items()} == {"male": (1, 0), "female": (4, 1)}
    assert [(one.youngest, one.oldest, one.registered, one.accepted) for one in told.ages] == [
        (0, 17, 1, 0), (18, 19, 1, 0), (20, 24, 2, 1), (50, None, 1, 0),
    ]  # fmt: skip
    assert {(one.city, one.district, one.registered) for one in told.places} == {
        ("Kota Pekalongan", "Pekalongan Barat", 3),
        ("Kota Pekalongan", None, 1),
        ("Kabupaten Batang", "Batang   Kota", 1),
    }
    assert told.elsewhere.registered == 0


def test_a_corrected_fact_moves_somebody_and_a_late_registration_does_not_move_them_back() -> None:
    found = somebody(age=17)
    corrected = {
        "applicant_id": "a",
        "programme_code": "UJI-1",
        "person_id": "p",
        "previous_person_id": "p",
        "reason": "",
    }
    event = ApplicantCorrected.model_validate(corrected | facts(age=30).model_dump())
    found.take_facts(event, "p", meta(3))
    derive(found)
    assert [one.youngest for one in counted(found).ages] == [30]


def test_many_places_are_told_together_and_so_are_several_programmes() -> None:
    one = counted(*(somebody(district=f"Kecamatan {number}") for number in range(MOST_PLACES + 5)))
    assert (len(one.places), one.elsewhere.registered) == (MOST_PLACES, 5)
    both = portraits.together([one, counted(somebody(district="Kecamatan 0", accepted=True))])
    assert (both.registered, both.accepted, both.elsewhere.registered) == (MOST_PLACES + 6, 1, 5)
    assert (both.places[0].district, both.places[0].registered, both.places[0].accepted) == ("Kecamatan 0", 2, 1)
    drawn = pictures(both)
    shown = sum(bar.counted.registered for bar in drawn.places) + drawn.elsewhere.registered
    assert shown == both.registered
    assert max(bar.counted.registered / bar.of for bar in drawn.places) == 1


def test_nobody_makes_an_empty_picture() -> None:
    assert portraits.together([]) == counted() == Portrait()
    assert pictures(Portrait()).places == []
