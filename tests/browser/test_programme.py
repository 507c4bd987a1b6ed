"""A registrar's programmes: defined by the keyboard, opened, changed, copied; and two registrars at one of them."""

import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import yaml
from playwright.sync_api import Page, expect

from shared.cells import JAKARTA
from tests.browser.office import Office, Window

OpenWindow = Callable[..., Window]
_TODAY = datetime.now(JAKARTA).date()
_DATES = {"Pendaftaran dibuka": -5, "Pendaftaran ditutup": 5, "Pelatihan mulai": 30, "Pelatihan selesai": 60}
_CLASS = ("BAR", "Barista", "Barista", "16", "BLK Kota", "BLK", "LSP Kuliner", "Barista")


def _day(from_today: int) -> str:
    return (_TODAY + timedelta(days=from_today)).isoformat()


def _register(office: Office, code: str, number: int, **cells: Any) -> None:
    person = {
        "name": f"Siti Uji {number}", "nik": f"3375014101000{number:03}", "birth_date": "1 Januari 2000", "gender": "P",
        "city": "Kota Pekalongan", "education": "SMA", "choice_1": "BAR", "willing_to_move": "ya",
        "health_certificate": "ada", "trained_before": "belum", "occupation": "Tidak bekerja",
    }  # fmt: skip
    with office.api() as client:
        answer = client.post(f"/programmes/{code}/applicants", json=person | cells)
        assert answer.is_success, answer.text


def _summary_leads_to_what_is_wrong(window: Window) -> None:
    """Nothing but a name and a wrong weight: the summary tells every field, and leads there."""
    page = window.page
    page.get_by_label("Nama program").fill("Pelatihan <b>barista</b>")
    page.get_by_label("Bobot tes tertulis (%)").fill("enam puluh")
    page.get_by_label("Kelas 1: Kursi").fill("0")
    page.get_by_label("Nama program").press("Enter")  # Enter anywhere checks; it takes no class away
    expect(page.locator(".summary")).to_be_focused()
    expect(page.locator(".summary")).to_contain_text("Bobot tes tertulis (%): Bukan angka.")
    expect(page.locator(".summary")).to_contain_text("Kelas 1, Kursi: Terlalu kecil.")
    window.keep("program-salah")
    assert window.judge() == []
    page.locator(".summary a", has_text="Pelatihan mulai").click()
    expect(page.get_by_label("Pelatihan mulai", exact=True)).to_be_focused()
    assert page.get_by_label("Nama program").input_value() == "Pelatihan <b>barista</b>"
    assert page.get_by_label("Bobot tes tertulis (%)").input_value() == "enam puluh"


def _fill(page: Page, code: str) -> None:
    page.get_by_label("Kode", exact=True).fill(code)
    page.get_by_label("Sumber dana").fill("APBD")
    page.get_by_label("Kota penyelenggara").fill("Kota Pekalongan")
    for label, day in _DATES.items():
        page.get_by_label(label, exact=True).fill(_day(day))
    page.get_by_label("Umur paling rendah").fill("18")
    page.get_by_label("Belum pernah ikut pelatihan").check()
    page.get_by_label("Bobot tes tertulis (%)").fill("60")
    page.get_by_label("Bobot wawancara (%)").fill("40")
    page.get_by_label("Batas lulus").fill("55,5")
    page.get_by_label("Kelas 1: Kode").focus()
    for typed in _CLASS:
        page.keyboard.press("ControlOrMeta+a")
        page.keyboard.type(typed)
        page.keyboard.press("Tab")
    page.get_by_role("button", name="Tambah kelas").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Kelas 2: Kode")).to_be_focused()
    page.keyboard.type("SALAH")
    page.get_by_role("button", name="Hapus kelas 2").click()
    expect(page.get_by_label("Kelas 2: Kode")).to_have_count(0)


def _preview(page: Page) -> None:
    page.locator(".programme > .row button").click()


def test_a_programme_is_defined_opened_changed_and_copied(open_window: OpenWindow, office: Office) -> None:
    window = open_window("registrar")
    page, window.expected_statuses = window.page, {422, 409}
    code = f"COBA-{window.width}"
    page.goto("/program")
    page.get_by_role("link", name="Program baru").click()
    _summary_leads_to_what_is_wrong(window)
    _fill(page, code)
    _preview(page)
    expect(page.get_by_role("heading", name="Buka program ini?")).to_be_visible()
    expect(page.locator("main")).to_contain_text("Pelatihan <b>barista</b>")
    expect(page.locator("main")).to_contain_text("55,5")
    window.keep("program-periksa")
    assert window.judge() == []
    page.get_by_role("button", name="Perbaiki isian").click()
    assert page.get_by_label("Kelas 1: LSP").input_value() == "LSP Kuliner"
    _preview(page)
    page.get_by_role("button", name="Buka program").click()
    page.wait_for_url(f"**/program/{code}")
    with office.api() as client:
        held = client.get(f"/programmes/{code}").json()
    assert (held["revision"], held["selection"]["written_weight"], held["eligibility"]["never_trained"]) == (
        1,
        0.6,
        True,
    )
    _a_changed_rule_tells_whom_it_changes(window, office, code)
    _two_at_one_programme(open_window, window, office, code)
    _the_next_year(window, code)
    _as_yaml_and_back(window, code)


