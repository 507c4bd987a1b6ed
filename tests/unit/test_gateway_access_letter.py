"""The letter for a person says everything the export holds, in words they know."""

from typing import Any

from services.gateway.access_letter import written

EXPORT: dict[str, Any] = {
    "person_id": "f00d",
    "registrations": [
        {
            "registration": {
                "programme_name": "Pelatihan las",
                "registration_no": "LAS-2026-0001",
                "registered_at": "2026-01-10T01:30:00Z",
                "withdrawn_on": None,
                "person": {"name": "Siti Aminah", "nik": "3376014107990012"},
                "facts": {"choices": ["LAS-1", "LAS-2"], "willing_to_move": True},
                "ledger": [{"at": "2026-01-10T01:30:00Z", "by": "admin", "what": "registered", "detail": {}}],
            },
            "selection": {"scores": {"written": 70.5}, "never_seen_before": [["a", 1]]},
            "certification": None,
        }
    ],
    "earlier_trainings": [],
}


def test_everything_held_stands_in_the_letter() -> None:
    lines = written(EXPORT).splitlines()
    for line in (
        "1. Pelatihan las",
        "  Nomor pendaftaran: LAS-2026-0001",
        "  Waktu pendaftaran: 10-01-2026 08:30 WIB",
        "  Mengundurkan diri pada: -",
        "  Data pribadi:",
        "    NIK: 3376014107990012",
        "    Pilihan kelas: LAS-1, LAS-2",
        "    Bersedia dialihkan: ya",
        "    - Waktu: 10-01-2026 08:30 WIB",
        "      Peristiwa: registered",
        "    Nilai tertulis: 70.5",
        "Pelatihan dan sertifikasi: -",
        "Pelatihan sebelumnya: -",
        "Kode orang (samaran): f00d",
    ):
        assert line in lines


def test_what_has_no_word_yet_stands_under_its_own_name() -> None:
    letter = written(EXPORT)
    assert "never_seen_before:" in letter and "- a" in letter and "- 1" in letter
