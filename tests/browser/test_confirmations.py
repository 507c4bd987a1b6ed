"""Employers' confirmations: the list, a link and what it leads to on a phone, and what staff hear by phone."""

from collections.abc import Callable
from datetime import datetime, timedelta

from playwright.sync_api import Page, expect

from shared.cells import JAKARTA
from tests.browser.office import Office, Window

OpenWindow = Callable[..., Window]
HERE = "/penempatan/konfirmasi?program=LPKS-2025"


def _in_days(days: int) -> str:
    return (datetime.now(JAKARTA).date() + timedelta(days=days)).isoformat()


def _link(window: Window, employer: int) -> tuple[str, str]:
    """An employer, another one for each width, and its link, made by keyboard."""
    page = window.page
    page.goto(HERE)
    row = page.get_by_role("region", name="Tautan perusahaan").locator("tbody tr").nth(employer)
    name = row.locator("th").inner_text()
    row.get_by_role("button", name="Buat tautan").press("Enter")
    url = page.get_by_role("row").filter(has_text=name).locator("code").first
    expect(url).to_contain_text("/konfirmasi/")
    window.keep("konfirmasi-tautan")
    assert window.judge() == []
    return name, url.inner_text()


def _answered_by_the_employer(window: Window, office: Office, name: str, url: str) -> None:
    """On a phone without a script."""
    page, window.expected_statuses = window.page, {422}
    page.goto(f"{office.url}/konfirmasi/{url.rpartition('/')[2]}")
    expect(page.locator(".lead")).to_contain_text(name)
    people = page.locator("section.person")
    window.keep("perusahaan-tanya")
    first = people.first
    first.get_by_role("button", name="Ya, bekerja di sini").press("Enter")
    expect(people.first.get_by_role("status")).to_contain_text("Tercatat: Bekerja di sini")
    people.first.get_by_text("Ubah jawaban").click()
    people.first.get_by_label("Sudah tidak bekerja di sini sejak").fill(_in_days(2))
    people.first.get_by_role("button", name="Simpan").click()
    expect(page.locator(".summary")).to_contain_text("Tanggal itu belum tiba.")
    people.first.get_by_label("Sudah tidak bekerja di sini sejak").fill(_in_days(-1))
    people.first.get_by_role("button", name="Simpan").click()
    expect(people.first.get_by_role("status")).to_contain_text("Sudah tidak bekerja di sini sejak")
    window.keep("perusahaan-jawab")


def _noted(page: Page, number: str) -> None:
    row = page.locator("tbody tr", has_text=number)
    row.locator("summary").press("Enter")
    row.get_by_label("Bekerja di sini", exact=True).check()
    row.get_by_label("Telepon").check()
    row.get_by_label("Siapa di perusahaan").fill("Bagian personalia")
    row.get_by_role("button", name="Simpan").click()


def test_placements_are_confirmed_by_link_and_by_phone(open_window: OpenWindow, office: Office) -> None:
    window, slower = open_window("placement"), open_window("admin")
    page, window.expected_statuses, slower.expected_statuses = window.page, {422}, {422}
    name, url = _link(window, 0 if window.width == 1440 else 1)
    employer = open_window(None, java_script_enabled=False)
    _answered_by_the_employer(employer, office, name, url)
    page.goto(f"{HERE}&keadaan=left")
    expect(page.locator("main")).to_contain_text("Lewat tautan")

    waiting = f"{HERE}&keadaan=waiting"
    page.goto(waiting)
    slower.page.goto(waiting)
    number = page.get_by_role("region", name="Lulusan yang").locator("tbody th").nth(3).inner_text()
    _noted(page, number)
    expect(page.locator("tbody tr", has_text=number)).to_have_count(0)
    row = slower.page.locator("tbody tr", has_text=number)
    row.locator("summary").click()
    row.get_by_label("Bukan karyawan kami").check()
    row.get_by_label("Surat").check()
    row.get_by_role("button", name="Simpan").click()
    expect(slower.page.locator(".summary")).to_contain_text("sudah menjawab sejak halaman dibuka")
    expect(slower.page.locator("[data-came]")).to_contain_text("Bekerja di sini (Telepon")
    assert slower.page.get_by_label("Bukan karyawan kami").is_checked()
    slower.keep("konfirmasi-bentrok")
    assert slower.judge() == []
    slower.page.get_by_role("link", name=number).click()
    expect(slower.page.locator("main")).to_contain_text("Perusahaan membenarkan")

    page.goto("/penempatan/penelusuran?program=LPKS-2025")
    expect(page.locator("main")).to_contain_text("dikonfirmasi perusahaannya, dari")
    window.keep("penelusuran-konfirmasi")
    assert window.judge() == []
