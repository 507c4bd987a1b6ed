"""The selector's day: scores typed with the keyboard alone, by two at once, and what becomes of them."""

import io
import os
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from services.gateway.pages import language
from shared.cells import JAKARTA
from tests.browser.office import Office, Window

OpenWindow = Callable[..., Window]
TODAY = datetime.now(JAKARTA).date()
TRAINING = {"starts": str(TODAY + timedelta(days=60)), "ends": str(TODAY + timedelta(days=80))}
LACKING = (
    55  # of the sample, whom the administrative stage refused there: here they pass, and no sheet has their scores
)


@pytest.fixture(scope="package")
def to_decide(office: Office, sample: Path) -> Callable[[int], str]:
    """The code of a programme of this width's own, where nobody was refused and some lack scores."""
    folder, made = sample / "lpks-2025", set[str]()

    def make(width: int) -> str:
        code = f"SEL-{width}"
        if code not in made:
            definition = yaml.safe_load((folder / "programme.yaml").read_text("utf-8"))
            definition |= {"code": code, "name": f"Program seleksi {width}", "eligibility": {}, "training": TRAINING}
            definition["selection"]["reserve_confirm_days"] = 3
            with office.api() as client:
                assert client.post("/programmes", json=definition).is_success
                for kind, sheet in (("applicants", "pendaftar.xlsx"), ("scores", "nilai-tes-dan-wawancara.xlsx")):
                    file = io.BytesIO((folder / sheet).read_bytes())
                    answer = client.post(f"/programmes/{code}/imports/{kind}", files={"file": (sheet, file)})
                    assert answer.is_success, answer.text
            made.add(code)
        return code

    return make


def _lacking(client: httpx.Client, code: str) -> list[dict[str, Any]]:
    answer = client.get(f"/programmes/{code}/scores", params={"missing": True, "limit": 200})
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def _cell(page: Page, row: int, part: str) -> str:
    """The id of a cell, by its place in the grid."""
    return str(page.locator(f"input[data-part={part}]").nth(row).get_attribute("id"))


def test_scores_are_typed_with_the_keyboard_alone_and_saved_as_one_goes(
    open_window: OpenWindow, office: Office, to_decide: Callable[[int], str]
) -> None:
    window = open_window("selector")
    page, code = window.page, to_decide(window.width)
    page.goto(f"/program/{code}/nilai?kurang=1")
    expect(page.get_by_text(f"{LACKING} orang belum lengkap nilainya.")).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(50)
    cells = {(row, part): _cell(page, row, part) for row in range(4) for part in ("written", "interview")}

    def state(row: int, part: str) -> Any:
        return page.locator(f"#k-{cells[row, part]}")

    page.locator(f"#{cells[0, 'written']}").focus()
    page.keyboard.type("80")
    expect(state(0, "written")).to_have_text("belum tersimpan")
    page.keyboard.press("Enter")
    expect(state(0, "written")).to_have_text("✓ tersimpan")
    expect(page.locator(f"#{cells[1, 'written']}")).to_be_focused()
    page.keyboard.type("140")
    page.keyboard.press("Tab")
    expect(page.locator(f"#{cells[1, 'interview']}")).to_be_focused()
    expect(state(1, "written")).to_have_text("✕ Nilai harus antara 0 dan 100.")
    page.keyboard.press("ArrowUp")
    page.keyboard.type("75,5")
    page.keyboard.press("ArrowDown")
    expect(state(0, "interview")).to_have_text("✓ tersimpan")
    expect(page.locator("tbody tr").first.locator("td.num")).to_have_text("78,20")

    page.locator(f"#{cells[0, 'interview']}").fill("76,5")
    page.keyboard.press("Enter")
    expect(state(0, "interview")).to_have_text("✓ tersimpan")
    expect(page.locator("tbody tr").first.locator("td.num")).to_have_text("78,60")

    with office.api() as client:
        third = page.locator("input[data-part=written]").nth(2).get_attribute("data-id")
        path = f"/applicants/{third}/scores/written"
        assert client.put(path, json={"value": "60", "expected": ""}).is_success
        page.locator(f"#{cells[2, 'written']}").focus()
        page.keyboard.type("61")
        page.keyboard.press("Enter")
        expect(state(2, "written")).to_contain_text(f"Belum tersimpan: {office.administrator} sudah menulis 60")
        window.keep("nilai-dua-petugas")
        assert window.judge() == []
        assert client.put(path, json={"value": "60", "expected": "60"}).json()["written"] == "60"
        page.get_by_role("button", name="Pakai nilai saya").click()
        page.keyboard.press("Tab")
        expect(state(2, "written")).to_have_text("✓ tersimpan")
        assert client.put(path, json={"value": "61", "expected": "61"}).json()["written"] == "61"


