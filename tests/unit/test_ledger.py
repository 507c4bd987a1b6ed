"""Ledger entries: what a reason must not keep."""

from datetime import UTC, datetime

from shared.ledger import Signature, entry

SIGNED = Signature("petugas", datetime(2025, 1, 1, tzinfo=UTC), "operator")


def test_no_reason_keeps_a_number_or_an_address_that_identifies_somebody() -> None:
    written = entry(SIGNED, "replayed", "fixed for 3375014101000001, siti@contoh.id,\n+62 812-3456-7890, ticket 12")
    assert written.reason == "fixed for …, …, …, ticket 12"


def test_an_entry_may_have_no_reason() -> None:
    assert entry(SIGNED, "registered").reason is None
