"""A class from its first day to its completion: marked by two clerks, closed, and signed on paper; and its cover by
BPJS Ketenagakerjaan before it begins.
"""

import asyncio
import io
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import aio_pika
import openpyxl
from playwright.sync_api import Page, expect
from pymongo import MongoClient
from pypdf import PdfReader

from deploy.local.runner import LocalStack
from shared.cells import JAKARTA
from shared.contracts.selection import Outcome, SelectionDecided, Stage
from tests.browser.office import Office, Window
from tests.events import publish

OpenWindow = Callable[..., Window]

_CLASSES = {1440: "MJT-1", 390: "MJT-2"}  # one for each width, so that neither finds what the other did
_WEEK = "?minggu=2025-06-18"


def _marks(page: Page, day: str) -> list[str]:
    cells = page.locator(f"select[name*=':{day}:']")
    return cells.evaluate_all("all => all.map(one => one.value)")  # type: ignore[no-any-return]


def _printed(page: Page, button: str) -> str:
    with page.expect_download() as download:
        page.get_by_role("button", name=button).click()
    return "".join(one.extract_text() for one in PdfReader(download.value.path()).pages)


def test_a_class_is_marked_closed_and_signed(open_window: OpenWindow, office: Office) -> None:
    window, colleague = open_window("certifier"), open_window("admin")
    page, address = window.page, f"/program/LPKS-2025/kelas/{_CLASSES[window.width]}"
    window.expected_statuses = colleague.expected_statuses = {409}
    page.goto("/program/LPKS-2025")
    page.get_by_role("link", name="Kelas", exact=True).click()
    page.locator(f"a[href='{address}']").click()
    page.goto(address + _WEEK)
    people = page.locator(".days tbody tr").count()
    assert people > 5
    colleague.page.goto(address + _WEEK)

    # a day with one button, then one person otherwise, with the keyboard
    page.get_by_role("button", name="Isi yang kosong dengan hadir, 16 Juni 2025").click()
    page.wait_for_url("**#kehadiran")
    assert _marks(page, "2025-06-16") == ["present"] * people
    first = page.locator("select[name*=':2025-06-16:']").first
    first.focus()
    page.keyboard.press("i")
    page.get_by_role("button", name="Simpan kehadiran").focus()
    page.keyboard.press("Enter")
    expect(page.locator("select[name*=':2025-06-16:excused']")).to_have_count(1)
    window.keep("kelas-ditandai")
    assert window.judge() == []

    # the colleague still sees an empty grid
    seen = colleague.page.locator("select[name*=':2025-06-16:']").first
    seen.select_option("absent")
    colleague.page.locator("select[name*=':2025-06-17:']").first.select_option("present")
    colleague.page.get_by_role("button", name="Simpan kehadiran").click()
    expect(colleague.page.locator(".summary")).to_be_focused()
    expect(colleague.page.locator(".summary")).to_contain_text(
        "certifier-1 sudah menandai Izin; isian Anda: Tidak hadir"
    )
    colleague.keep("kelas-berbenturan")
    assert colleague.judge() == []
    assert _marks(colleague.page, "2025-06-16")[0] == "excused"
    assert _marks(colleague.page, "2025-06-17")[0] == "present"

    # a day that is not marked for everybody keeps the class open
    page.get_by_role("button", name="Tutup kehadiran dari catatan harian").click()
    expect(page.locator(".summary li").first).to_contain_text("belum ditandai pada 17 Juni 2025")
    window.keep("kelas-belum-lengkap")
    assert window.judge() == []
    page.locator(".summary a").first.click()
    page.goto(address + _WEEK)
    page.get_by_role("button", name="Isi yang kosong dengan hadir, 17 Juni 2025").click()
    page.wait_for_url("**#kehadiran")
    page.get_by_role("button", name="Tutup kehadiran dari catatan harian").click()
    page.wait_for_url("**#peserta")
    rows = page.locator("form[action$='/selesai'] tbody tr")
    expect(rows.filter(has_text="catatan harian")).to_have_count(people)
    assert rows.first.locator("td").nth(1).inner_text() == "1 / 2"
    window.keep("kelas-ditutup")
    assert window.judge() == []

    # the certifier prints numbers alone, whoever may see names gives a reason
    page.locator("#hari").fill("2025-06-18")
    printed = _printed(page, "Cetak daftar hadir (PDF)")
    assert "Rabu, 18 Juni 2025" in printed and printed.count("LPKS-2025-") == people
    colleague.page.goto(address)
    colleague.page.locator("#alasan-nama").fill(f"Hari pertama {window.width}")
    with office.api() as client:
        class_code = _CLASSES[window.width]
        [first_person, *_] = client.get(f"/programmes/LPKS-2025/classes/{class_code}").json()["people"]
        wanted = {"fields": ["name"], "reason": "Uji"}
        name = client.post(f"/applicants/{first_person['applicant_id']}/reveal", json=wanted).json()["name"]
        printed = _printed(colleague.page, "Cetak daftar hadir (PDF)")
        assert name in printed.replace("\n", " ")
        asked = {"service": "registration", "about": first_person["applicant_id"]}
        reasons = [one["reason"] for one in client.get("/audit/entries", params=asked).json()["items"]]
    assert f"Hari pertama {window.width}" in reasons


