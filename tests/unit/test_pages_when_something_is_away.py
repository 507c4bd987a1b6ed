"""Pages say what is known also when not everybody answers."""

import re
from types import SimpleNamespace
from typing import Any

import pytest

from services.gateway.calling import Caller
from services.gateway.pages import site
from shared.context import Actor
from tests import builders as building


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


@pytest.mark.parametrize(
    ("progress", "told"), [(None, "dijalankan<"), ({"told": 1500, "of": 100_000}, "1.500 dari 100.000")]
)
def test_a_decision_that_is_being_carried_out_shows_how_far_it_is(progress: dict[str, int] | None, told: str) -> None:
    frame = {"csrf_token": "", "allowed": lambda *_: False, "here": "/", "address": "/", "language": "id"}
    caller = Caller(Actor("ani", "viewer"))
    decision = {"run_id": "r1", "by": "ani", "role": "selector", "state": "allocated", "progress": progress}
    now = {"decision": decision, "missing": 0, "runs": [], "classes": [], "audit_head": "selection:1:ab"}
    programme = SimpleNamespace(**dict(building.programme()), revision=1)
    page = site._environment("id").get_template("seleksi.html")
    shown = page.render(
        programme=programme, now=now, problem=None, unchosen=False, caller=caller, asset=site.asset, **frame
    )
    status = shown[shown.index('role="status"') :]
    assert told in status[: status.index("</strong>") + 1].replace("\n", " ")
    assert 'hx-trigger="every 3s"' in status and "http-equiv" in shown
    assert ("<progress" in status) is (progress is not None)
    assert "Sedang diputuskan" in shown and "minutes.pdf" not in shown  # there are none yet
    done = {**now, "decision": {**decision, "state": "done", "progress": None}}
    over = page.render(
        programme=programme, now=done, problem=None, unchosen=False, caller=caller, asset=site.asset, **frame
    )
    assert "every 3s" not in over and "http-equiv" not in over
    assert "Sudah diputuskan" in over and "minutes.pdf" in over
