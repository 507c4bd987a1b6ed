"""Asking graduates what became of them: the waves, the call list, the links, and the page behind a link."""

import io
from collections.abc import Callable
from datetime import datetime, timedelta

import openpyxl
from playwright.sync_api import Page, expect

from shared.cells import JAKARTA
from tests.browser.office import Office, Window

OpenWindow = Callable[..., Window]
WAVES = {1440: 6, 390: 12}  # the sample's answers are those of the third month


def _in_days(days: int) -> str:
    return (datetime.now(JAKARTA).date() + timedelta(days=days)).isoformat()


def _planned(window: Window) -> str:
    """The address of the call list of a wave that is under way, one for each width."""
    page, wave = window.page, WAVES[window.width]
    page.goto("/penempatan/penelusuran?program=LPKS-2025")
    card = page.locator("article").nth([3, 6, 12].index(wave))
    card.locator("summary").press("Enter")
    card.get_by_label("Nama").fill(f"Lulusan {wave} bulan <i>")
    card.get_by_label("Hari pertama").fill(_in_days(1))
    card.get_by_label("Hari terakhir").fill(_in_days(-1))
    card.get_by_role("button", name="Simpan").click()
    expect(page.locator(".summary")).to_contain_text("Hari terakhir harus sesudah hari pertama.")
    window.keep("gelombang-salah")
    assert window.judge() == []
    page.get_by_label("Hari pertama").locator("visible=true").fill(_in_days(-1))
    page.get_by_label("Hari terakhir").locator("visible=true").fill(_in_days(20))
    page.get_by_role("button", name="Simpan").locator("visible=true").click()
    expect(card).to_contain_text("Berjalan")
    window.keep("penelusuran-gelombang")
    assert window.judge() == []
    card.get_by_role("link", name="Daftar telepon dan tautan").click()
    page.wait_for_url(f"**/penelusuran/LPKS-2025/{wave}")
    return page.url


def _links(page: Page, reason: str = "") -> list[list[str]]:
    """The rows of the workbook."""
    page.get_by_text("Unduh tautan untuk dikirim").click()
    if reason:
        page.locator("#alasan-tautan").fill(reason)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Unduh sebagai xlsx").click()
    book = openpyxl.load_workbook(io.BytesIO(waiting.value.path().read_bytes()))
    return [[str(cell) for cell in row] for row in book.active.iter_rows(values_only=True)]


def test_a_wave_by_phone_and_by_link(open_window: OpenWindow, office: Office) -> None:
    window, registrar = open_window("placement"), open_window("registrar")
    page, window.expected_statuses, registrar.expected_statuses = window.page, {422, 409}, {422, 409}
    address = _planned(window)
    assert page.get_by_text("Tampilkan nama dan telepon").count() == 0  # not for placement
    heading, *rows = _links(page)
    assert heading == ["Nomor pendaftaran", "Tautan"] and len(rows) == office.expected["completed"]

    desk = registrar.page
    desk.goto(address)
    number = desk.locator("tbody th").first.inner_text()
    desk.get_by_text("Tampilkan nama dan telepon").click()
    desk.locator("#alasan-buka").fill(f"Menelepon lulusan {window.width}")
    desk.keyboard.press("Enter")
    expect(desk.get_by_text("Dibuka untuk Anda sekali ini, dan tercatat.")).to_be_visible()
    expect(desk.locator("tbody tr").first.locator("a[href^='tel:+62']")).to_be_visible()
    registrar.keep("telepon-dibuka")
    assert registrar.judge() == []
    _two_calls_in_a_row(desk)
    with_names = _links(desk, "Mengirim tautan lewat WhatsApp")
    assert with_names[0] == ["Nomor pendaftaran", "Nama", "Telepon", "Tautan"]
    assert [row[-1] for row in with_names[1:]] == [row[-1] for row in rows]

    # two at the phone: the slower one is told what the other has heard
    desk.goto(address)
    page.goto(address)
    for one, status in ((page, "Bekerja"), (desk, "Wirausaha")):
        row = one.locator("tbody tr", has_text=number)
        row.locator("summary").click()
        row.get_by_label(status, exact=True).check()
        row.get_by_label("Tempat kerja").fill("PT Batik Pesisir")
        if one is page:
            window.keep("telepon-jawab")
            assert window.judge() == []
        row.get_by_role("button", name="Simpan").click()
        if one is page:
            expect(page.locator("tbody tr", has_text=number)).to_have_count(0)
    expect(desk.locator(".summary")).to_contain_text("Jawaban lulusan ini sudah masuk")
    expect(desk.locator("main")).to_contain_text("Bekerja, PT Batik Pesisir")

    # a link that went astray is replaced; the old one leads nowhere
    second, third = page.locator("tbody th").all_inner_texts()[:2]
    link = next(row[-1] for row in rows if row[0] == second)
    row = page.locator("tbody tr", has_text=second)
    row.locator("summary").click()
    row.get_by_label("Alasan mencabut").fill("Salah nomor")
    row.get_by_role("button", name="Cabut tautan").click()
    expect(page.locator("tbody tr", has_text=second)).to_contain_text("dicabut")
    graduate = open_window(None, java_script_enabled=False)
    _answered_by_link(graduate, office, astray=link, mine=next(row[-1] for row in rows if row[0] == third))
    page.goto(address)
    expect(page.locator("tbody th").first).to_be_visible()
    assert third not in page.locator("tbody th").all_inner_texts()


def _two_calls_in_a_row(desk: Page) -> None:
    """What is heard is kept without a word lost, and the phones stay for the next call."""
    for number in desk.locator("tbody th").all_inner_texts()[-2:]:
        row = desk.locator("tbody tr", has_text=number)
        row.locator("summary").click()
        row.get_by_label("Tidak dapat dihubungi").check()
        row.get_by_role("button", name="Simpan").click()
        expect(row).to_contain_text("✓ tersimpan")
        expect(row.locator("a[href^='tel:+62']")).to_be_visible()


def _answered_by_link(window: Window, office: Office, *, astray: str, mine: str) -> None:
    """On a phone without a script: one tap, thanks, changed once."""
    page, window.expected_statuses = window.page, {404}
    here = office.url + "/lulusan/"
    page.goto(here + astray.rpartition("/")[2])
    expect(page.locator("main")).to_contain_text("Tautan ini tidak berlaku lagi.")
    page.goto(here + mine.rpartition("/")[2])
    assert page.locator(".tap").count() == 4
    window.keep("lulusan-tanya")
    page.get_by_role("button", name="Saya belum bekerja").click()
    expect(page.get_by_role("status")).to_contain_text("Terima kasih")
    page.get_by_role("link", name="Ubah jawaban").click()
    page.get_by_role("button", name="Saya punya usaha sendiri").click()
    expect(page.get_by_role("status")).to_contain_text("Saya punya usaha sendiri")
    page.get_by_label("Nama tempat kerja").fill("<b>Warung</b> 0812 3456 7890")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Saya punya usaha sendiri: <b>Warung</b> …")
    window.keep("lulusan-terima-kasih")
