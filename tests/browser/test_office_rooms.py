"""Users, the audit trail, webhooks; two clerks on one applicant; a session that ends while somebody types."""

import re
import uuid
from collections.abc import Callable

import httpx
from playwright.sync_api import Page, expect

from deploy.management import Management
from deploy.subscribers import Subscribers
from deploy.urls import vhost_of
from tests.browser.office import PASSWORD, Office, Window
from tests.conftest import Urls

OpenWindow = Callable[..., Window]


def test_an_administrator_looks_after_users(open_window: OpenWindow, office: Office) -> None:
    window = open_window("admin")
    page, window.expected_statuses = window.page, {422}
    name = f"rina.{window.width}"
    page.goto("/operasi")
    page.get_by_role("navigation", name="Menu operasi").get_by_role("link", name="Pengguna").click()
    page.get_by_label("Nama pengguna").fill("Rina <b>Besar</b>")
    page.get_by_role("button", name="Tambah").click()
    expect(page.locator(".summary")).to_be_focused()
    assert page.get_by_label("Nama pengguna").input_value() == "Rina <b>Besar</b>"
    window.keep("pengguna")
    wrong = window.judge()
    page.get_by_label("Nama pengguna").fill(name)
    page.get_by_label("Peran").select_option(label="Petugas pendaftaran")
    page.get_by_label("Peran").press("Enter")
    page.get_by_role("button", name="Tambah").press("Enter")
    token = page.locator("code.secret").inner_text()
    window.keep("satu-pengguna")
    wrong += window.judge()
    with httpx.Client(base_url=f"{office.url}/api/v1", headers={"Authorization": f"Bearer {token}"}) as client:
        assert client.get("/session").json()["role"] == "registrar"
        page.goto(f"/pengguna/{name}")
        assert token not in page.content()
        page.get_by_label("Kata sandi baru").fill("pendek")
        page.evaluate("for (const form of document.forms) form.noValidate = true")
        page.get_by_role("button", name="Beri kata sandi").click()
        expect(page.locator(".summary")).to_contain_text("12 sampai 200")
        page.get_by_label("Kata sandi baru").fill(PASSWORD)
        page.get_by_role("button", name="Beri kata sandi").click()
        page.get_by_label("Peran").select_option(label="Pengamat")
        page.get_by_role("button", name="Ganti peran").click()
        expect(page.locator(".timeline")).to_contain_text("Petugas pendaftaran → Pengamat")
        assert client.get("/session").json()["role"] == "viewer"
        page.get_by_role("button", name="Matikan akun").click()
        page.get_by_role("button", name="Hidupkan akun").wait_for()
        assert client.get("/session").status_code == 401
        page.get_by_role("button", name="Hidupkan akun").click()
        page.get_by_role("button", name="Cabut default").click()
        expect(page.locator(".timeline")).to_contain_text("Token dicabut: default")
        assert client.get("/session").status_code == 401
    page.goto(f"/pengguna/{office.administrator}")
    page.get_by_role("button", name="Matikan akun").click()
    expect(page.locator(".summary")).to_contain_text("Ini administrator terakhir")
    assert wrong + window.judge() == []

    mine = open_window()
    mine.expected_statuses = {422}
    _sign_in(mine.page, name, PASSWORD)
    mine.page.get_by_role("link", name=name).click()
    for current, new, again in (
        ("salah", "kata sandi yang baru", "kata sandi yang lain"),
        ("salah", "kata sandi yang baru", "kata sandi yang baru"),
        (PASSWORD, "kata sandi yang baru", "kata sandi yang baru"),
    ):
        mine.page.get_by_label("Kata sandi sekarang").fill(current)
        mine.page.get_by_label("Kata sandi baru", exact=True).fill(new)
        mine.page.get_by_label("Kata sandi baru, sekali lagi").fill(again)
        mine.page.get_by_role("button", name="Ganti kata sandi").click()
        if current != PASSWORD:
            said = "tidak sama" if new != again else "Kata sandi sekarang salah."
            expect(mine.page.locator(".summary")).to_contain_text(said)
            mine.keep("sandi")
            assert mine.judge() == []
    mine.page.wait_for_url("**/masuk")
    _sign_in(mine.page, name, "kata sandi yang baru")


