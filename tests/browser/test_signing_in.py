"""Signing in and out, and certificates, which anybody may check."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.office import Office, Window

OpenWindow = Callable[..., Window]


def test_a_wrong_password_is_told_and_the_right_one_leads_back(open_window: OpenWindow, office: Office) -> None:
    window = open_window()
    page, window.expected_statuses = window.page, {401}
    page.goto("/program/LPKS-2025")
    page.wait_for_url("**/masuk?lanjut=**")
    name, password = office.account("viewer")
    page.get_by_label("Nama pengguna").fill(name)
    page.get_by_label("Kata sandi").fill("bukan ini")
    page.get_by_role("button", name="Masuk").click()
    expect(page.locator(".summary")).to_be_focused()
    expect(page.locator(".summary")).to_contain_text("Nama atau kata sandi salah.")
    window.keep("masuk-salah")
    assert window.judge() == []
    page.locator(".summary a").click()
    expect(page.get_by_label("Nama pengguna")).to_be_focused()
    assert page.get_by_label("Nama pengguna").input_value() == name
    page.get_by_label("Kata sandi").fill(password)
    page.get_by_role("button", name="Masuk").click()
    page.wait_for_url("**/program/LPKS-2025")
    page.get_by_role("button", name="Keluar").click()
    page.wait_for_url("**/masuk")
    page.go_back()
    page.wait_for_url("**/masuk**")  # nothing was kept: the page behind is asked for anew


def test_a_certificate_is_checked_by_its_code(open_window: OpenWindow, office: Office) -> None:
    with office.api() as client:
        person = client.get("/programmes/LPKS-2025/applicants", params={"stage": "placed", "limit": 50}).json()
        dossiers = (client.get(f"/applicants/{one['applicant_id']}").json() for one in person["items"])
        held = next(found for one in dossiers for found in one["certification"]["certificates"])
    window = open_window()
    page, window.expected_statuses = window.page, {404}
    page.goto("/")
    page.get_by_role("link", name="Periksa sertifikat").click()
    page.get_by_label("Kode pada sertifikat").fill(held["verify_code"])
    page.get_by_role("button", name="Periksa").click()
    page.wait_for_url(f"**/sertifikat/{held['verify_code']}")
    expect(page.get_by_role("status")).to_contain_text("Sertifikat ini asli")
    expect(page.locator("main")).to_contain_text(held["certificate_no"])
    window.keep("sertifikat-asli")
    assert window.judge() == []
    page.get_by_label("Kode pada sertifikat").fill("Tidak ada")
    page.get_by_role("button", name="Periksa").click()
    expect(page.get_by_role("status")).to_contain_text("Tidak ada sertifikat dengan kode ini")


def test_every_service_is_seen_to_be_well(open_window: OpenWindow) -> None:
    page = open_window("operator").page
    page.goto("/operasi")
    expect(page.locator("tbody").first.locator(".badge.good")).to_have_count(5)
    expect(page.locator("main")).to_contain_text("Tidak ada pesan yang tertahan.")
