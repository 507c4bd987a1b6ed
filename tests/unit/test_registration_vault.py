"""Personal fields cannot be read, moved or linked without the keys, and names are found all the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registration.vault import Unreadable, Vault

OLD, NEW, PERSON = "o" * 32, "n" * 32, "p" * 32
VAULT = Vault(f"k1:{OLD}", PERSON)


@given(st.text())
def test_what_was_sealed_opens_at_its_place_only(value: str) -> None:
    sealed = VAULT.seal(value, "a1/name")
    assert VAULT.open(sealed, "a1/name") == value
    with pytest.raises(Unreadable):
        VAULT.open(sealed, "a2/name")


def test_the_same_value_is_sealed_differently_each_time() -> None:
    assert VAULT.seal("Siti", "a/name") != VAULT.seal("Siti", "a/name")


def test_a_new_key_seals_and_the_old_one_still_opens() -> None:
    sealed = VAULT.seal("Siti", "a/name")
    rotated = Vault(f"k2:{NEW},k1:{OLD}", PERSON)
    assert rotated.open(sealed, "a/name") == "Siti"
    assert rotated.seal("Siti", "a/name").startswith("k2:")
    with pytest.raises(Unreadable):
        VAULT.open(rotated.seal("Siti", "a/name"), "a/name")


@pytest.mark.parametrize("sealed", ["", "k1:", "k1:AAAA", "k9:AAAA", "Siti", "k1:!!"])
def test_what_was_never_sealed_does_not_open(sealed: str) -> None:
    with pytest.raises(Unreadable):
        VAULT.open(sealed, "a/name")


@pytest.mark.parametrize("field_keys", ["", "k1", "k1:short", f":{OLD}", f"k1:{OLD},k1:{NEW}"])
def test_keys_that_protect_nothing_are_refused(field_keys: str) -> None:
    with pytest.raises(ValueError, match=r"key|secret"):
        Vault(field_keys, PERSON)


def test_a_person_id_is_stable_and_depends_on_its_key_only() -> None:
    nik = "3375014107900012"
    assert VAULT.person_id(nik) == Vault(f"k2:{NEW}", PERSON).person_id(nik)
    assert VAULT.person_id(nik) != Vault(f"k1:{OLD}", NEW).person_id(nik)
    assert len(VAULT.person_id(nik)) == 64


@pytest.mark.parametrize("typed", ["siti", "SIT", "aminah", "Ami Siti", "nuraini", "nur'a", "de"])
def test_a_name_is_found_by_words_and_beginnings(typed: str) -> None:
    assert set(VAULT.search_tokens(typed)) <= set(VAULT.name_tokens("Siti Aminah Nur\u2019aini de Jésus"))


@pytest.mark.parametrize("typed", ["si", "iti", "aminahs", "siti budi"])
def test_a_name_is_not_found_by_anything_else(typed: str) -> None:
    assert not set(VAULT.search_tokens(typed)) <= set(VAULT.name_tokens("Siti Aminah"))


def test_tokens_show_no_letters() -> None:
    assert all("siti" not in token for token in VAULT.name_tokens("Siti"))
