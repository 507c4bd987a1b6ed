"""Pages say what is known also when not everybody answers."""

from typing import Any

import pytest

from services.gateway.pages import site


def test_a_service_that_does_not_answer_is_shown_as_such() -> None:
    ready = {
        "service": "gateway",
        "status": "ready",
        "checks": {"database": True},
        "oldest_outbox_entry_s": 3.2,
        "parked": 1,
    }
    silent = {"service": "selection", "status": "no answer", "checks": {}}
    page = site._environment("id").get_template("_layanan.html").render(services=[ready, silent])
    assert "Tidak menjawab" in page and "3 detik" in page


# completed, and nothing was issued or recorded since
COMPLETED = {"certificates": [], "training_certificates": [], "attendance": {"completed": True}}


@pytest.mark.parametrize("certification", [None, COMPLETED])
def test_an_applicant_whom_the_lists_do_not_know_yet_is_shown(certification: dict[str, Any] | None) -> None:
    known = {"applicant_id": "a1", "unavailable": ["selection"], "ledger": [], "certification": certification}
    registration = {
        "registration_no": "UJI-1-0001",
        "name": "S*** A***",
        "nik": "****0001",
        "facts": {},
        "warnings": [],
    }
    told: dict[str, Any] = {
        "known": known | {"registration": registration},
        "steps": [],
        "revealed": {},
        "refused": None,
        "changes": [],
    }
    frame = {
        "caller": None,
        "csrf_token": "",
        "allowed": lambda *_: True,
        "here": "/",
        "address": "/",
        "language": "id",
    }
    form: dict[str, Any] = {"form": None, "typed": {}, "missing": None, "correctable": ()}
    page = site._environment("id").get_template("satu_pendaftar.html")
    assert "UJI-1-0001" in page.render(**told, **frame, **form, asset=site.asset)
