"""A job fair: announced, attended by vacancies, visited by graduates who are proposed there."""

from collections.abc import Callable

import httpx
from playwright.sync_api import Page, expect

from tests.browser.office import Office, Window

OpenWindow = Callable[..., Window]
DAY = "2025-09-20"  # of the fair: the sample's trainings are over


def _may_be_empty(page: Page) -> None:
    page.evaluate("for (const form of document.forms) form.noValidate = true")


def _free(client: httpx.Client, count: int) -> list[str]:
    """The numbers of graduates who are neither proposed anywhere nor known to work, in order."""
    found = client.get("/programmes/LPKS-2025/applicants", params={"stage": "not_yet_competent", "limit": 200}).json()
    numbers: list[str] = []
    for one in found["items"]:
        known = client.get(f"/applicants/{one['applicant_id']}").json()["placement"]
        if known["completed"] and not known["match"] and known["status"] in (None, "unemployed", "unreachable"):
            numbers.append(one["registration_no"])
        if len(numbers) == count:
            return numbers
    raise AssertionError(f"of {count} graduates to be proposed there are {len(numbers)}")


def _vacancy(client: httpx.Client, code: str) -> None:
    cells = {
        "code": code, "employer": "PT Bursa <b>", "position": "Juru masak", "vocation": "Tata boga", "seats": 5,
        "location": "Kota Pekalongan", "education": "SMA", "wage_min": 2_400_000, "wage_max": 2_800_000,
        "closes_on": "2025-12-31", "source": "bursa kerja",
    }  # fmt: skip
    assert client.post("/vacancies", json={"cells": cells}).is_success


def test_a_fair_from_its_announcement_to_what_came_of_it(open_window: OpenWindow, office: Office) -> None:
    window, other = open_window("placement"), open_window("admin")
    page, window.expected_statuses, other.expected_statuses = window.page, {422, 409}, {422, 409}
    code, name = f"BURSA-{window.width}", f"Bursa Kerja Kota {window.width}"
    with office.api() as client:
        _vacancy(client, code)
        first, second = _free(client, 2)

    page.goto("/penempatan")
    page.get_by_role("link", name="Bursa kerja").press("Enter")
    page.get_by_role("link", name="Tambah bursa kerja").press("Enter")
    _may_be_empty(page)
    page.get_by_role("button", name="Simpan").click()
    expect(page.locator(".summary")).to_be_focused()
    expect(page.locator(".summary")).to_contain_text("Tulis nama bursanya.")
    window.keep("bursa-salah")
    assert window.judge() == []
    page.locator(".summary a").first.press("Enter")
    expect(page.get_by_label("Nama")).to_be_focused()
    page.keyboard.type(name)
    page.get_by_label("Hari").fill(DAY)
    page.get_by_label("Tempat").fill("GOR Jetayu")
    page.get_by_role("button", name="Simpan").click()
    expect(page.locator("h1")).to_have_text(name)
    address = page.url

    # two clerks have the form open; the slower one sees what the other has kept, and loses nothing
    for one in (page, other.page):
        one.goto(f"{address}/ubah")
    other.page.get_by_label("Tempat").fill("Alun-alun")
    other.page.get_by_role("button", name="Simpan").click()
    other.page.wait_for_url(address)
    page.get_by_label("Tempat").fill("Lapangan Mataram")
    page.get_by_role("button", name="Simpan").click()
    expect(page.locator(".summary")).to_contain_text("Petugas lain mengubah bursa ini")
    expect(page.locator("#kini-tempat")).to_contain_text("Alun-alun")
    window.keep("bursa-diubah-orang-lain")
    assert window.judge() == []
    page.get_by_role("button", name="Simpan").click()
    page.wait_for_url(address)
    expect(page.locator(".lead")).to_have_text("20 September 2025 · Lapangan Mataram")

    page.locator("summary", has_text="Tambah lowongan yang ikut").press("Enter")
    page.get_by_label("Perusahaan, jabatan, atau kode").fill(code)
    page.keyboard.press("Enter")
    page.get_by_label(f"PT Bursa <b>: Juru masak ({code})").check()
    window.keep("bursa-lowongan")
    assert window.judge() == []
    page.get_by_role("button", name="Ikutkan yang dicentang").click()
    page.wait_for_url("**#lowongan")
    expect(page.get_by_role("link", name="Juru masak")).to_be_visible()

    _visits(window, first, second)
    _proposal(window, address, first)
    other.page.goto("/penempatan/bursa")
    expect(other.page.locator("tbody tr", has_text=name).locator("td.num").last).to_have_text("1")
    other.keep("bursa")
    assert other.judge() == []
    watching = open_window("viewer").page
    watching.goto(address)
    expect(watching.locator(".bars")).to_contain_text("Diusulkan di bursa")
    expect(watching.locator("#yang-datang")).to_have_count(0)


def _visits(window: Window, first: str, second: str) -> None:
    """A list of numbers; the one that nobody has stays in the field, and who was noted by mistake is taken out."""
    page = window.page
    page.get_by_label("Program").first.select_option("LPKS-2025")
    page.get_by_label("Nomor pendaftaran, satu").fill(f"{first}\n{second.rpartition('-')[2]}, 99999")
    page.get_by_role("button", name="Catat datang").click()
    expect(page.locator(".summary")).to_contain_text("99999: Tidak ada pendaftar dengan nomor ini")
    expect(page.get_by_label("Nomor pendaftaran, satu")).to_have_value("99999")
    expect(page.get_by_text("2 lulusan lain sudah dicatat datang.")).to_be_visible()
    window.keep("bursa-hadir-salah")
    assert window.judge() == []
    mistaken = page.locator("tr", has_text=second)
    mistaken.locator("summary").press("Enter")
    mistaken.get_by_label("Alasan").fill("Keliru nomor")
    page.keyboard.press("Enter")
    page.wait_for_url("**#yang-datang")
    expect(page.locator("tr", has_text=second)).to_have_count(0)


def _proposal(window: Window, address: str, number: str) -> None:
    """Made at the fair in spite of the warnings; from then on it is counted, and what it rests on stays."""
    page = window.page
    page.get_by_label("Program").last.select_option("LPKS-2025")
    page.get_by_label("Nomor pendaftaran", exact=True).fill(number.rpartition("-")[2])
    page.get_by_role("button", name="Usulkan").click()
    expect(page.locator(".summary")).to_contain_text("Kejuruannya lain daripada yang dicari.")
    expect(page.locator(".summary")).to_contain_text("berlaku pada hari bursa, 20 September 2025.")
    window.keep("bursa-usulan-peringatan")
    assert window.judge() == []
    page.get_by_role("button", name="Usulkan juga").click()
    page.wait_for_url("**#yang-datang")
    row = page.locator("tr", has_text=number)
    expect(row).to_contain_text("PT Bursa <b>: Juru masak")
    expect(row.locator("summary")).to_have_count(0)
    expect(page.get_by_role("button", name="Keluarkan")).to_have_count(0)
    expect(page.locator(".bars tr", has_text="Diusulkan di bursa")).to_contain_text("100%")
    expect(page.locator(".rate")).to_contain_text("0 dari 1 lulusan yang datang")
    expect(page.locator(".timeline")).to_contain_text("Lowongan ikut bursa: 1")
    page.goto(address)
    window.keep("bursa-satu")
    assert window.judge() == []