def _a_changed_rule_tells_whom_it_changes(window: Window, office: Office, code: str) -> None:
    page = window.page
    _register(office, code, window.width % 1000)
    _register(office, code, window.width % 1000 + 1, city="Kabupaten Pekalongan")
    deadline = time.monotonic() + 15
    with office.api() as client:
        while client.get(f"/programmes/{code}/funnel").json()["passed"] < 2 and time.monotonic() < deadline:
            time.sleep(0.2)
    page.get_by_role("link", name="Ubah program").click()
    page.get_by_label("Hanya warga dari").fill("Kota Pekalongan")
    _preview(page)
    expect(page.get_by_role("heading", name="Simpan perubahan ini?")).to_be_visible()
    affected = page.get_by_role("region", name="Siapa yang akan berubah?").locator("tbody tr")
    expect(affected).to_have_count(1)
    expect(affected).to_contain_text(f"{code}-0002")
    expect(affected).to_contain_text("Menjadi tidak lolos administrasi")
    expect(affected).to_contain_text("Bukan warga kota ini")
    window.keep("program-siapa-berubah")
    assert window.judge() == []
    with office.api() as client:
        assert client.get(f"/programmes/{code}").json()["revision"] == 1
    page.get_by_role("button", name="Simpan perubahan").click()
    expect(page.locator(".summary")).to_be_focused()
    page.locator(".summary a").click()
    page.keyboard.type("Edaran <dinas>")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/program/{code}")
    with office.api() as client:
        held = client.get(f"/programmes/{code}").json()
        entries = client.get("/audit/entries", params={"service": "registration", "about": code}).json()["items"]
    assert (held["revision"], held["eligibility"]["resident_of"]) == (2, "Kota Pekalongan")
    assert "Edaran <dinas>" in [one["reason"] for one in entries]


def _two_at_one_programme(open_window: OpenWindow, window: Window, office: Office, code: str) -> None:
    """The second sees what the first has changed, overwrites nothing by accident, and loses nothing."""
    page, other = window.page, open_window("admin").page
    for one in (page, other):
        one.goto(f"/program/{code}/ubah")
    other.get_by_label("Cadangan per kelas").fill("3")
    page.get_by_label("Kelas 1: Kursi").fill("20")
    for one in (other, page):
        _preview(one)
    for one in (other, page):
        one.get_by_label("Alasan perubahan").fill("Rapat")
        one.get_by_role("button", name="Simpan perubahan").click()
    other.wait_for_url(f"**/program/{code}")
    expect(page.get_by_role("heading", name="Program ini sudah diubah orang lain")).to_be_visible()
    differing = page.get_by_role("region", name="Yang berbeda").locator("tbody tr")
    assert differing.all_inner_texts() == ["Cadangan per kelas\t3\t0", "Kelas BAR: Kursi\t16\t20"]
    window.keep("program-bentrok")
    assert window.judge() == []
    page.get_by_role("button", name="Perbaiki isian saya").click()
    assert page.get_by_label("Kelas 1: Kursi").input_value() == "20"
    page.get_by_label("Cadangan per kelas").fill("3")
    _preview(page)
    page.get_by_label("Alasan perubahan").fill("Rapat kedua")
    page.get_by_role("button", name="Simpan perubahan").dblclick()
    page.wait_for_url(f"**/program/{code}")
    with office.api() as client:
        held = client.get(f"/programmes/{code}").json()
    assert (held["revision"], held["classes"][0]["seats"], held["selection"]["reserves_per_class"]) == (4, 20, 3)


def _the_next_year(window: Window, code: str) -> None:
    page = window.page
    page.goto("/program")
    page.get_by_role("link", name=f"Salin untuk tahun berikutnya {code}").click()
    expect(page.locator(".lead")).to_contain_text(code)
    starts = date.fromisoformat(_day(_DATES["Pelatihan mulai"]))
    moved = starts.replace(year=starts.year + 1, day=min(starts.day, 28) if starts.month == 2 else starts.day)
    assert page.get_by_label("Pelatihan mulai", exact=True).input_value() == moved.isoformat()
    assert page.get_by_label("Kode", exact=True).input_value() == ""
    page.get_by_label("Kode", exact=True).fill(code)
    _preview(page)
    expect(page.locator(".summary")).to_contain_text("Kode ini sudah dipakai program lain.")
    page.get_by_label("Kode", exact=True).fill(f"{code}-B")
    window.keep("program-salinan")
    assert window.judge() == []
    _preview(page)
    page.get_by_role("button", name="Buka program").click()
    page.wait_for_url(f"**/program/{code}-B")