def test_what_is_typed_survives_a_system_that_is_away_and_a_session_that_ends(
    open_window: OpenWindow, office: Office, to_decide: Callable[[int], str]
) -> None:
    window = open_window("selector")
    page, code = window.page, to_decide(window.width)
    window.expected_statuses = {403}
    page.goto(f"/program/{code}/nilai?kurang=1")
    fourth, fifth = _cell(page, 3, "written"), _cell(page, 4, "written")
    page.route("**/nilai/sel", lambda route: route.fulfill(status=503))
    window.expected_statuses.add(503)
    page.locator(f"#{fourth}").focus()
    page.keyboard.type("64")
    page.keyboard.press("Enter")
    expect(page.locator(f"#k-{fourth}")).to_contain_text("sistem tidak menjawab")
    page.unroute("**/nilai/sel")
    page.route("**/nilai/sel", lambda route: route.fulfill(status=200, body="<p>Wi-Fi: setujui syaratnya</p>"))
    page.wait_for_timeout(6_000)  # it is sent again after five seconds, and answered by somebody else
    expect(page.locator(f"#k-{fourth}")).to_contain_text("sistem tidak menjawab")
    page.unroute("**/nilai/sel")
    expect(page.locator(f"#k-{fourth}")).to_have_text("✓ tersimpan")

    cookies = page.context.cookies()
    page.context.clear_cookies()
    page.locator(f"#{fifth}").focus()
    page.keyboard.type("65")
    page.keyboard.press("Enter")
    expect(page.locator(f"#k-{fifth}")).to_contain_text("sesi sudah berakhir")
    name, password = office.account("selector")
    with httpx.Client(base_url=office.url, timeout=60) as client:  # signs in anew, in another tab
        assert client.post("/masuk", data={"name": name, "password": password}).status_code == 303
        again = {one.name: str(one.value) for one in client.cookies.jar}
    assert again["jalur_session"] not in [one.get("value") for one in cookies]
    page.context.add_cookies([{"name": one, "value": value, "url": office.url} for one, value in again.items()])
    expect(page.locator(f"#k-{fifth}")).to_have_text("✓ tersimpan")


def test_without_a_script_the_grid_is_a_form(
    open_window: OpenWindow, office: Office, to_decide: Callable[[int], str]
) -> None:
    window = open_window("selector", java_script_enabled=False)
    page, code = window.page, to_decide(window.width)
    window.expected_statuses = {422}
    page.goto(f"/program/{code}/nilai?kurang=1")
    with office.api() as client:
        rows = _lacking(client, code)
        sixth, seventh = rows[5]["applicant_id"], rows[6]["applicant_id"]
        page.locator(f"#written-{sixth}").fill("66")
        page.locator(f"#interview-{sixth}").fill("enam")
        page.locator(f"#written-{seventh}").fill("-")
        assert client.put(f"/applicants/{seventh}/scores/written", json={"value": "7", "expected": ""}).is_success
        page.get_by_role("button", name="Simpan semua").click()
        expect(page.locator(".summary li")).to_have_count(2)
        expect(page.locator(f"#k-interview-{sixth}")).to_contain_text("Ini bukan angka.")
        assert page.locator(f"#interview-{sixth}").input_value() == "enam"
        expect(page.locator(f"#k-written-{seventh}")).to_contain_text("sudah menulis 7")
        expect(page.get_by_role("button", name="Pakai nilai saya")).to_be_hidden()  # it would need a script
        window.keep("nilai-tanpa-skrip")
        page.locator(f"#interview-{sixth}").fill("77")
        page.get_by_role("button", name="Simpan semua").click()
        expect(page.locator(".summary")).to_have_count(0)
        found = {one["applicant_id"]: one for one in _lacking(client, code)}
        assert sixth not in found and found[seventh]["written"] == "-"


def test_whoever_may_not_type_sees_the_scores(open_window: OpenWindow, to_decide: Callable[[int], str]) -> None:
    window = open_window("registrar")
    window.page.goto(f"/program/{to_decide(window.width)}/nilai")
    expect(window.page.locator("tbody tr")).to_have_count(50)
    expect(window.page.locator("tbody input")).to_have_count(0)
    window.keep("nilai-dibaca")
    assert window.judge() == []