def test_others_only_read(open_window: OpenWindow) -> None:
    window = open_window("selector")
    window.page.goto("/program/LPKS-2025/kelas/KOM-1" + _WEEK)
    expect(window.page.locator("h1")).to_be_visible()
    assert window.page.locator("main select, main input[type=checkbox], main .primary").count() == 0
    assert window.judge() == []


_TODAY = datetime.now(JAKARTA).date()
_LESS_THAN_ALL = {"starts": str(_TODAY + timedelta(days=20)), "ends": str(_TODAY + timedelta(days=30))}
_TRAINING = {**_LESS_THAN_ALL, "ends": str(_TODAY + timedelta(days=40))}
_SEATS = 16
_BARISTA = {
    "code": "BAR", "name": "Barista", "vocation": "Barista", "provider": "BLK", "provider_kind": "BLK", "seats": _SEATS,
    "lsp": "LSP Kuliner", "scheme": "Barista",
}  # fmt: skip


def _class_to_begin(office: Office, code: str) -> list[str]:
    """The registration numbers of the people who have a place in a class that begins in twenty days."""
    window = {"opens": str(_TODAY - timedelta(days=2)), "closes": str(_TODAY + timedelta(days=2))}
    rule = {"written_weight": 0.5, "interview_weight": 0.5, "pass_mark": 50, "reserves_per_class": 0}
    definition: dict[str, Any] = {
        "code": code, "name": f"Program BPJS {code}", "fund": "DBHCHT", "city": "Kota Pekalongan", "selection": rule,
        "registration": window, "training": _TRAINING, "eligibility": {}, "classes": [_BARISTA],
    }  # fmt: skip
    niks = [f"337501420100{ord(code[-1]):02}{number:02}" for number in range(_SEATS)]
    with office.api() as client:
        assert client.post("/programmes", json=definition).is_success
        for number, nik in enumerate(niks):
            person = {
                "name": f"Wati Uji {number}", "nik": nik, "birth_date": "2 Januari 2000", "gender": "P",
                "city": "Kota Pekalongan", "education": "SMA", "choice_1": "BAR", "willing_to_move": "ya",
                "occupation": "Tidak bekerja",
            }  # fmt: skip
            assert client.post(f"/programmes/{code}/applicants", json=person).is_success
        rows = "".join(f"{nik};80;{60 + number}\n" for number, nik in enumerate(niks))
        sheet = f"NIK;Nilai Tes Tertulis;Nilai Wawancara\n{rows}".encode()
        scored = client.post(f"/programmes/{code}/imports/scores", files={"file": ("nilai.csv", sheet)})
        assert scored.json()["accepted"] == len(niks), scored.text
        assert client.post(f"/programmes/{code}/selection/decide").is_success
        for _ in range(100):
            people = client.get(f"/programmes/{code}/classes/BAR").json().get("people", [])
            if len(people) == len(niks):
                return [one["registration_no"] for one in people]
            time.sleep(0.2)
    raise AssertionError("nobody has got a place")