def test_an_operator_reads_the_audit_and_has_it_verified(open_window: OpenWindow) -> None:
    window = open_window("operator")
    page = window.page
    page.goto("/audit")
    expect(page.locator("tbody tr")).to_have_count(50)
    page.get_by_role("link", name="Halaman berikutnya").click()
    page.wait_for_url("**mulai=**")
    expect(page.locator("tbody tr")).to_have_count(50)
    page.get_by_label("Layanan").select_option(label="Seleksi")
    page.get_by_label("Oleh", exact=True).fill("selection")
    page.get_by_role("button", name="Saring").click()
    page.wait_for_url("**layanan=selection**")
    assert {one.split("\n")[0] for one in page.locator("tbody td:nth-child(2)").all_inner_texts()} == {"selection"}
    page.locator("tbody summary").first.click()
    window.keep("audit")
    wrong = window.judge()
    page.get_by_label("Oleh", exact=True).fill("<script>document.title='dibajak'</script>")
    page.get_by_role("button", name="Saring").click()
    expect(page.locator("main")).to_contain_text("Tidak ada catatan yang cocok.")
    assert page.title() != "dibajak"
    page.get_by_role("button", name="Periksa", exact=True).click()
    expect(page.locator(".verdict.good")).to_have_count(5, timeout=60_000)
    head = page.locator("code.secret").first.inner_text()
    window.keep("audit-periksa")
    wrong += window.judge()
    page.goto("/audit")
    page.get_by_label("Kepala rantai").fill(re.sub("[0-9a-f]{4}$", "0000", head))
    page.get_by_role("button", name="Periksa", exact=True).click()
    expect(page.locator(".verdict.bad")).to_have_count(1, timeout=60_000)
    assert wrong + window.judge() == []


def test_webhooks_are_added_turned_off_and_removed(open_window: OpenWindow) -> None:
    window = open_window("admin")
    page, window.expected_statuses = window.page, {404, 422}
    name = f"dinas-{window.width}"
    page.goto("/webhook")
    page.get_by_label("Nama").fill(name)
    page.get_by_label("Alamat").fill("https://hook.example/jalur?<b>")
    page.get_by_label("Kejadian").fill("registration.applicant_registered.v1")
    page.get_by_role("button", name="Tambah").click()
    expect(page.locator(".summary")).to_contain_text("menyangkut kesehatan")
    page.get_by_label("Kejadian").fill("placement.#")
    page.get_by_role("button", name="Tambah").click()
    first = page.locator("code.secret").inner_text()
    window.keep("satu-webhook")
    wrong = window.judge()
    page.get_by_text("Ganti rahasia").first.click()
    page.get_by_role("button", name="Ganti rahasia").click()
    assert page.locator("code.secret").inner_text() != first
    page.get_by_role("button", name="Matikan").click()
    page.get_by_text("Kirim ulang").first.click()
    page.get_by_role("button", name="Kirim ulang").click()
    expect(page.locator(".timeline")).to_contain_text("Webhook dikirim ulang")
    operator = open_window("operator")
    operator.page.goto("/webhook")
    expect(operator.page.locator("tbody")).to_contain_text(name)
    expect(operator.page.get_by_role("button", name="Tambah")).to_have_count(0)
    operator.keep("webhook")
    wrong += operator.judge()
    page.get_by_text("Hapus webhook").first.click()
    page.get_by_role("button", name="Hapus webhook").click()
    page.wait_for_url("**/webhook")
    assert page.goto(f"/webhook/{name}").status == 404  # type: ignore[union-attr]
    assert wrong + window.judge() == []


def test_an_operator_sees_who_listens_over_amqp(open_window: OpenWindow, servers: Urls) -> None:
    window, name = open_window("operator"), f"uji-{uuid.uuid4().hex[:6]}"
    page = window.page
    assert servers.management is not None
    listening = Subscribers(Management(servers.management, vhost_of(servers.amqp)), servers.amqp)
    listening.add(name, ["placement.#"])
    try:
        page.goto("/operasi")
        page.get_by_role("link", name="Pelanggan AMQP").press("Enter")
        row = page.locator("tr", has_text=name)
        expect(row).to_contain_text("Tidak tersambung")
        expect(row).to_contain_text("placement.placement_recorded.v1")
        window.keep("pelanggan-amqp")
        assert window.judge() == []
    finally:
        listening.remove(name)
    page.reload()
    expect(page.locator("tr", has_text=name)).to_have_count(0)


