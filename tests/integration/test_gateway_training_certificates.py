"""The office's own certificates through the gateway: who issues, prints and revokes them, and what anybody is told."""

import io
from typing import Any

import httpx
from pypdf import PdfReader

from tests.events import until
from tests.integration.test_gateway import (
    funnel_is,
    gateway,
    get,
    in_days,
    nik,
    post,
    register,
    sheet,
    taken,
    user,
    whole,
)

__all__ = ["gateway", "whole"]

CLASS = "/programmes/UJI-1/classes/A"
WHY = {"X-Reveal-Reason": "Penyerahan sertifikat"}


async def completed(gateway: httpx.AsyncClient) -> list[str]:
    """Two of class A, the first of whom has completed the training; their applicant ids."""
    people = [one["applicant_id"] for one in await register(gateway, 2)]
    scores = [{"NIK": nik(n), "Nilai Tes Tertulis": 90 - n, "Nilai Wawancara": 80} for n in range(2)]
    await taken(gateway, "/programmes/UJI-1/imports/scores", sheet(scores))
    simulated = await post(gateway, "/programmes/UJI-1/selection/simulate")
    await post(gateway, "/programmes/UJI-1/selection/decide", {"run_id": simulated["run_id"]})
    await until(lambda: _of_class(gateway, 2))
    days = [{"Kelas": "A", "NIK": nik(n), "Hari Pelatihan": 20, "Hadir": 18} for n in range(2)]
    days[1]["Keterangan"] = "Mengundurkan diri"
    days[0]["Keterangan"] = ""
    assert (await taken(gateway, "/programmes/UJI-1/imports/attendance", sheet(days)))["accepted"] == 2
    return people


async def _of_class(gateway: httpx.AsyncClient, count: int) -> bool:
    return len((await get(gateway, CLASS))["people"]) == count


def read(answer: httpx.Response) -> list[str]:
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf"), answer.text
    return [" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(answer.content)).pages]


async def test_issued_printed_verified_and_revoked_by_whoever_may(gateway: httpx.AsyncClient) -> None:
    first, second = await completed(gateway)
    certifier, registrar = await user(gateway, "certifier"), await user(gateway, "registrar")
    issue, of_class = f"/api/v1{CLASS}/training-certificates", f"/api/v1{CLASS}/training-certificates.pdf"
    alone = f"/api/v1/applicants/{first}/training-certificates"
    one = f"/api/v1/applicants/{first}/training-certificate.pdf"

    assert (await gateway.post(issue, headers=registrar)).status_code == 403
    early = await gateway.get(of_class, headers=registrar | WHY)
    assert (early.status_code, early.json()["code"]) == (404, "no_training_certificate")
    for issued in (1, 0):
        assert (await gateway.post(issue, headers=certifier)).json() == {"issued": issued}
    [held] = (await get(gateway, CLASS))["people"][0]["training_certificates"]
    assert held["certificate_no"] == "UJI-1/A/0001"
    same = (await gateway.post(alone, json={}, headers=certifier)).json()
    assert (same["issued"], same["training_certificates"]) == (False, [held])
    none = await gateway.post(f"/api/v1/applicants/{second}/training-certificates", json={}, headers=certifier)
    assert none.json()["code"] == "training_not_completed"

    # names: for registrars, who say why, and it is on record
    for path in (of_class, one):
        assert (await gateway.get(path, headers=certifier | WHY)).status_code == 403
        silent = await gateway.get(path, headers=registrar)
        assert (silent.status_code, silent.json()["code"]) == (422, "reason_missing")
        [page] = read(await gateway.get(path, headers=registrar | WHY))
        assert "Orang A" in page and "UJI-1/A/0001" in page and "18 dari 20" in page
        assert f"http://127.0.0.1:8080/sertifikat/{held['verify_code']}" in page
    known = await get(gateway, f"/applicants/{first}")
    reveals: list[dict[str, Any]] = known["registration"]["reveals"]
    printed = [(seen["fields"], seen["reason"]) for seen in reveals if seen["by"] == "registrar-1"]
    assert printed == [(["name"], "Penyerahan sertifikat")] * 2

    # anybody is told what it is worth, and initials alone
    async with httpx.AsyncClient(base_url=gateway.base_url) as anybody:
        verified = (await anybody.get(f"/verify/{held['verify_code']}")).json()
        told = (verified["kind"], verified["status"], verified["certificate_no"], verified["initials"])
        assert told == ("pelatihan", "valid", "UJI-1/A/0001", "O. A.")
        assert "applicant_id" not in verified and "Orang" not in str(verified)
        shown = (await anybody.get(f"/sertifikat/{held['verify_code']}")).text
        assert "Sertifikat pelatihan ini asli" in shown and "UJI-1/A/0001" in shown and "O. A." in shown
        assert "Orang A" not in shown and "bukan kompetensi" in shown

        revocation = {"certificate_no": "UJI-1/A/0001", "reason": "Orang A tertukar"}
        assert (await gateway.post(f"{alone}/revocation", json=revocation, headers=registrar)).status_code == 403
        for _ in range(2):
            assert (await gateway.post(f"{alone}/revocation", json=revocation, headers=certifier)).status_code == 200
        verified = (await anybody.get(f"/verify/{held['verify_code']}")).json()
        assert (verified["status"], verified["reason"]) == ("revoked", "… tertukar")
        shown = (await anybody.get(f"/sertifikat/{held['verify_code']}")).text
        assert "Sertifikat ini sudah dicabut" in shown and "… tertukar" in shown
    assert (await gateway.get(one, headers=registrar | WHY)).json()["code"] == "no_training_certificate"

    # it makes nobody certified
    await funnel_is(gateway, completed=1, certified=0)
    assert (await get(gateway, f"/applicants/{first}"))["stage"] == "completed"


async def test_of_whom_the_name_is_erased_none_is_printed(gateway: httpx.AsyncClient) -> None:
    first, _ = await completed(gateway)
    await post(gateway, f"{CLASS}/training-certificates")
    erasure = {"nik": nik(0), "reason": "Diminta", "dry_run": False, "despite_running": True}
    await post(gateway, "/people/erasure", erasure)
    for path in (f"{CLASS}/training-certificates.pdf", f"/applicants/{first}/training-certificate.pdf"):
        answer = await gateway.get(f"/api/v1{path}", headers=WHY)
        assert (answer.status_code, answer.json()["code"]) == (404, "erased")
    [held] = (await get(gateway, CLASS))["people"][0]["training_certificates"]
    verified = (await gateway.get(f"/verify/{held['verify_code']}")).json()
    assert (verified["status"], verified["initials"]) == ("valid", "dihapus / erased")
    assert in_days(0) == held["issued_on"]
