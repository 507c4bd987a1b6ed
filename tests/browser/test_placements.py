"""The day of whoever finds graduates work: vacancies, proposals and what comes of them."""

from collections.abc import Callable
from datetime import datetime, timedelta

from playwright.sync_api import Page, expect

from shared.cells import JAKARTA
from tests.browser.office import Office, Window

OpenWindow = Callable[..., Window]
AS_OF = "2025-10-15"  # of the sample: certificates are out, its vacancies open


def _may_be_empty(page: Page) -> None:
    page.evaluate("for (const form of document.forms) form.noValidate = true")


def _fill(page: Page, code: str, **other: str) -> None:
    fields = {
        "Kode": code,
        "Perusahaan": "PT Batik Pesisir <b>",
        "Jabatan": "Penjaga toko",
        "Kejuruan": "Barista",
        "Jumlah kursi": "2",
        "Batas lamaran": (datetime.now(JAKARTA).date() + timedelta(days=60)).isoformat(),
        "Lokasi kerja": "Kota Pekalongan",
        "Upah paling rendah (Rp per bulan)": "2.400.000",
        "Upah paling tinggi (Rp per bulan)": "2.800.000",
    }
    for label, value in (fields | other).items():
        page.get_by_label(label, exact=True).fill(value)


def test_a_vacancy_from_the_form_to_its_closing(open_window: OpenWindow) -> None:
    window, other = open_window("placement"), open_window("admin")
    page, window.expected_statuses, other.expected_statuses = window.page, {422, 409}, {422, 409}
    code = f"TOKO-{window.width}"
    page.goto("/penempatan")
    page.get_by_role("link", name="Tambah lowongan").press("Enter")
    _fill(page, code, **{"Jumlah kursi": "banyak", "Upah paling tinggi (Rp per bulan)": "1.000.000"})
    page.get_by_role("button", name="Simpan").press("Enter")
    expect(page.locator(".summary")).to_be_focused()
    expect(page.locator(".summary")).to_contain_text("Jumlah kursi: Ini bukan angka.")
    window.keep("lowongan-salah")
    assert window.judge() == []
    page.locator(".summary a").first.press("Enter")
    expect(page.get_by_label("Jumlah kursi")).to_be_focused()
    page.keyboard.press("Control+A")
    page.keyboard.type("2")
    page.get_by_label("Upah paling tinggi (Rp per bulan)").fill("2.800.000")
    page.get_by_role("button", name="Simpan").click()
    page.wait_for_url("**/penempatan/lowongan/*")
    expect(page.locator("h1")).to_contain_text("Penjaga toko Terbuka")
    expect(page.locator("aside")).to_contain_text("Rp 2.400.000 – 2.800.000")
    address = page.url

    # two clerks have the form open; the slower one sees what the other has kept, and loses nothing
    for one in (page, other.page):
        one.goto(address)
        one.get_by_role("link", name="Ubah lowongan").click()
    other.page.get_by_label("Jumlah kursi").fill("5")
    other.page.get_by_role("button", name="Simpan").click()
    other.page.wait_for_url(address)
    page.get_by_label("Jabatan").fill("Penjaga gudang")
    page.get_by_role("button", name="Simpan").click()
    expect(page.locator(".summary")).to_contain_text("Petugas lain mengubah lowongan ini")
    expect(page.locator("#kini-seats")).to_contain_text("5")
    assert page.get_by_label("Jabatan").input_value() == "Penjaga gudang"
    window.keep("lowongan-diubah-orang-lain")
    assert window.judge() == []
    page.get_by_label("Jumlah kursi").fill("5")
    page.get_by_role("button", name="Simpan").click()
    page.wait_for_url(address)
    expect(page.locator("h1")).to_contain_text("Penjaga gudang")

    page.get_by_text("Tutup lowongan", exact=True).first.click()
    _may_be_empty(page)
    page.locator("details button").click()
    expect(page.locator(".summary")).to_contain_text("Tulis alasannya")
    page.locator("#alasan-tutup").fill("Toko batal dibuka")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("Ditutup")
    expect(page.locator(".timeline")).to_contain_text("“Toko batal dibuka”")
    window.keep("lowongan-ditutup")
    assert window.judge() == []
    page.goto(f"/penempatan?keadaan=closed&cari={code}")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.goto("/penempatan/perusahaan")
    expect(page.get_by_role("link", name="PT Batik Pesisir <b>")).to_be_visible()


