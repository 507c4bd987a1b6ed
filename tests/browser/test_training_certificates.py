"""The office's own certificate: issued to a class, printed with names, revoked for one and verified by anybody."""

from collections.abc import Callable

from playwright.sync_api import Page, expect
from pypdf import PdfReader

from tests.browser.office import Office, Window

OpenWindow = Callable[..., Window]

_CLASSES = {1440: "KOM-1", 390: "RIA-1"}  # one for each width, so that neither finds what the other did


def _printed(page: Page, button: str) -> list[str]:
    with page.expect_download() as download:
        page.get_by_role("button", name=button, exact=True).click()
    return [" ".join(one.extract_text().split()) for one in PdfReader(download.value.path()).pages]


def test_a_class_gets_its_certificates_and_one_is_revoked(open_window: OpenWindow, office: Office) -> None:
    window, registrar, anybody = open_window("certifier"), open_window("registrar"), open_window()
    class_code = _CLASSES[window.width]
    page, address = window.page, f"/program/LPKS-2025/kelas/{class_code}"
    with office.api() as client:
        people = client.get(f"/programmes/LPKS-2025/classes/{class_code}").json()["people"]
    completed = [one for one in people if one["attendance"] and one["attendance"]["completed"]]
    assert len(completed) > 3

    page.goto(address)
    section = page.locator("section", has=page.locator("#sertifikat-pelatihan"))
    expect(section).to_contain_text("Belum ada sertifikat.")
    page.get_by_role("button", name="Terbitkan sertifikat pelatihan").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**#sertifikat-pelatihan")
    expect(section.locator("tbody tr")).to_have_count(len(completed))
    expect(page.get_by_role("button", name="Terbitkan sertifikat pelatihan")).to_be_disabled()
    given = section.locator("tbody td:nth-child(2)").all_inner_texts()
    assert given == [f"LPKS-2025/{class_code}/{number:04}" for number in range(1, len(completed) + 1)]
    assert page.get_by_role("button", name="Cetak sertifikat pelatihan (PDF)").count() == 0, "it bears names"
    window.keep("sertifikat-pelatihan-diterbitkan")
    assert window.judge() == []

    # whoever sees names says why, and has a page for each
    registrar.page.goto(address + "#sertifikat-pelatihan")
    assert registrar.page.get_by_role("button", name="Terbitkan sertifikat pelatihan").count() == 0
    registrar.page.locator("#alasan-sertifikat").fill("Penyerahan sertifikat")
    registrar.keep("sertifikat-pelatihan-cetak")
    printed = _printed(registrar.page, "Cetak sertifikat pelatihan (PDF)")
    assert len(printed) == len(completed)
    assert all(f"Nomor {number} " in one for number, one in zip(given, printed, strict=True))
    assert all("hari pelatihan" in one and f"{office.url}/sertifikat/" in one for one in printed)

    # of one person
    who = f"/pendaftar/{completed[0]['applicant_id']}"
    registrar.page.goto(who)
    registrar.page.locator("summary", has_text="Cetak sertifikat pelatihan").click()
    registrar.page.locator("#alasan-cetak-pelatihan").fill("Diminta ulang")
    [alone] = _printed(registrar.page, "Cetak")
    assert alone in printed
    page.goto(who)
    section = page.locator("aside")
    page.locator("summary", has_text="Cabut sertifikat pelatihan").click()
    page.locator("#alasan-cabut-pelatihan").fill("Hari hadir keliru")
    window.keep("sertifikat-pelatihan-cabut")
    assert window.judge() == []
    page.get_by_role("button", name="Cabut sertifikat pelatihan").click()
    page.wait_for_url("**#sertifikat-pelatihan")
    expect(section.locator(".badge", has_text="Dicabut")).to_have_count(1)
    page.get_by_role("button", name="Terbitkan yang baru, dengan nomor lain").click()
    expect(section.locator("ul .badge", has_text="Berlaku")).to_have_count(1)
    expect(section).to_contain_text(f"LPKS-2025/{class_code}/{len(completed) + 1:04}")
    expect(page.locator(".timeline")).to_contain_text("Sertifikat pelatihan dicabut")
    window.keep("sertifikat-pelatihan-baru")
    assert window.judge() == []

    # anybody who scans the code
    links = section.locator("a[href^='/sertifikat/']").evaluate_all("all => all.map(one => one.getAttribute('href'))")
    for link, said, shot in zip(
        links[-2:],
        ("Sertifikat ini sudah dicabut", "Sertifikat pelatihan ini asli"),
        ("dicabut", "asli"),
        strict=True,
    ):
        anybody.page.goto(link)
        expect(anybody.page.get_by_role("status")).to_contain_text(said)
        expect(anybody.page.locator("main")).to_contain_text("bukan kompetensi")
        anybody.keep(f"periksa-pelatihan-{shot}")
        assert anybody.judge() == []