def test_a_class_is_covered_before_it_begins(open_window: OpenWindow, office: Office) -> None:
    window, colleague = open_window("admin"), open_window("certifier")
    window.expected_statuses = colleague.expected_statuses = {409, 422}
    page, code = window.page, f"BPJS-{'A' if window.width > 500 else 'B'}"
    first, second, third, *_ = _class_to_begin(office, code)
    address = f"/program/{code}/kelas/BAR/bpjs"

    # it waits on Beranda, by itself, and leads to the class
    page.goto("/beranda")
    expect(page.locator(f"a[href='{address}']")).to_contain_text(f"{_SEATS} Barista")
    window.keep("bpjs-beranda")
    assert window.judge() == []
    page.locator(f"a[href='{address}']").click()
    expect(page.get_by_text("Terlindungi penuh", exact=True)).to_be_visible()
    expect(page.locator("tbody tr").filter(has_text="! JKK + JKM")).to_have_count(_SEATS)
    window.keep("bpjs-belum")
    assert window.judge() == []
    colleague.page.goto(address)

    # another year: told once, at the day, not once for everybody
    page.get_by_label("Mulai", exact=True).fill("2020-05-04")
    page.get_by_label("Sampai", exact=True).fill("2020-06-05")
    page.get_by_role("button", name="Catat untuk semua peserta").click()
    expect(page.locator(".summary li")).to_have_text("Pertanggungan ini tidak menyentuh satu hari pun dari pelatihan.")
    expect(page.get_by_text("Yang lain sudah disimpan")).to_have_count(0)
    page.locator(".summary a").click()
    assert page.evaluate("document.activeElement.id") == "mulai"
    page.goto(address)

    # with the keyboard: the form is filled with the days of the training, and everybody who lacks cover is ticked
    page.get_by_label("Sampai", exact=True).fill(_LESS_THAN_ALL["ends"])
    page.get_by_label("JKK, kecelakaan kerja").uncheck()
    page.get_by_label("JKM, kematian").uncheck()
    page.get_by_role("button", name="Catat untuk yang dicentang").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".summary")).to_be_focused()
    page.locator(".summary a", has_text="Pilih jaminannya").click()
    assert page.get_by_label("Sampai", exact=True).input_value() == _LESS_THAN_ALL["ends"]
    page.get_by_label("JKK, kecelakaan kerja").check()
    page.get_by_label("JKM, kematian").check()
    page.get_by_label("Keadaan", exact=True).select_option("active")
    page.get_by_role("button", name="Catat untuk semua peserta").click()
    page.wait_for_url("**#peserta")
    expect(page.locator("tbody .badge.good", has_text="Berlaku")).to_have_count(_SEATS)
    expect(page.locator("tbody tr").filter(has_text="! JKK + JKM")).to_have_count(_SEATS)  # the last ten days

    # the colleague has not seen that: whoever is ticked there is told, and nothing is overwritten
    colleague.page.get_by_role("button", name="Catat untuk yang dicentang").click()
    expect(colleague.page.locator(".summary")).to_contain_text(f"{first}, {second}, {third}, ")
    expect(colleague.page.locator(".summary li")).to_have_count(1)
    expect(colleague.page.locator(".summary")).to_contain_text(
        f": {office.administrator} sudah mencatat pertanggungannya sejak halaman dibuka"
    )
    assert colleague.page.get_by_role("button", name="Simpan nomor KPJ").count() == 0
    colleague.keep("bpjs-berbenturan")
    assert colleague.judge() == []

    # wrong days: cancelled, and others recorded
    page.get_by_role("link", name="Ubah keadaannya").click()
    page.wait_for_url("**#mulai")
    expect(page.locator("tbody input[type=checkbox]:checked")).to_have_count(_SEATS)
    page.get_by_label("Keadaan", exact=True).select_option("cancelled")
    page.get_by_role("button", name="Catat untuk yang dicentang").click()
    page.locator(".summary a", has_text="Tulis mengapa dibatalkan").click()
    page.keyboard.type("salah tanggal")
    page.get_by_role("button", name="Catat untuk yang dicentang").click()
    expect(page.locator("tbody .badge.bad", has_text="Dibatalkan")).to_have_count(_SEATS)
    page.get_by_label("Keadaan", exact=True).select_option("active")
    page.get_by_label(third, exact=True).uncheck()
    page.get_by_role("button", name="Catat untuk yang dicentang").click()
    expect(page.locator("tbody .badge.good", has_text="Terlindungi")).to_have_count(_SEATS - 1)

    # numbers: typed down the column, refused at their field, kept by their end alone
    numbers = {first: f"250637712{window.width % 100:02}", second: "123", third: ""}
    for who, number in numbers.items():
        page.get_by_label(f"Nomor KPJ, {who}").fill(number)
    page.once("dialog", lambda dialog: dialog.dismiss())  # the other form is sent: stay here, for this would be lost
    with page.expect_event("dialog") as dialog:
        page.get_by_role("button", name="Catat untuk yang dicentang").click(no_wait_after=True)
    assert dialog.value.type == "beforeunload"
    expect(page.get_by_label(f"Nomor KPJ, {first}")).to_have_value(numbers[first])
    page.get_by_label(f"Nomor KPJ, {first}").press("Enter")
    expect(page.locator(".summary")).to_contain_text(f"{second}: Nomor KPJ harus 11 angka")
    page.locator(".summary a").first.click()
    expect(page.get_by_label(f"Nomor KPJ, {second}")).to_be_focused()
    expect(page.get_by_label(f"Nomor KPJ, {second}")).to_have_value("123")
    expect(page.locator("tbody").first).to_contain_text(f"*******{numbers[first][-4:]}")
    assert numbers[first] not in page.content()
    window.keep("bpjs-nomor")
    assert window.judge() == []

    # the list has who is not covered, in clear, for a reason
    page.get_by_label("Untuk keperluan apa?").fill(f"Unggah BPJS {window.width}")
    with page.expect_download() as download:
        page.get_by_role("button", name="Unduh daftar (xlsx)").click()
    heading, *rows = (
        openpyxl.load_workbook(io.BytesIO(download.value.path().read_bytes())).worksheets[0].iter_rows(values_only=True)
    )
    [row] = [dict(zip(heading, cells, strict=True)) for cells in rows]
    assert row["Nama Lengkap"] == "Wati Uji 2" and str(row["NIK"]).startswith("337501420100")
    page.get_by_label("Keadaan", exact=True).select_option("active")
    page.get_by_role("button", name="Catat untuk semua peserta").click()
    expect(page.locator("tbody .badge.good", has_text="Terlindungi")).to_have_count(_SEATS)
    page.get_by_label("Untuk keperluan apa?").fill("Sekali lagi")
    page.get_by_role("button", name="Unduh daftar (xlsx)").click()
    expect(page.locator(".summary")).to_contain_text("semuanya sudah terlindungi")

    page.goto(f"/program/{code}/kelas")
    expect(page.locator("tbody tr").first).to_contain_text(f"{_SEATS} / {_SEATS}")
    page.goto("/beranda/bpjs")
    assert page.locator(f"a[href='{address}']").count() == 0
    with office.api() as client:
        [someone] = [
            one
            for one in client.get(f"/programmes/{code}/classes/BAR").json()["people"]
            if one["registration_no"] == third
        ]
        asked = {"service": "registration", "about": someone["applicant_id"]}
        reasons = [one["reason"] for one in client.get("/audit/entries", params=asked).json()["items"]]
    assert f"Unggah BPJS {window.width}" in reasons
    page.goto(f"/pendaftar/{someone['applicant_id']}")
    expect(page.get_by_text("Pertanggungan BPJS dicatat").first).to_be_visible()
    window.keep("bpjs-riwayat")
    assert window.judge() == []


