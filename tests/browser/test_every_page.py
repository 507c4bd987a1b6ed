"""Every page, at a desk and on a phone: usable by everybody, no wider than the window, light, without complaints."""

from collections.abc import Callable

import pytest
from playwright.sync_api import FilePayload

from services.gateway.workbook import MEDIA_TYPE
from tests.browser.office import Office, Window

OpenWindow = Callable[..., Window]

STAFF = {
    "beranda": "/beranda",
    "daftar-program": "/program",
    "program-baru": "/program-baru",
    "program-ubah": "/program/LPKS-2025/ubah",
    "program-dari-yaml": "/program-baru/yaml",
    "program": "/program/LPKS-2025",
    "program-kosong": "/program/UJI-1",
    "pendaftar": "/program/LPKS-2025/pendaftar",
    "pendaftar-disaring": "/program/LPKS-2025/pendaftar?tahap=refused&alasan=under_age&urut=-total",
    "pendaftar-kosong": "/program/UJI-1/pendaftar",
    "nilai": "/program/LPKS-2025/nilai",
    "seleksi": "/program/LPKS-2025/seleksi",
    "seleksi-kosong": "/program/UJI-1/seleksi",
    "seleksi-kelas-sampel": "/program/LPKS-2025/seleksi/kelas/MGD-1",
    "kelas": "/program/LPKS-2025/kelas",
    "kelas-satu": "/program/LPKS-2025/kelas/MJT-2",
    "kelas-kosong": "/program/UJI-1/kelas/MJT-1",
    "bpjs": "/program/LPKS-2025/kelas/RIA-1/bpjs",
    "bpjs-kosong": "/program/UJI-1/kelas/MJT-1/bpjs",
    "bpjs-kurang": "/beranda/bpjs",
    "uji": "/program/LPKS-2025/uji",
    "uji-kelas": "/program/LPKS-2025/uji/RIA-1",
    "uji-kosong": "/program/UJI-1/uji",
    "impor": "/impor?program=UJI-1",
    "penempatan": "/penempatan",
    "penempatan-kosong": "/penempatan?cari=tidak+ada",
    "perusahaan": "/penempatan/perusahaan",
    "lowongan-baru": "/penempatan/lowongan-baru",
    "usulan-semua": "/penempatan/usulan?program=LPKS-2025",
    "usulan-kosong": "/penempatan/usulan?program=UJI-1",
    "bursa": "/penempatan/bursa",
    "bursa-baru": "/penempatan/bursa-baru",
    "penelusuran": "/penempatan/penelusuran?program=LPKS-2025",
    "penelusuran-kosong": "/penempatan/penelusuran?program=UJI-1",
    "konfirmasi": "/penempatan/konfirmasi?program=LPKS-2025",
    "konfirmasi-kosong": "/penempatan/konfirmasi?program=UJI-1&hari=30",
    "operasi": "/operasi",
    "audit-kosong": "/audit?oleh=tidak-ada&sejak=kemarin",
    "webhook-kosong": "/webhook",
    "pelanggan-amqp": "/pelanggan",
    "pengguna-admin": "/pengguna/admin",
    "sandi-kosong": "/sandi",
    "isian-kosong": "/isian",
    "tidak-ada": "/tidak/ada",
}
_ANYBODY = {
    "awal": "/",
    "masuk": "/masuk",
    "sertifikat": "/sertifikat",
    "sertifikat-tak-dikenal": "/sertifikat/xyz",
    "lulusan-tak-dikenal": "/lulusan/xyz",
    "perusahaan-tak-dikenal": "/konfirmasi/xyz",
}
_ANYBODY |= {"daftar-tanpa-program": "/daftar", "daftar-tutup": "/daftar/LPKS-2025", "status-isi": "/status"}


def _applicant(office: Office, stage: str) -> str:
    with office.api() as client:
        found = client.get("/programmes/LPKS-2025/applicants", params={"stage": stage, "limit": 1}).json()
    return f"/pendaftar/{found['items'][0]['applicant_id']}"


def _look_at_all(window: Window, pages: dict[str, str]) -> list[str]:
    wrong = []
    window.expected_statuses = {404}
    for name, path in pages.items():
        window.page.goto(path)
        window.keep(name)
        wrong += window.judge()
    return wrong


def test_the_pages_of_staff(open_window: OpenWindow, office: Office) -> None:
    people = {f"satu-{stage}": _applicant(office, stage) for stage in ("placed", "refused", "reserve")}
    tested = {
        f"uji-{stage}": _applicant(office, stage).replace("/pendaftar/", "/uji/")
        for stage in ("certified", "not_yet_competent")
    }
    assert _look_at_all(open_window("admin"), STAFF | people | tested) == []


def test_a_sheet_that_waits_to_be_confirmed(open_window: OpenWindow, hostile_sheet: Callable[[int], bytes]) -> None:
    window = open_window("registrar")
    page = window.page
    page.goto("/impor?program=UJI-1")
    sheet: FilePayload = {"name": "a.xlsx", "mimeType": MEDIA_TYPE, "buffer": hostile_sheet(7000 + window.width)}
    page.get_by_label("Berkas Excel atau CSV").set_input_files(sheet)
    page.get_by_role("button", name="Periksa berkas").click()
    page.locator(".counts").wait_for()
    address = page.url.partition(page.url.split("/impor")[0])[2]
    pages = {f"periksa-{view}": f"{address}&tampil={view}" for view in ("semua", "salah", "peringatan")}
    assert _look_at_all(window, pages) == []


def test_the_pages_of_anybody(open_window: OpenWindow) -> None:
    assert _look_at_all(open_window(), _ANYBODY) == []


def test_pages_in_english(open_window: OpenWindow, office: Office) -> None:
    window = open_window("admin")
    window.page.goto("/beranda")
    window.page.get_by_role("button", name="English").click()
    window.page.get_by_role("heading", name="Training programmes").wait_for()
    assert window.page.locator("html").get_attribute("lang") == "en"
    assert _look_at_all(window, {"en-satu": _applicant(office, "placed"), "en-impor": "/impor"}) == []
    window.page.get_by_role("button", name="Bahasa Indonesia").click()
    window.page.get_by_role("heading", name="Impor lembar kerja").wait_for()
    assert window.page.url.endswith("/impor")


def test_the_judge_finds_what_is_wrong(open_window: OpenWindow) -> None:
    window = open_window()
    window.page.goto("/masuk")
    window.page.evaluate("document.querySelectorAll('label').forEach(one => one.remove())")
    window.page.evaluate("document.querySelector('h1').textContent = 'Panjang'.repeat(300)")
    wrong = " ".join(window.judge())
    assert "critical label" in wrong and "px wide" in wrong
    window.page.evaluate("console.error('sengaja')")
    assert [one for one in window.complaints if "sengaja" in one] == window.complaints != []
    window.complaints.clear()


@pytest.mark.parametrize("role", ["registrar", "selector", "operator", "viewer"])
def test_a_menu_leads_only_where_the_role_may_go(open_window: OpenWindow, role: str) -> None:
    window = open_window(role)
    window.page.goto("/beranda")
    links = window.page.locator("nav a").evaluate_all("all => all.map(one => one.getAttribute('href'))")
    imports, operations = role in ("registrar", "selector"), role == "operator"
    assert ("/impor" in links, "/operasi" in links) == (imports, operations)
    for link in links:
        answer = window.page.goto(link)
        assert answer is not None and answer.status == 200, link