def _complete(client: httpx.Client, code: str) -> None:
    """Everybody who lacks scores has been absent."""
    for one in _lacking(client, code):
        for part in ("written", "interview"):
            answer = client.put(
                f"/applicants/{one['applicant_id']}/scores/{part}", json={"value": "-", "expected": one[part]}
            )
            assert answer.is_success, answer.text


def _simulated(window: Window, code: str) -> str:
    """Simulates; the run's address."""
    window.page.goto(f"/program/{code}/seleksi")
    window.page.get_by_role("button", name="Simulasikan sekarang").click()
    window.page.wait_for_url("**/simulasi/*")
    return window.page.url


def _minutes(office: Office, code: str, out: str) -> None:
    """The minutes hold names for whoever sees them alone, and then it is on record."""
    path = f"/api/v1/programmes/{code}/selection/minutes.pdf"
    printed = {}
    for role in ("selector", "registrar"):
        cookies = {one["name"]: one["value"] for one in office.session(role)}
        with httpx.Client(base_url=office.url, cookies=cookies, timeout=60) as client:
            printed[role] = client.get(path, params={"reveal": "name"} if role == "registrar" else {})
            if role == "selector":
                assert client.get(path, params={"reveal": "name"}).status_code == 403
    texts = {}
    for role, answer in printed.items():
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
        texts[role] = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.content)).pages)
        assert texts[role].count(f"{code}-0") == 196 + 24 and out not in texts[role]
        assert "16 dari 16 kursi terisi" in texts[role] and "selection:" in texts[role]
    assert ("Nama" in texts["selector"], "Nama" in texts["registrar"]) == (False, True)
    with office.api() as client:
        shown = client.get(
            "/audit/entries", params={"service": "registration", "by": "registrar-1", "limit": 200}
        ).json()
    assert any(one["reason"] == "berita acara seleksi" for one in shown["items"])
    folder = os.environ.get("JALUR_SCREENSHOTS")
    if folder:
        (Path(folder) / f"{code}-berita-acara.pdf").write_bytes(printed["registrar"].content)


def test_a_selection_is_simulated_compared_and_decided(
    open_window: OpenWindow, office: Office, to_decide: Callable[[int], str]
) -> None:
    window = open_window("selector")
    page, code, wrong = window.page, to_decide(window.width), list[str]()
    window.expected_statuses = {409}

    def look(name: str) -> None:
        window.keep(name)
        wrong.extend(window.judge())

    page.goto(f"/program/{code}/seleksi")
    expect(page.get_by_text("orang belum lengkap nilainya.")).to_be_visible()
    look("seleksi-nilai-kurang")
    page.get_by_role("button", name="Simulasikan sekarang").click()
    expect(page.locator(".summary")).to_contain_text("Lengkapi dahulu nilainya")
    with office.api() as client:
        _complete(client, code)
        first = _simulated(window, code)
        page.get_by_role("link", name="Barista").click()
        expect(page.locator("tr.cut")).to_contain_text("16 dari 16 kursi terisi")
        expect(page.locator(".ranked .badge.reserve")).to_have_count(2)
        look("seleksi-simulasi")
        best = page.locator(".ranked tbody a").first
        number, who = best.inner_text(), str(best.get_attribute("href")).rpartition("/")[2]
        scores = client.get(f"/programmes/{code}/scores", params={"limit": 200}).json()
        written = next(
            one["written"]
            for page_of in (
                scores,
                client.get(f"/programmes/{code}/scores", params={"limit": 200, "cursor": scores["next_cursor"]}).json(),
            )
            for one in page_of["items"]
            if one["applicant_id"] == who
        )
        assert client.put(f"/applicants/{who}/scores/written", json={"value": "1", "expected": written}).is_success
    second = _simulated(window, code)
    page.goto(f"/program/{code}/seleksi")
    expect(page.get_by_role("link", name="Putuskan…")).to_have_count(1)
    look("seleksi-dua-simulasi")
    page.get_by_role("button", name="Bandingkan A dan B").click()
    row = page.locator("tbody tr", has=page.get_by_role("link", name=number))
    expect(row.locator("td").first).to_contain_text("Diterima")
    expect(row.locator("td").nth(1)).to_contain_text("Tidak diterima")
    look("seleksi-banding")

    page.goto(first)
    page.get_by_role("link", name="Putuskan menurut simulasi ini…").click()
    expect(page.get_by_role("heading", name="Yang akan terjadi")).to_be_visible()
    look("seleksi-putuskan")
    page.get_by_role("button", name="Ya, putuskan sekarang").click()
    expect(page.locator(".summary")).to_contain_text("Ada yang berubah sejak simulasi itu dibuat")
    look("seleksi-berubah")
    page.goto(second)
    page.get_by_role("link", name="Putuskan menurut simulasi ini…").click()
    page.get_by_role("button", name="Ya, putuskan sekarang").click()
    expect(page.get_by_text("Sudah diputuskan")).to_be_visible()
    head = page.locator(".head code").inner_text()
    with office.api() as client:
        said = client.get("/audit/verify", params={"service": "selection", "expect": head}, timeout=120).text
    assert '"selection"' in said and "problem" not in said, said
    look("seleksi-diputuskan")
    page.get_by_role("link", name="Barista").click()
    expect(page.locator("tr.cut")).to_be_visible()
    look("seleksi-kelas")
    _minutes(office, code, number)
    page.go_back()
    page.go_back()  # the confirmation once more: there is nothing left to confirm
    page.reload()
    expect(page.get_by_text("Seleksi program ini sudah diputuskan.")).to_be_visible()
    assert wrong == []