def _ids(office: Office, code: str) -> dict[str, str]:
    """Applicants by registration number."""
    with office.api() as client:
        people = client.get(f"/programmes/{code}/classes/BAR").json()["people"]
    return {one["registration_no"]: one["applicant_id"] for one in people}


def _recorded(office: Office, applicant_id: str, what: str) -> int:
    with office.api() as client:
        ledger = client.get(f"/applicants/{applicant_id}").json()["ledger"]
    return sum(one["what"] == what for one in ledger)


def _loses_the_place(stack: LocalStack, code: str, applicant_id: str) -> None:
    """A later decision does not accept the person any more."""
    decided = SelectionDecided(
        applicant_id=applicant_id,
        programme_code=code,
        person_id="p",
        outcome=Outcome.REJECTED,
        stage=Stage.RANKING,
        class_code=None,
        rule_version=1,
    )

    async def tell() -> None:
        async with await aio_pika.connect_robust(stack.amqp_url) as connection:
            await publish(connection, decided, applicant_id, sequence=900)

    thread = threading.Thread(target=lambda: asyncio.run(tell()))  # this one has playwright's loop
    thread.start()
    thread.join()


def test_nothing_is_recorded_twice_and_who_has_left_is_cancelled(
    open_window: OpenWindow, office: Office, stack: LocalStack
) -> None:
    window = open_window("admin")
    window.expected_statuses = {409, 422}
    page, code = window.page, f"BPJS-{'C' if window.width > 500 else 'D'}"
    first, second, third, *_ = _class_to_begin(office, code)
    address, ids = f"/program/{code}/kelas/BAR/bpjs", _ids(office, code)
    page.goto(address)

    # the button is pressed twice; then once more from the page before; and a number likewise
    page.get_by_label("Keadaan", exact=True).select_option("active")
    page.get_by_role("button", name="Catat untuk semua peserta").dblclick()
    page.wait_for_url("**#peserta")
    expect(page.locator("tbody .badge.good", has_text="Terlindungi")).to_have_count(_SEATS)
    page.go_back()
    page.get_by_label("Keadaan", exact=True).select_option("active")
    page.get_by_role("button", name="Catat untuk semua peserta").click()
    page.wait_for_url("**#peserta")
    expect(page.locator(".summary")).to_have_count(0)
    page.get_by_label(f"Nomor KPJ, {first}").fill(f"250637713{window.width % 100:02}")
    page.get_by_role("button", name="Simpan nomor KPJ").dblclick()
    page.wait_for_url("**#peserta")
    expect(page.locator("tbody tr").first).to_contain_text("*******")
    page.go_back()
    page.get_by_label(f"Nomor KPJ, {first}").fill(f"250637713{window.width % 100:02}")
    page.get_by_role("button", name="Simpan nomor KPJ").click()
    page.wait_for_url("**#peserta")
    expect(page.locator(".summary")).to_have_count(0)
    counted = [_recorded(office, ids[first], what) for what in ("cover_recorded", "participant_number_recorded")]
    assert counted == [1, 1]

    # somebody is no longer accepted: it waits on Beranda, and is cancelled from their row, with a reason
    _loses_the_place(stack, code, ids[second])
    for _ in range(100):
        page.goto("/beranda/bpjs")
        if page.locator(f"a[href='{address}']").count():
            break
        time.sleep(0.2)
    expect(page.locator(f"a[href='{address}']")).to_contain_text("tidak lagi di kelas ini")
    window.keep("bpjs-keluar-beranda")
    assert window.judge() == []
    page.locator(f"a[href='{address}']").click()
    row = page.locator("tbody tr").filter(has_text="Tidak lagi di kelas ini")
    expect(row).to_contain_text(second)
    window.keep("bpjs-keluar")
    assert window.judge() == []
    row.get_by_role("link", name="Batalkan").click()
    page.wait_for_url("**#alasan-batal")
    expect(page.locator("tbody input[type=checkbox]:checked")).to_have_count(1)
    page.get_by_label("Alasan, bila dibatalkan").fill("tidak jadi ikut")
    window.keep("bpjs-keluar-batal")
    page.get_by_role("button", name="Catat untuk yang dicentang").dblclick()
    page.wait_for_url("**#peserta")
    expect(row).to_contain_text("Dibatalkan")
    expect(row).not_to_contain_text("batalkan pertanggungannya")
    assert _recorded(office, ids[second], "cover_recorded") == 2
    page.goto("/beranda/bpjs")
    assert page.locator(f"a[href='{address}']").count() == 0

    # a number that cannot be opened: the others are there, and who is left out of the list is named
    page.goto(address)
    page.get_by_label(f"Nomor KPJ, {third}").fill(f"250637714{window.width % 100:02}")
    page.get_by_role("button", name="Simpan nomor KPJ").click()
    page.wait_for_url("**#peserta")
    with MongoClient[dict[str, Any]](stack.mongo_url) as database:
        applicants = database[f"{stack.db_prefix}_registration"]["applicants"]
        applicants.update_one({"_id": ids[third]}, {"$set": {"sealed.kpj": "gone:AAAA"}})
    page.goto(address)
    expect(page.locator("tbody tr").filter(has_text=third)).to_contain_text("tidak dapat dibaca")
    expect(page.locator("tbody tr").filter(has_text=first)).to_contain_text("*******")
    expect(page.locator(".cover-forms")).to_contain_text(f"{third} (Nomor KPJ)")
    window.keep("bpjs-tidak-terbaca")
    assert window.judge() == []
    page.get_by_label("Untuk keperluan apa?").fill("Uji")
    page.get_by_label("Semua peserta, untuk seluruh hari pelatihan").check()
    with page.expect_download() as download:
        page.get_by_role("button", name="Unduh daftar (xlsx)").click()
    listed, left_out = openpyxl.load_workbook(io.BytesIO(download.value.path().read_bytes())).worksheets
    assert (listed.max_row - 1, left_out.cell(2, 1).value) == (_SEATS - 2, third)
    page.get_by_label(f"Nomor KPJ, {third}").fill(f"250637714{window.width % 100:02}")
    page.get_by_role("button", name="Simpan nomor KPJ").click()
    page.wait_for_url("**#peserta")
    expect(page.get_by_text("tidak dapat dibaca")).to_have_count(0)