def test_the_second_of_two_clerks_sees_what_the_first_has_changed(open_window: OpenWindow, office: Office) -> None:
    first, second = open_window("registrar"), open_window("admin")
    second.expected_statuses = {409}
    person = _person(office, 31 if first.width > 800 else 32)
    for window in (first, second):
        window.page.goto(person)
    _correct(first.page, "Kecamatan", f"Pekalongan Utara {first.width}", f"Menurut KTP {first.width}")
    first.page.wait_for_load_state()
    _correct(second.page, "Alamat", f"Jalan Baru {second.width}", "Menurut surat pindah")
    expect(second.page.locator(".summary")).to_be_focused()
    expect(second.page.locator(".summary")).to_contain_text(f"Menurut KTP {first.width}")
    expect(second.page.locator(".summary")).to_contain_text("Kecamatan")
    second.keep("berubah-sementara")
    assert second.judge() == []
    assert second.page.locator("#isi-benar").input_value() == f"Jalan Baru {second.width}"
    expect(second.page.locator(".timeline")).not_to_contain_text("Menurut surat pindah")
    second.page.get_by_role("button", name="Perbaiki").click()
    expect(second.page.locator(".timeline")).to_contain_text("Menurut surat pindah")
    expect(second.page.locator(".summary")).to_have_count(0)


def test_what_was_typed_when_the_session_ended_is_there_after_signing_in(
    open_window: OpenWindow, office: Office
) -> None:
    name = f"budi.{open_window().width}"
    with office.api() as client:
        assert client.post("/users", json={"name": name, "role": "registrar"}).is_success
        assert client.put(f"/users/{name}/password", json={"password": PASSWORD}).is_success
        window = open_window()
        page = window.page
        _sign_in(page, name, PASSWORD)
        person = _person(office, 61 if window.width > 800 else 62)
        page.goto(person)
        reason = f"<script>alert({window.width})</script> menurut KTP"
        assert client.delete(f"/users/{name}/sessions").is_success
    _correct(page, "Alamat", f"Jalan Terputus {window.width}", reason)
    page.wait_for_url("**/masuk?lanjut=%2Fisian")
    expect(page.locator("main")).to_contain_text("isian Anda tidak hilang")
    window.keep("sesi-berakhir")
    wrong = window.judge()
    # somebody else who signs in here sees nothing of it
    other, password = office.account("registrar")
    _fill_sign_in(page, other, password)
    expect(page.locator("h1")).to_have_text("Tidak ada isian yang tertunda")
    assert str(window.width) not in page.locator("main").inner_text()
    page.get_by_role("button", name="Keluar").click()
    page.goto("/masuk?lanjut=/isian")
    _fill_sign_in(page, name, PASSWORD)
    expect(page.locator("h1")).to_have_text("Isian Anda masih ada")
    expect(page.locator("main")).to_contain_text(reason)
    window.keep("isian")
    wrong += window.judge()
    page.get_by_role("button", name="Kirim sekarang").click()
    page.wait_for_url(f"**{person}")
    expect(page.locator(".timeline")).to_contain_text(reason)
    page.goto("/isian")
    expect(page.locator("h1")).to_have_text("Tidak ada isian yang tertunda")
    assert wrong == []


def _person(office: Office, number: int) -> str:
    with office.api() as client:
        sought = {"registration_no": f"LPKS-2025-{number:04}"}
        (found,) = client.post("/programmes/LPKS-2025/applicants/search", json=sought).json()["items"]
    return f"/pendaftar/{found['applicant_id']}"


def _correct(page: Page, field: str, value: str, reason: str) -> None:
    page.locator("summary", has_text="Perbaiki data").click()
    page.locator("#kolom").select_option(label=field)
    page.locator("#isi-benar").fill(value)
    page.locator("#alasan-perbaiki").fill(reason)
    page.get_by_role("button", name="Perbaiki").click()


def _sign_in(page: Page, name: str, password: str) -> None:
    page.goto("/masuk")
    _fill_sign_in(page, name, password)
    page.wait_for_url("**/beranda")


def _fill_sign_in(page: Page, name: str, password: str) -> None:
    page.get_by_label("Nama pengguna").fill(name)
    page.get_by_label("Kata sandi").fill(password)
    page.get_by_role("button", name="Masuk").click()
