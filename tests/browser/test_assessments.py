"""Results and certificates: what has not come, a second attempt, and what a certificate's page says."""

import io
from collections.abc import Callable

import httpx
import openpyxl
from playwright.sync_api import Page, expect

from tests.browser.office import Office, Window

OpenWindow = Callable[..., Window]


def _not_yet_competent(office: Office, place: int) -> str:
    """The page of somebody who was not found competent, another one for each place; there are three."""
    with office.api() as client:
        found = client.get(
            "/programmes/LPKS-2025/applicants", params={"stage": "not_yet_competent", "limit": 9}
        ).json()["items"]
    return f"/uji/{found[place]['applicant_id']}"


def _may_be_empty(page: Page) -> None:
    """As a browser that does not check forms before they are sent."""
    page.evaluate("for (const form of document.forms) form.noValidate = true")


def test_what_is_expected_is_listed_and_downloaded(open_window: OpenWindow, office: Office) -> None:
    window = open_window("certifier")
    page = window.page
    page.goto("/program/LPKS-2025")
    page.get_by_role("link", name="Uji & sertifikat").click()
    with office.api() as client:
        expected = client.get("/programmes/LPKS-2025/expected-certificates").json()
        funnel = client.get("/programmes/LPKS-2025/funnel").json()
    assert sum(one["competent"] for one in expected["schemes"]) == funnel["competent"]
    with page.expect_download() as download:
        page.get_by_role("link", name="Unduh sebagai xlsx").click()
    rows = list(
        openpyxl.load_workbook(io.BytesIO(download.value.path().read_bytes())).active.iter_rows(values_only=True)
    )
    assert [row[0] for row in rows[1:]] == [one["registration_no"] for one in expected["waiting"]]
    page.locator("tbody th a[href^='/uji/']").first.click()
    expect(page.get_by_text("Belum ada sertifikat.")).to_be_visible()


def test_a_second_attempt_is_entered_once_and_a_colleague_hears_of_it(open_window: OpenWindow, office: Office) -> None:
    window, colleague = open_window("certifier"), open_window("admin")
    page, address = window.page, _not_yet_competent(office, 0 if window.width == 1440 else 1)
    window.expected_statuses = colleague.expected_statuses = {409, 422}
    colleague.page.goto(address)
    page.goto(address)
    page.locator("summary", has_text="Catat hasil uji").click()
    _may_be_empty(page)
    page.get_by_role("button", name="Simpan hasil").click()
    expect(page.locator(".summary")).to_be_focused()
    window.keep("uji-tidak-lengkap")
    assert window.judge() == []
    page.locator(".summary a").last.click()

    def fill(form: Page) -> None:
        form.get_by_label("Tanggal uji").fill("2025-08-20")
        form.get_by_label("Asesor", exact=True).fill("Asesor Permata")
        for select in form.locator("fieldset select").all():
            select.select_option("BK")
        form.get_by_role("button", name="Simpan hasil").click()

    fill(page)
    page.wait_for_url(f"**{address}")
    expect(page.locator("main article h3").first).to_contain_text("Uji ke 2, 20 Agustus 2025")
    window.keep("uji-ulang")
    assert window.judge() == []

    colleague.page.locator("summary", has_text="Catat hasil uji").click()
    fill(colleague.page)  # the very same: nothing to lose
    expect(colleague.page.locator("main article h3").first).to_contain_text("Uji ke 2")
    page.get_by_text("Catat hasil uji, uji ulang, atau perbaikan").click()
    colleague.page.get_by_text("Catat hasil uji, uji ulang, atau perbaikan").click()
    for form, day in ((page, "2025-08-21"), (colleague.page, "2025-08-22")):
        form.get_by_label("Tanggal uji").fill(day)
        form.get_by_label("Asesor", exact=True).fill("Asesor Permata")
        for select in form.locator("fieldset select").all():
            select.select_option("BK")
        form.get_by_role("button", name="Simpan hasil").click()
    expect(colleague.page.locator(".summary")).to_contain_text("Orang lain baru saja mencatat hasil")
    assert colleague.page.get_by_label("Tanggal uji").input_value() == "2025-08-22"
    colleague.keep("uji-berbenturan")
    assert colleague.judge() == []
    assert colleague.page.locator("main article").count() == 3


def test_a_certificate_is_not_revoked_without_a_reason(open_window: OpenWindow, office: Office) -> None:
    window = open_window("certifier")
    page, window.expected_statuses = window.page, {422}
    with office.api() as client:
        [one] = client.get("/programmes/LPKS-2025/applicants", params={"stage": "certified", "limit": 1}).json()[
            "items"
        ]
    page.goto(f"/uji/{one['applicant_id']}")
    page.locator("summary", has_text="Cabut sertifikat").click()
    _may_be_empty(page)
    page.get_by_role("button", name="Cabut sertifikat").click()
    expect(page.locator(".summary")).to_be_focused()
    page.locator(".summary a").click()
    expect(page.locator("input[name=alasan]")).to_be_focused()
    window.keep("uji-cabut")
    assert window.judge() == []
    page.locator("tbody th a[href^='/sertifikat/']").click()
    expect(page.get_by_role("status")).to_contain_text("masih berlaku")


def _sees_who_was_chosen_meanwhile(window: Window) -> None:
    """And overwrites it knowingly, with what they had typed."""
    page = window.page
    page.locator("summary", has_text="Tunjuk asesor").click()
    page.locator("#asesor-banding").fill("Dewi Lestari")
    page.keyboard.press("Enter")
    expect(page.locator(".summary")).to_contain_text("Orang lain baru saja menunjuk asesor banding ini.")
    expect(page.locator("article .wrong")).to_contain_text("Sekarang: Rina Wati (certifier-1, ")
    expect(page.locator("#asesor-banding")).to_have_value("Dewi Lestari")
    window.keep("banding-asesor-keduluan")
    assert window.judge() == []
    page.locator("#asesor-banding").press("Enter")
    expect(page.locator("main")).to_contain_text("asesor: Dewi Lestari")


