"""A class from its first day to its completion: marked by two clerks, closed, and signed on paper."""

from collections.abc import Callable

from playwright.sync_api import Page, expect
from pypdf import PdfReader

from tests.browser.office import Office, Window

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