def test_proposals_are_made_answered_and_made_anew(open_window: OpenWindow, office: Office) -> None:
    window, other = open_window("placement"), open_window("admin")
    page, window.expected_statuses, other.expected_statuses = window.page, {422, 409}, {422, 409}
    page.goto("/penempatan/usulan?program=LPKS-2025")
    page.locator("summary", has_text="Cocokkan").press("Enter")
    page.get_by_label("Keadaan per tanggal").fill(AS_OF)
    page.get_by_role("button", name="Cocokkan").click()
    page.wait_for_url("**/penempatan/pencocokan/**")
    page.get_by_role("link", name="Ulangi dari catatannya").click()
    expect(page.locator(".verdict")).to_contain_text("hasilnya sama")
    window.keep("pencocokan")
    assert window.judge() == []
    page.get_by_role("link", name="Lihat usulannya").click()
    page.goto("/penempatan/usulan?program=LPKS-2025&keadaan=proposed")
    number = _looking_for_work(page, office)
    row = page.locator("tbody tr", has_text=number)
    vacancy = row.locator("td a").first.get_attribute("href")
    window.keep("usulan")
    assert window.judge() == []

    # the second clerk looks at the same list
    other.page.goto("/penempatan/usulan?program=LPKS-2025&keadaan=proposed")
    row.locator("summary").press("Enter")
    row.get_by_label("Lulusan", exact=True).check()
    window.keep("usulan-jawab")
    row.get_by_role("button", name="Setuju").click()
    page.wait_for_url("**#usulan-**")
    late = other.page.locator("tbody tr", has_text=number)
    late.locator("summary").click()
    late.get_by_label("Perusahaan", exact=True).check()
    _may_be_empty(other.page)
    late.get_by_role("button", name="Menolak").click()
    expect(other.page.locator(".summary")).to_contain_text("Tulis alasannya")
    window.keep("usulan-tanpa-alasan")
    other.page.goto("/penempatan/usulan?program=LPKS-2025&keadaan=accepted")
    expect(other.page.locator("tbody tr", has_text=number)).to_contain_text("Lulusan: ✓ setuju")
    mine = other.page.locator("tbody tr", has_text=number)
    mine.locator("summary").click()
    page.goto("/penempatan/usulan?program=LPKS-2025&keadaan=accepted")
    first = page.locator("tbody tr", has_text=number)
    first.locator("summary").click()
    first.get_by_label("Perusahaan", exact=True).check()
    first.get_by_role("button", name="Setuju").click()
    page.wait_for_url("**#usulan-**")
    mine.get_by_label("Perusahaan", exact=True).check()
    mine.get_by_label("Alasan, jika menolak").fill("Posisi sudah terisi")
    mine.get_by_role("button", name="Menolak").click()
    expect(other.page.locator(".summary")).to_contain_text("Petugas lain sudah mencatat jawaban")
    expect(other.page.locator("main")).to_contain_text("Perusahaan setuju")
    other.keep("usulan-didahului")
    assert other.judge() == []
    other.page.goto("/penempatan/usulan?program=LPKS-2025&keadaan=agreed")
    mine = other.page.locator("tbody tr", has_text=number)
    mine.locator("summary").click()
    mine.get_by_label("Lulusan", exact=True).check()
    mine.get_by_label("Alasan, jika menolak").fill("Pindah ke kota lain")
    mine.get_by_label("Alasan, jika menolak").press("Enter")  # decides nothing, and loses nothing
    expect(other.page.locator(".summary")).to_contain_text("Pilih setuju atau menolak")
    expect(mine.get_by_label("Alasan, jika menolak")).to_have_value("Pindah ke kota lain")
    mine.get_by_role("button", name="Menolak").click()
    other.page.wait_for_url("**#usulan-**")
    other.page.goto("/penempatan/usulan?program=LPKS-2025&keadaan=refused")
    expect(other.page.locator("tbody tr", has_text=number)).to_contain_text("Lulusan: ✕ menolak")
    _by_hand(window, str(vacancy), number)
    with office.api() as client:
        found = client.post("/programmes/LPKS-2025/applicants/search", json={"registration_no": number}).json()
    page.goto(f"/pendaftar/{found['items'][0]['applicant_id']}")
    expect(page.locator(".timeline")).to_contain_text("Usulan ditolak")
    window.keep("satu-ditolak")


def _looking_for_work(page: Page, office: Office) -> str:
    """The number of somebody in the list who has a certificate and no work."""
    with office.api() as client:
        found = client.get("/programmes/LPKS-2025/applicants", params={"stage": "certified", "limit": 200}).json()
    seekers = {one["registration_no"] for one in found["items"]}
    return next(number for number in page.locator("tbody th").all_inner_texts() if number in seekers)


def _by_hand(window: Window, refused: str, number: str) -> None:
    """Whoever has refused a vacancy is not proposed for it again; for another one, after the warnings."""
    page = window.page
    page.goto(refused)
    page.get_by_label("Program").select_option("LPKS-2025")
    page.get_by_label("Nomor pendaftaran").fill(number)
    page.keyboard.press("Enter")
    expect(page.locator(".summary")).to_contain_text("Pasangan ini sudah pernah ditolak.")
    page.goto("/penempatan/lowongan-baru")
    _fill(page, f"TANGAN-{window.width}", Kejuruan="Menjinakkan naga")
    page.get_by_role("button", name="Simpan").click()
    page.wait_for_url("**/penempatan/lowongan/*")
    page.get_by_label("Program").select_option("LPKS-2025")
    page.get_by_label("Nomor pendaftaran").fill(number.rpartition("-")[2])
    page.get_by_role("button", name="Usulkan").click()
    expect(page.locator(".summary")).to_contain_text("Kejuruannya lain daripada yang dicari.")
    window.keep("usulkan-peringatan")
    assert window.judge() == []
    page.get_by_role("button", name="Usulkan juga").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody th")).to_have_text(number)
    window.keep("lowongan")
    assert window.judge() == []