def _as_yaml_and_back(window: Window, code: str) -> None:
    page = window.page
    page.goto("/program")
    with page.expect_download() as download:
        page.get_by_role("link", name=f"YAML {code}", exact=True).click()
    definition = yaml.safe_load(download.value.path().read_text("utf-8"))
    assert (definition["code"], definition["classes"][0]["seats"]) == (code, 20)
    page.get_by_role("link", name="Dari YAML").click()
    page.get_by_label("Definisi program").fill("code: [tidak ditutup")
    page.get_by_role("button", name="Periksa").click()
    expect(page.locator(".summary")).to_contain_text("Ini bukan definisi program dalam YAML atau JSON.")
    window.keep("program-yaml")
    assert window.judge() == []
    assert page.get_by_label("Definisi program").input_value() == "code: [tidak ditutup"
    definition["classes"][0]["seats"] = "banyak"
    definition["eligibility"]["left_handed"] = True
    page.get_by_label("Definisi program").fill(yaml.safe_dump(definition))
    page.get_by_role("button", name="Periksa").click()
    expect(page.locator(".summary")).to_contain_text("Kelas 1, Kursi: Bukan bilangan bulat.")
    expect(page.locator(".summary")).to_contain_text("(eligibility.left_handed)")
    definition["classes"][0]["seats"] = 24
    del definition["eligibility"]["left_handed"]
    page.goto("/program-baru/yaml")
    file = {"name": "a.yaml", "mimeType": "application/yaml", "buffer": yaml.safe_dump(definition).encode()}
    page.get_by_label("Atau berkas YAML").set_input_files(file)  # type: ignore[arg-type]
    page.get_by_role("button", name="Periksa").click()
    row = page.get_by_role("region", name="Yang berbeda").locator("tbody tr")
    assert row.all_inner_texts() == ["Kelas BAR: Kursi\t20\t24"]


def test_a_programme_is_defined_without_a_script(open_window: OpenWindow) -> None:
    window = open_window("registrar", java_script_enabled=False)
    page = window.page
    page.goto("/program-baru")
    page.get_by_label("Nama program").fill("Tanpa skrip")
    _fill(page, f"TANPA-{window.width}")
    _preview(page)
    page.get_by_role("button", name="Buka program").click()
    page.wait_for_url(f"**/program/TANPA-{window.width}")


def test_the_first_page_pictures_who_applied_and_what_waits_for_a_person(
    open_window: OpenWindow, office: Office
) -> None:
    window = open_window("admin")
    page = window.page
    code = f"TUNGGU-{window.width}"
    with office.api() as client:
        definition = client.get("/programmes/LPKS-2025").json()
        del definition["revision"]
        definition |= {"code": code, "name": "Menunggu nilai", "classes": definition["classes"][:1]}
        definition["classes"][0]["code"] = "BAR"
        definition["registration"] = {"opens": _day(-5), "closes": _day(5)}
        definition["training"] = {"starts": _day(30), "ends": _day(60)}
        definition["eligibility"] = {}
        assert client.post("/programmes", json=definition).is_success
        drawn = client.get("/programmes/LPKS-2025/portrait").json()
    assert drawn["registered"] == sum(one["registered"] for one in drawn["gender"].values())
    assert (drawn["registered"], drawn["accepted"]) == (office.expected["registered"], office.expected["accepted"])
    page.goto("/beranda")
    expect(page.locator(".held-up")).to_have_text("Tidak ada pesan yang tertahan.")
    waiting = page.locator(".waiting a", has_text=code)
    expect(waiting).to_have_count(0)
    _register(office, code, window.width % 1000 + 5, district="Pekalongan Timur")
    expect(waiting).to_have_text(f"1 Menunggu nilai tes dan wawancara {code}")  # it moves by itself
    window.keep("beranda-menunggu")
    assert window.judge() == []
    waiting.click()
    expect(page.locator("tbody th")).to_have_text([f"{code}-0001"])
    expect(page.get_by_label("Tahap")).to_have_value("awaits_scores")
    page.goto(f"/program/{code}")
    place = page.get_by_role("table", name="Tempat tinggal").locator("tbody tr")
    expect(place).to_have_count(1)
    expect(place).to_contain_text("Pekalongan Timur")
    window.keep("program-menunggu")
    assert window.judge() == []
