"""Citizens on their phones: registering without an account, and seeing how far the registration is."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from playwright.sync_api import Page, expect

from shared.cells import JAKARTA
from tests.browser.office import HOSTILE_NAMES, Office, Window

OpenWindow = Callable[..., Window]
CODE = "BUKA-1"


@pytest.fixture(scope="module")
def opened(office: Office, sample: Path) -> str:
    """A programme in which people may register today."""
    today = datetime.now(JAKARTA).date()
    definition: dict[str, Any] = yaml.safe_load((sample / "lpks-2025" / "programme.yaml").read_text("utf-8"))
    definition |= {
        "code": CODE,
        "name": "Pelatihan terbuka",
        "registration": {"opens": str(today - timedelta(days=1)), "closes": str(today + timedelta(days=1))},
        "training": {"starts": str(today + timedelta(days=60)), "ends": str(today + timedelta(days=90))},
    }
    with office.api() as client:
        assert client.post("/programmes", json=definition).is_success
    return CODE


def _next(page: Page) -> None:
    page.get_by_role("button", name="Simpan dan lanjutkan").click()


def _begin(page: Page) -> None:
    page.goto("/daftar")
    page.get_by_role("link", name="Pelatihan terbuka").click()
    page.get_by_role("button", name="Mulai mendaftar").click()
    page.wait_for_url("**/diri")


def _answer(page: Page, nik: str, name: str) -> None:
    """From the first page to the last, to where the answers are checked."""
    page.get_by_label("Nama lengkap").fill(name)
    page.get_by_label("NIK").fill(nik)
    page.get_by_label("Tanggal lahir").fill("1 Januari 2000")
    page.get_by_label("Perempuan").check()
    _next(page)
    page.get_by_label("Kota atau kabupaten").fill("Kota Pekalongan")
    page.get_by_label("Nomor HP").fill("0888 8888 888")
    _next(page)
    page.get_by_label("Pendidikan terakhir").select_option(label="SMA")
    page.get_by_label("Belum atau tidak bekerja").check()
    page.get_by_role("group", name="Pernah ikut pelatihan").get_by_label("Tidak atau belum").check()
    page.get_by_role("group", name="media sosial").get_by_label("Ya", exact=True).check()
    _next(page)
    page.get_by_label("Kelas pilihan pertama").select_option(index=1)
    page.get_by_label("Kelas pilihan kedua").select_option(index=2)
    page.get_by_label("Ya", exact=True).check()
    _next(page)
    page.get_by_label("Ya", exact=True).check()
    page.get_by_label("Saya sudah membaca dan setuju.").check()
    _next(page)
    page.wait_for_url("**/periksa")


def _registered(office: Office) -> int:
    with office.api() as client:
        return len(client.get(f"/programmes/{CODE}/applicants", params={"limit": 200}).json()["items"])


def test_somebody_registers_by_themselves_and_sees_how_far_it_is(
    open_window: OpenWindow, office: Office, opened: str
) -> None:
    window = open_window()
    page, window.expected_statuses = window.page, {404, 422}
    nik = f"33750141010{window.width:05}"[:12] + f"{window.width:04}"
    page.goto("/")
    page.get_by_role("link", name="Daftar pelatihan").click()
    window.keep("daftar")
    wrong = window.judge()
    page.get_by_role("link", name="Pelatihan terbuka").click()
    window.keep("daftar-mulai")
    wrong += window.judge()
    page.get_by_role("button", name="Mulai mendaftar").click()

    # by the keyboard: what is wrong is told at the head and leads to where it is, and nothing typed is lost
    page.get_by_label("Nama lengkap").fill(HOSTILE_NAMES[0])
    page.get_by_label("NIK").fill("123")
    page.get_by_label("NIK").press("Enter")
    expect(page.locator(".summary")).to_be_focused()
    expect(page.locator(".summary li")).to_have_count(3)
    window.keep("daftar-salah")
    wrong += window.judge()
    page.locator(".summary a").first.press("Enter")
    expect(page.get_by_label("NIK")).to_be_focused()
    assert page.get_by_label("Nama lengkap").input_value() == HOSTILE_NAMES[0]
    page.reload()
    _answer(page, nik, HOSTILE_NAMES[0])
    expect(page.locator("main")).to_contain_text("Nomor telepon tampak seperti contoh.")
    expect(page.locator("main")).to_contain_text("<script>")
    window.keep("daftar-periksa")
    wrong += window.judge()
    page.get_by_role("link", name="Ubah Pilihan kelas").click()
    expect(page.get_by_label("Kelas pilihan kedua")).not_to_have_value("")
    window.keep("daftar-pilihan")
    wrong += window.judge()
    _next(page)
    page.wait_for_url("**/periksa")
    page.get_by_role("link", name="Ubah Kesehatan dan persetujuan").click()
    window.keep("daftar-persetujuan")
    wrong += window.judge()
    _next(page)

    page.get_by_role("button", name="Kirim pendaftaran").click()
    page.wait_for_url("**/bukti")
    number = page.locator(".number").inner_text()
    assert number.startswith(f"{CODE}-") and page.title().startswith("Bukti pendaftaran")
    window.keep("daftar-bukti")
    wrong += window.judge()
    before = _registered(office)
    page.go_back()  # whatever lies behind is the receipt now
    page.wait_for_url("**/bukti")
    page.goto(f"/daftar/{CODE}/diri")
    page.wait_for_url("**/bukti")

    # somebody with the same NIK learns nothing about the registration that there is
    page.get_by_role("button", name="Daftarkan orang lain").click()
    assert page.get_by_label("Nama lengkap").input_value() == ""
    _answer(page, nik, "Orang Lain")
    page.get_by_role("button", name="Kirim pendaftaran").click()
    expect(page.get_by_role("heading", name="Formulir sudah kami terima")).to_be_visible()
    assert number not in page.content() and "dibajak" not in page.title()
    window.keep("daftar-diterima")
    wrong += window.judge()
    assert _registered(office) == before

    page.goto(f"/status?nomor={number}")
    page.get_by_label("Tanggal lahir").fill("2 Januari 2000")
    page.get_by_role("button", name="Lihat status").click()
    expect(page.locator(".summary")).to_contain_text("Tidak ada pendaftaran dengan nomor dan tanggal lahir ini.")
    window.keep("status-salah")
    wrong += window.judge()
    page.get_by_label("Tanggal lahir").fill("01/01/2000")
    page.get_by_label("Tanggal lahir").press("Enter")
    expect(page.locator("h1")).to_have_text(number)
    expect(page.locator(".verdict")).to_contain_text("Anda ")
    assert "2000" not in page.url
    window.keep("status")
    assert wrong + window.judge() == []


def test_a_form_that_is_sent_twice_at_once_is_one_registration_without_a_script_too(
    open_window: OpenWindow, office: Office, opened: str
) -> None:
    window = open_window(java_script_enabled=False)
    page = window.page
    before = _registered(office)
    _begin(page)
    _answer(page, f"3375014202{window.width:06}", "Dewi Dua Kali")
    token = page.locator("form[action$=kirim] input[name=csrf_token]").input_value()
    # the window's own cookies, and what its button would send
    first = page.context.request.post(f"/daftar/{CODE}/kirim", form={"csrf_token": token})
    second = page.context.request.post(f"/daftar/{CODE}/kirim", form={"csrf_token": token})
    assert first.url == second.url and first.url.endswith("/bukti") and first.text() == second.text()
    page.get_by_role("button", name="Kirim pendaftaran").click()
    page.wait_for_url("**/bukti")
    assert page.locator(".number").inner_text() in first.text()
    page.wait_for_timeout(3000)  # the list follows events
    assert _registered(office) <= before + 2  # with the other test's


def test_what_stands_in_a_draft_belongs_to_its_browser(open_window: OpenWindow, opened: str) -> None:
    mine, other = open_window(), open_window()
    mine.expected_statuses, other.expected_statuses = {422}, {403}
    _begin(mine.page)
    mine.page.get_by_label("Nama lengkap").fill("Siti Rahasia")
    _next(mine.page)
    token = mine.page.locator("main form input[name=csrf_token]").first.input_value()
    other.page.goto(f"/daftar/{CODE}/diri")
    expect(other.page.locator("main")).to_contain_text("Isian Anda tidak ditemukan di peramban ini.")
    _begin(other.page)
    assert other.page.get_by_label("Nama lengkap").input_value() == ""
    form: dict[str, str | float | bool] = {"csrf_token": token, "name": "Bukan Siti"}
    refused = other.page.context.request.post(f"/daftar/{CODE}/diri", form=form)
    assert (refused.status, "csrf_token_missing" in refused.text()) == (403, True)
    mine.page.goto(f"/daftar/{CODE}")
    mine.page.get_by_role("button", name="Hapus isian saya").click()
    mine.page.goto(f"/daftar/{CODE}/diri")
    expect(mine.page.locator("main")).to_contain_text("Isian Anda tidak ditemukan di peramban ini.")
