"""A sheet from the clerk's disk to its report; and the people in it, whose names are meant to do harm."""

import re
from collections.abc import Callable

from playwright.sync_api import FilePayload, Page, expect

from tests.browser.office import HOSTILE_NAMES, PEOPLE, Window

OpenWindow = Callable[..., Window]
_MARKS = re.compile("[\u202c\u202e]")
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _choose(page: Page, file: FilePayload, kind: str = "Pendaftar") -> None:
    page.goto("/impor?program=UJI-1")
    page.get_by_label("Isi lembar").select_option(label=kind)
    page.get_by_label("Berkas Excel atau CSV").set_input_files(file)
    page.get_by_role("button", name="Periksa berkas").click()


def _counts(page: Page) -> dict[str, str]:
    page.locator(".counts").wait_for()
    return dict(page.locator(".counts > div").evaluate_all("all => all.map(one => one.innerText.split(/\\n+/))"))


def test_a_sheet_is_looked_at_imported_and_reported_on(
    open_window: OpenWindow, hostile_sheet: Callable[[int], bytes]
) -> None:
    window = open_window("registrar")
    page = window.page
    sheet: FilePayload = {"name": "pendaftar <b>.xlsx", "mimeType": _XLSX, "buffer": hostile_sheet(window.width)}
    _choose(page, sheet)
    expect(page.get_by_role("heading", name="Apakah berkas ini dibaca dengan benar?")).to_be_visible()
    expect(page.locator("main")).to_contain_text("pendaftar <b>.xlsx")
    expect(page.locator("tbody tr")).to_have_count(PEOPLE + 2)
    expect(page.locator("tbody")).to_contain_text("<script>")
    assert _counts(page) == {
        "Akan disimpan": str(PEOPLE), "Sudah ada": "1", "Akan ditolak": "1", "Peringatan": _counts(page)["Peringatan"],
    }  # fmt: skip
    window.keep("impor-periksa")
    assert window.judge() == []
    _only_wrong_rows(window)
    page.get_by_role("button", name=f"Ya, impor {PEOPLE} baris").click()
    counts = _counts(page)
    assert counts == {
        "Baris": str(PEOPLE + 2), "Tersimpan": str(PEOPLE), "Sudah ada": "1", "Ditolak": "1",
        "Peringatan": counts["Peringatan"],
    }  # fmt: skip
    refused = page.get_by_role("region", name="Baris yang ditolak").locator("tbody tr")
    expect(refused).to_have_count(1)
    expect(refused).to_contain_text("NIK harus 16 angka.")
    assert refused.locator("th").inner_text() == str(PEOPLE + 3)
    window.keep("impor-hasil")
    assert window.judge() == []
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("region", name="Rows refused")).to_contain_text("A NIK has 16 digits.")
    page.get_by_role("button", name="Bahasa Indonesia").click()
    _choose(page, sheet)
    again = _counts(page)
    assert (again["Akan disimpan"], again["Sudah ada"], again["Akan ditolak"]) == ("0", str(PEOPLE + 1), "1")
    expect(page.locator("tbody tr").first).to_contain_text("sudah ada UJI-1-")
    expect(page.get_by_role("button", name="Periksa sekali lagi")).to_be_visible()
    expect(page.get_by_role("button", name="Ya, impor")).to_have_count(0)
    window.keep("impor-periksa-lagi")
    assert window.judge() == []
    _names_are_shown_as_text(window)
    _overruled(open_window("selector"))


def _only_wrong_rows(window: Window) -> None:
    """By keyboard from the filter to the wrong cell; what is wrong is said beside the number, and in the cell."""
    page = window.page
    page.get_by_role("link", name="Hanya yang salah (1)").press("Enter")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(1)
    expect(rows.locator("th")).to_have_text(str(PEOPLE + 3))
    expect(rows.locator(".judged")).to_contain_text("C · NIK: NIK harus 16 angka.")
    expect(rows.locator(".wrong")).to_have_text(re.compile(r"✕\s*12345\s*NIK harus 16 angka\."))
    rows.get_by_role("link", name="C · NIK").press("Enter")
    expect(page.locator("td:target")).to_contain_text("12345")
    window.keep("impor-periksa-salah")
    assert window.judge() == []
    page.get_by_role("button", name="Periksa sekali lagi").click()
    expect(page.get_by_role("link", name="Hanya yang salah (1)")).to_be_visible()


def _names_are_shown_as_text(window: Window) -> None:
    page = window.page
    page.goto("/program/UJI-1/pendaftar?urut=-registration_no")
    expect(page.locator("tbody th a").nth(PEOPLE - 1)).to_be_visible()
    people = page.locator("tbody th a").evaluate_all("all => all.map(one => one.getAttribute('href'))")[:PEOPLE]
    names = []
    for person in people:
        page.goto(person)
        page.get_by_text("Tampilkan data diri").click()
        page.locator("#alasan-buka").fill("<img src=x onerror=alert(1)>")
        page.get_by_role("button", name="Tampilkan").click()
        expect(page.get_by_text("Dibuka untuk Anda sekali ini, dan tercatat.")).to_be_visible()
        names.append(page.locator("aside dd").first.inner_text())
        assert page.title() != "dibajak" and page.locator("aside dd *").count() == 0
        if len(names[-1]) > 100:
            window.keep("nama-panjang")
            assert window.judge() == []
    # registration takes the marks out that turn text around
    assert sorted(names) == sorted(_MARKS.sub("", called) for called in (*HOSTILE_NAMES, "Dewi Muda"))


