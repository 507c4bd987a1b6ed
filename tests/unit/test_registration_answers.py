"""The words of the form: gender, education, occupation, places, phones and e-mail."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registration import answers, contacts
from shared import places
from shared.cells import BadCell, Cell
from shared.contracts.registration import Gender, Occupation


def reason(read: Callable[[Cell], object], cell: Cell) -> str:
    with pytest.raises(BadCell) as caught:
        read(cell)
    return caught.value.reason


@pytest.mark.parametrize("cell", ["P", "perempuan", "PEREMPUAN ", "Wanita", "Pr."])
def test_women_are_recognised(cell: str) -> None:
    assert answers.gender(cell) is Gender.FEMALE


@pytest.mark.parametrize("cell", ["L", "Laki-laki", "LAKI LAKI", "pria", "Lk"])
def test_men_are_recognised(cell: str) -> None:
    assert answers.gender(cell) is Gender.MALE


@pytest.mark.parametrize(
    ("cell", "level"),
    [
        ("SD", "SD"),
        ("SMP", "SMP"),
        ("MTs", "SMP"),
        ("sltp", "SMP"),
        ("SMA", "SMA"),
        ("SLTA", "SMA"),
        ("MA", "SMA"),
        ("Paket C", "SMA"),
        ("SMA/sederajat", "SMA"),
        ("SMA / SMK sederajat", "SMA"),
        ("smk", "SMK"),
        ("STM", "SMK"),
        ("D1", "D1"),
        ("D-III", "D3"),
        ("D 3", "D3"),
        ("Diploma III (D3)", "D3"),
        ("D4/S1", "D4"),
        ("S-1", "S1"),
        ("Sarjana", "S1"),
        ("Strata 2", "S2"),
    ],
)
def test_levels_of_education_have_synonyms(cell: str, level: str) -> None:
    assert answers.education(cell) == level


@pytest.mark.parametrize("cell", ["Hogwarts", "SMP / SMA", "?", "-", 12])
def test_an_unknown_education_is_refused(cell: Cell) -> None:
    assert reason(answers.education, cell) == "unknown_education"


@pytest.mark.parametrize(
    ("cell", "occupation"),
    [
        ("Tidak bekerja", Occupation.NONE),
        ("BELUM  BEKERJA", Occupation.NONE),
        ("Tidak/Belum bekerja", Occupation.NONE),
        ("Belum / Tidak Bekerja", Occupation.NONE),
        ("Ibu Rumah Tangga", Occupation.NONE),
        ("Pencari kerja", Occupation.NONE),
        ("Kuliah", Occupation.STUDYING),
        ("Mahasiswa semester 5", Occupation.STUDYING),
        ("Pelajar/Mahasiswa", Occupation.STUDYING),
        ("mahasiswa/i", Occupation.STUDYING),
        ("Sekolah", Occupation.STUDYING),
        ("bekerja", Occupation.EMPLOYED),
        ("Karyawan swasta", Occupation.EMPLOYED),
        ("Wirausaha", Occupation.SELF_EMPLOYED),
        ("WIRASWASTA", Occupation.SELF_EMPLOYED),
    ],
)
def test_occupations_are_recognised(cell: str, occupation: Occupation) -> None:
    assert answers.occupation(cell) is occupation


@pytest.mark.parametrize("cell", ["Astronot", "bekerja, kuliah", "Bekerja tidak tetap dan kuliah", "?", "xbekerja"])
def test_an_unclear_occupation_is_refused(cell: str) -> None:
    assert reason(answers.occupation, cell) == "unknown_occupation"


@pytest.mark.parametrize("read", [answers.gender, answers.education, answers.occupation, places.place])
def test_a_blank_answer_is_missing(read: Callable[[Cell], object]) -> None:
    assert reason(read, " ") == "missing"


@pytest.mark.parametrize("occupation", Occupation)
def test_every_occupation_can_be_answered(occupation: Occupation) -> None:
    assert answers.occupation(answers.AS_ANSWERED[occupation]) is occupation


@pytest.mark.parametrize(
    "cell",
    [
        "Kota Pekalongan",
        "KOTA PEKALONGAN",
        " kota   pekalongan ",
        "Pekalongan Kota",
        "Pekalongan, Kota",
        "Kodya Pekalongan",
    ],
)
def test_a_city_has_one_spelling(cell: str) -> None:
    assert places.place(cell) == "Kota Pekalongan"


@pytest.mark.parametrize(
    "cell", ["Kabupaten Pekalongan", "KAB PEKALONGAN", "Kab. Pekalongan", "kab.pekalongan", "Pekalongan Kab."]
)
def test_a_regency_is_another_place(cell: str) -> None:
    assert places.place(cell) == "Kabupaten Pekalongan"


def test_other_places_are_spelled_alike() -> None:
    assert places.place("KAB. HULU  SUNGAI tengah") == "Kabupaten Hulu Sungai Tengah"
    assert places.place("kota subulussalam, aceh") == "Kota Subulussalam"
    assert places.place("pare-pare kota") == "Kota Pare-Pare"


def test_a_place_without_its_kind_stays_undecided() -> None:
    assert places.place("pekalongan") == "Pekalongan"
    assert not places.kind_is_stated("Pekalongan")
    assert places.kind_is_stated("Kota Pekalongan")


@pytest.mark.parametrize("cell", ["kota", "Kab.", "...", 33])
def test_what_names_no_place_is_refused(cell: Cell) -> None:
    assert reason(places.place, cell) == "not_a_place"


@given(st.text(max_size=40))
def test_a_place_once_spelled_stays_as_it_is(cell: str) -> None:
    try:
        spelled = places.place(cell)
    except BadCell:
        return
    assert places.place(spelled) == spelled


@pytest.mark.parametrize(
    "cell",
    [
        "081234500987",
        "+6281234500987",
        "6281234500987",
        "81234500987",
        "0812-3450-0987",
        "+62 812 3450 0987",
        81234500987.0,
    ],
)
def test_a_phone_number_has_one_spelling(cell: Cell) -> None:
    assert contacts.phone(cell) == "+6281234500987"


def test_a_foreign_number_is_kept() -> None:
    assert contacts.phone("+65 9123 4567") == "+6591234567"


@pytest.mark.parametrize("cell", ["0812", "08123 atau 0813", "rumah", "0812345678901234", "++62812345"])
def test_an_unusable_phone_number_is_named(cell: str) -> None:
    assert reason(contacts.phone, cell) == "phone_unusable"


@pytest.mark.parametrize("cell", ["", None, "-", "tidak ada"])
def test_no_contact_is_no_error(cell: Cell) -> None:
    assert contacts.phone(cell) is None
    assert contacts.email(cell) is None


def test_made_up_numbers_are_noticed() -> None:
    assert contacts.phone_is_made_up("+6281234567890")
    assert contacts.phone_is_made_up("+6288888888888")
    assert not contacts.phone_is_made_up("+6281234500987")


def test_email_is_lower_case_and_needs_a_domain() -> None:
    assert contacts.email(" Siti@Contoh.ID ") == "siti@contoh.id"
    assert reason(contacts.email, "siti@contoh") == "email_unusable"
    assert contacts.email_is_made_up("test@mail.id")
    assert contacts.email_is_made_up("x@example.com")
    assert not contacts.email_is_made_up("rahma@contoh.id")
