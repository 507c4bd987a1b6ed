"""Pages say what is known also when not everybody answers."""

import re
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


def test_a_form_of_cover_that_was_interrupted_is_told_in_words() -> None:
    fields = [
        *(("dilihat:a1", "0"), ("wajib", "a1"), ("orang", "a1"), ("mulai", "2030-05-06")),
        *(("jaminan", "jkk"), ("keadaan", "requested"), ("kpj:a1:0", "25063771204")),
    ]
    frame = {
        "caller": None,
        "csrf_token": "",
        "allowed": lambda *_: True,
        "here": "/",
        "address": "/",
        "language": "id",
    }
    page = site._environment("id").get_template("isian.html")
    shown = page.render(action="/x", fields=fields, asset=site.asset, **frame)
    told = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", shown)
    assert told == [("Mulai", "2030-05-06"), ("Jaminan", "JKK"), ("Keadaan", "Diajukan"), ("Nomor KPJ", "25063771204")]
    assert all(f'name="{name}" value="{value}"' in shown for name, value in fields)