def _overruled(window: Window) -> None:
    """Who is under age may come all the same, when a selector says why."""
    page = window.page
    page.goto("/program/UJI-1/pendaftar?alasan=under_age&urut=-registration_no")
    page.locator("tbody th a").first.click()
    page.locator("summary", has_text="Kesampingkan satu aturan").click()
    page.locator("#alasan-kesampingkan").fill(f"Izin kepala dinas {window.width}")
    page.get_by_role("button", name="Kesampingkan").click()
    expect(page.locator(".timeline")).to_contain_text(f"Izin kepala dinas {window.width}")


def test_a_sheet_that_lacks_columns_says_which_and_what_it_has(open_window: OpenWindow) -> None:
    window = open_window("registrar")
    page, window.expected_statuses = window.page, {422}
    _choose(page, {"name": "a.csv", "mimeType": "text/csv", "buffer": b"NIK;Nama;<script>x</script>\n1;Siti;2\n"})
    expect(page.locator(".summary")).to_be_focused()
    expect(page.locator(".summary")).to_contain_text("Kolom yang diperlukan tidak ditemukan: Timestamp, Tanggal Lahir")
    expect(page.locator(".tags")).to_contain_text("<script>x</script>")
    window.keep("impor-kolom-kurang")
    assert window.judge() == []
    page.locator(".summary a").click()
    expect(page.get_by_label("Berkas Excel atau CSV")).to_be_focused()
    _choose(page, {"name": "a.xlsx", "mimeType": _XLSX, "buffer": b"PK\x03\x04 rusak"})
    expect(page.locator(".summary")).to_contain_text("Berkas ini bukan buku kerja Excel dan bukan CSV.")


def test_each_role_is_offered_its_own_kinds_of_sheets(open_window: OpenWindow) -> None:
    kinds = {}
    for role in ("registrar", "selector"):
        page = open_window(role).page
        page.goto("/impor")
        kinds[role] = page.locator("#jenis option").all_inner_texts()
    assert kinds == {
        "registrar": [
            "Pendaftar",
            "Nomor peserta BPJS Ketenagakerjaan",
            "Alumni pelatihan tahun lalu (semua program)",
        ],
        "selector": ["Nilai tes dan wawancara"],
    }


def test_the_pages_that_a_sheet_fills_lead_to_it(open_window: OpenWindow) -> None:
    page = open_window("admin").page
    lpks, uji = "Pelatihan kerja sama LPKS dan BLKK 2025 (LPKS-2025)", "Program uji <b>tebal</b> (UJI-1)"
    chosen = {}
    for address, link in (
        ("/program/UJI-1/pendaftar", "Impor pendaftar dari lembar"),
        ("/program/UJI-1/nilai", "Impor nilai dari lembar"),
        ("/program/LPKS-2025/kelas/KOM-1", "Impor kehadiran dari lembar"),
        ("/program/LPKS-2025/kelas/KOM-1/bpjs", "Impor nomor KPJ dari lembar"),
        ("/program/LPKS-2025/uji", "Impor hasil uji dari lembar"),
        ("/program/LPKS-2025/uji/KOM-1", "Impor sertifikat dari lembar"),
        ("/penempatan/penelusuran?program=LPKS-2025", "Impor jawaban lulusan dari lembar"),
        ("/penempatan", "Impor lowongan dari lembar"),
    ):
        page.goto(address)
        page.get_by_role("link", name=link).click()
        chosen[link] = [page.locator(f"#{field} option:checked").inner_text() for field in ("jenis", "program")]
    assert chosen == {
        "Impor pendaftar dari lembar": ["Pendaftar", uji],
        "Impor nilai dari lembar": ["Nilai tes dan wawancara", uji],
        "Impor kehadiran dari lembar": ["Kehadiran", lpks],
        "Impor nomor KPJ dari lembar": ["Nomor peserta BPJS Ketenagakerjaan", lpks],
        "Impor hasil uji dari lembar": ["Hasil uji kompetensi", lpks],
        "Impor sertifikat dari lembar": ["Sertifikat kompetensi", lpks],
        "Impor jawaban lulusan dari lembar": ["Penelusuran lulusan", lpks],
        "Impor lowongan dari lembar": ["Lowongan kerja (semua program)", chosen["Impor lowongan dari lembar"][1]],
    }


def test_nobody_confirms_the_sheet_of_somebody_else(
    open_window: OpenWindow, hostile_sheet: Callable[[int], bytes]
) -> None:
    """Nor one that is no longer there: the file is asked for again."""
    mine, other = open_window("registrar"), open_window("admin")
    _choose(mine.page, {"name": "a.xlsx", "mimeType": _XLSX, "buffer": hostile_sheet(5000)})
    sheet = mine.page.locator("input[name=lembar]").first.input_value()
    other.expected_statuses = {422}
    _choose(other.page, {"name": "a.xlsx", "mimeType": _XLSX, "buffer": hostile_sheet(5000)})
    other.page.locator("input[name=lembar]").first.evaluate("(field, sheet) => { field.value = sheet; }", sheet)
    other.page.get_by_role("button", name="Ya, impor").click()
    expect(other.page.locator(".summary")).to_contain_text("Berkas ini sudah tidak disimpan.")


def test_an_import_can_be_followed_without_a_script(
    open_window: OpenWindow, hostile_sheet: Callable[[int], bytes]
) -> None:
    page = open_window("registrar", java_script_enabled=False).page
    width = page.viewport_size["width"] if page.viewport_size else 0
    _choose(page, {"name": "a.xlsx", "mimeType": _XLSX, "buffer": hostile_sheet(6000 + width)})
    page.get_by_role("button", name="Ya, impor").click()
    page.locator(".counts").wait_for()  # the page asks for itself again every three seconds