def _freed(client: httpx.Client, code: str, class_code: str) -> list[str]:
    """The first of a class withdraws; the reserves' numbers once the system has seen it."""
    path = f"/programmes/{code}/selection/classes/{class_code}"
    first = client.get(path).json()["accepted"][0]["applicant_id"]
    assert client.post(f"/applicants/{first}/withdrawal", json={"reason": "bekerja"}).is_success
    give_up_at = time.monotonic() + 20
    while True:
        found = client.get(path).json()
        if first not in [one["applicant_id"] for one in found["accepted"]]:
            return [one["registration_no"] for one in found["reserves"]]
        assert time.monotonic() < give_up_at
        time.sleep(0.2)


def test_a_freed_seat_is_offered_declined_confirmed_and_given_by_hand(
    open_window: OpenWindow, office: Office, to_decide: Callable[[int], str]
) -> None:
    window = open_window("selector")
    page, code, wrong = window.page, to_decide(window.width), list[str]()
    window.expected_statuses = {422, 409}
    with office.api() as client:
        _complete(client, code)
        assert client.post(f"/programmes/{code}/selection/decide").is_success
        first, second = _freed(client, code, "BAR-1")
    page.goto(f"/program/{code}/seleksi/kelas/BAR-1")
    offered = page.locator("section.card")
    expect(offered).to_have_count(1)
    until = language.filters("id")["day"](TODAY + timedelta(days=3))
    expect(offered).to_contain_text(f"{first} · peringkat")
    expect(offered).to_contain_text(f"jawaban paling lambat {until}")
    window.keep("seleksi-tawaran")
    wrong += window.judge()
    page.get_by_role("button", name="Menolak").click()
    page.locator(".summary a").click()
    page.keyboard.type("sudah bekerja di tempat lain")
    page.keyboard.press("Enter")  # decides nothing, and loses nothing
    expect(page.locator(".summary")).to_contain_text("Pilih cadangannya dan apa yang terjadi")
    page.get_by_role("button", name="Menolak").focus()
    page.keyboard.press("Enter")
    expect(offered).to_contain_text(second)
    page.get_by_role("button", name="Menerima kursi").click()
    expect(page.get_by_text("16 dari 16 kursi terisi").first).to_be_visible()
    expect(offered).to_have_count(0)
    page.get_by_role("link", name=second).click()
    expect(page.locator(".timeline")).to_contain_text("Diterima dari cadangan")
    expect(page.locator(".timeline")).to_contain_text("Kursi ditawarkan")

    with office.api() as client:  # too late for reserves: the seat stays free
        definition = client.get(f"/programmes/{code}").json()
        revision = definition.pop("revision") + 1
        definition["selection"]["reserve_until"] = str(TODAY - timedelta(days=1))
        assert client.post("/programmes", json=definition).json()["revision"] == revision
        assert client.post(f"/programmes/{code}/selection/simulate").status_code == 200  # has waited for the rules
        _, later = _freed(client, code, "MGD-1")
    page.goto(f"/program/{code}/seleksi/kelas/MGD-1")
    expect(page.locator(".meta")).to_contain_text("1 kosong")
    page.get_by_text("Promosikan cadangan ke kursi kosong").click()
    page.get_by_label("Cadangan").select_option(index=1)
    page.get_by_label("Alasan").fill("Cadangan pertama tidak dapat dihubungi")
    window.keep("seleksi-promosi")
    wrong += window.judge()
    page.get_by_role("button", name="Promosikan").click()
    expect(page.locator(".meta")).to_contain_text("16 dari 16 kursi terisi")
    row = page.locator("tr", has=page.get_by_role("link", name=later))
    expect(row).to_contain_text("Diterima")
    assert wrong == []