def _to_be_certified(client: httpx.Client) -> tuple[str, str]:
    """Whose certificate has not come, and its number; the other width, which finds nobody left, corrects one."""
    if waiting := client.get("/programmes/LPKS-2025/expected-certificates").json()["waiting"]:
        return waiting[0]["applicant_id"], "62019 2513 4 0099001 2025"
    [one] = client.get("/programmes/LPKS-2025/applicants", params={"stage": "certified", "limit": 1}).json()["items"]
    held = client.get(f"/applicants/{one['applicant_id']}").json()["certification"]["certificates"]
    return one["applicant_id"], held[0]["certificate_no"]


def test_a_certificate_is_entered_and_its_days_corrected(open_window: OpenWindow, office: Office) -> None:
    window, colleague = open_window("certifier"), open_window("admin")
    page, window.expected_statuses, colleague.expected_statuses = window.page, {422}, {409, 422}
    with office.api() as client:
        who, number = _to_be_certified(client)
    address = f"/uji/{who}"
    for one in (page, colleague.page):
        one.goto(address)
        one.locator("summary", has_text="Catat sertifikat dari LSP").press("Enter")
    _may_be_empty(page)
    page.get_by_role("button", name="Simpan sertifikat").click()
    expect(page.locator(".summary")).to_contain_text("Isi nomor sertifikat.")
    window.keep("sertifikat-tidak-lengkap")
    assert window.judge() == []
    page.locator(".summary a").first.press("Enter")
    expect(page.get_by_label("Nomor sertifikat")).to_be_focused()

    def fill(form: Page, written: str, until: str) -> None:
        form.get_by_label("Nomor sertifikat").fill(written)
        form.get_by_label("Tanggal terbit").fill("2025-09-01")
        form.get_by_label("Berlaku sampai").fill(until)
        form.get_by_role("button", name="Simpan sertifikat").click()

    fill(page, number, "2025-08-01")
    expect(page.locator(".summary")).to_contain_text("Berlaku sampai sebelum tanggal terbit.")
    fill(page, number, "")
    expect(page.locator("tbody")).to_contain_text("1 September 2028")
    expect(page.locator("tbody")).to_contain_text(number)

    # a colleague who has not seen it is told of it, and corrects its last day knowingly
    fill(colleague.page, number, "2028-12-31")
    expect(colleague.page.locator(".summary")).to_contain_text("Orang lain baru saja mencatat")
    colleague.keep("sertifikat-bentrok")
    assert colleague.judge() == []
    colleague.page.get_by_role("button", name="Simpan sertifikat").click()
    expect(colleague.page.get_by_text("Tersimpan. Periksa sekali lagi:")).to_be_visible()
    expect(colleague.page.locator("tbody")).to_contain_text("31 Desember 2028")
    colleague.keep("sertifikat-diperbaiki")
    assert colleague.judge() == []


def test_an_appeal_is_judged_by_an_assessor_who_has_not_tested(open_window: OpenWindow, office: Office) -> None:
    window = open_window("certifier")
    page, address = window.page, _not_yet_competent(office, 2 if window.width == 1440 else 1)
    window.expected_statuses = {409, 422}
    page.goto(address)
    tested_by = page.locator("main article .meta").first.inner_text().rpartition(": ")[2]
    page.locator("summary", has_text="Ajukan banding").click()
    page.locator("#explained-ya").check()
    page.locator("#discussed-tidak").check()
    _may_be_empty(page)
    page.get_by_role("button", name="Ajukan banding").click()
    expect(page.locator(".summary li")).to_have_count(2)  # the third question, and the reason
    window.keep("banding-tidak-lengkap")
    assert window.judge() == []
    assert page.locator("#explained-ya").is_checked()
    page.locator("#others_involved-tidak").check()
    page.locator("#alasan-banding-").fill("Unit kedua tidak diamati")
    page.get_by_role("button", name="Ajukan banding").click()
    expect(page.locator("main")).to_contain_text("sisa 14 hari")

    page.locator("summary", has_text="Tunjuk asesor").click()
    page.locator("#asesor-banding").fill(f"Drs. {tested_by}, M.T.")
    page.get_by_role("button", name="Tunjuk").click()
    expect(page.locator(".summary")).to_contain_text("Asesor ini menguji peserta tersebut")
    window.keep("banding-asesor-ditolak")
    assert window.judge() == []
    slower = open_window("certifier")
    slower.expected_statuses = {409}
    slower.page.goto(address)
    page.locator("#asesor-banding").fill("Rina Wati")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("asesor: Rina Wati")
    _sees_who_was_chosen_meanwhile(slower)
    page.goto(address)
    page.locator("summary", has_text="Putuskan banding").click()
    page.locator("#putusan-dismissed").check()
    page.locator("#alasan-putusan-").fill("Bukti tidak cukup")
    window.keep("banding-putusan")
    page.keyboard.press("Enter")
    expect(page.locator("main article h3 .badge", has_text="Ditolak")).to_be_visible()
    window.keep("banding-diputuskan")
    assert window.judge() == []
    page.goto("/program/LPKS-2025/uji")
    expect(page.get_by_role("region", name="Banding")).to_contain_text("Ditolak")
    window.keep("uji-dengan-banding")
    assert window.judge() == []
