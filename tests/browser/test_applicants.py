"""Finding people, following what happened to them, and putting it right."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from services.gateway.pages import language
from tests.browser.office import Office, Window

OpenWindow = Callable[..., Window]


def _list(page: Page, query: str = "") -> list[str]:
    page.goto(f"/program/LPKS-2025/pendaftar{query}")
    return page.locator("tbody th").all_inner_texts()


def _sixteen(page: Page, code: str = "LPKS-2025") -> None:
    """Find number 16 of the programme."""
    page.goto(f"/program/{code}/pendaftar")
    page.get_by_label("Cari nomor, NIK, atau nama").fill("16")
    page.get_by_role("button", name="Cari").click()
    page.wait_for_url("**/pendaftar/*")
    expect(page.locator("h1")).to_contain_text(f"{code}-0016")


def _may_be_empty(page: Page) -> None:
    """As a browser that does not check forms before they are sent."""
    page.evaluate("for (const form of document.forms) form.noValidate = true")


def test_the_first_page_shows_how_far_people_have_come(open_window: OpenWindow, office: Office) -> None:
    page = open_window("viewer").page
    page.goto("/beranda")
    card = page.locator("article", has=page.get_by_role("link", name="LPKS-2025").or_(page.locator("text=LPKS-2025")))
    figures = card.first.locator("tbody tr").evaluate_all(
        "rows => rows.map(row => [row.cells[0].innerText, row.cells[2].innerText])"
    )
    wanted, number = office.expected, language.filters("id")["number"]
    working = wanted["tracer"]["Bekerja"] + wanted["tracer"]["Wirausaha"]
    people = [wanted[step] for step in ("registered", "passed_administration", "accepted", "completed", "competent")]
    people += [wanted["certified"], working]
    assert [shown for _, shown in figures] == [number(count, 0) for count in people]
    assert [label for label, _ in figures][::6] == ["Terdaftar", "Terserap kerja"]
    percent = language.filters("id")["percent"](working, wanted["completed"])
    expect(card.first.locator(".rate")).to_contain_text(percent)


def test_a_list_is_filtered_sorted_and_turned_over(open_window: OpenWindow, office: Office) -> None:
    page = open_window("registrar").page
    first = _list(page)
    assert (len(first), first[0]) == (50, "LPKS-2025-0001")
    page.get_by_role("link", name="Halaman berikutnya").click()
    expect(page.locator("tbody th").first).to_have_text("LPKS-2025-0051")
    page.get_by_label("Alasan").select_option(label="Belum cukup umur saat pelatihan dimulai")
    page.get_by_label("Urutkan").select_option(label="Nomor, terakhir dulu")
    page.get_by_role("button", name="Saring").click()
    page.wait_for_url("**alasan=under_age**")
    numbers = page.locator("tbody th").all_inner_texts()
    assert len(numbers) == office.expected["refused_per_reason"]["under_age"]
    assert numbers == sorted(numbers, reverse=True)
    best = _list(page, "?tahap=placed&urut=-total")
    assert len(best) == 50 and best != sorted(best)
    page.get_by_role("link", name="Halaman berikutnya").click()
    page.wait_for_url("**mulai=**")
    assert set(page.locator("tbody .badge").all_inner_texts()) == {"Terserap kerja"}


def test_a_reveal_wants_a_reason_and_shows_the_name_this_once(open_window: OpenWindow, office: Office) -> None:
    window = open_window("registrar")
    page, window.expected_statuses = window.page, {422}
    _sixteen(page)
    masked = page.locator("aside dd").first.inner_text()
    page.get_by_text("Tampilkan data diri").click()
    _may_be_empty(page)
    page.get_by_role("button", name="Tampilkan").click()
    expect(page.locator(".summary")).to_be_focused()
    page.locator(".summary a").click()
    expect(page.locator("#alasan-buka")).to_be_focused()
    page.keyboard.type(f"Memeriksa berkas {window.width}")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Dibuka untuk Anda sekali ini, dan tercatat.")).to_be_visible()
    name = page.locator("aside dd").first.inner_text()
    assert name != masked and "*" not in name and "•" not in name
    window.keep("dibuka")
    assert window.judge() == []
    _sixteen(page)
    assert page.locator("aside dd").first.inner_text() == masked
    with office.api() as client:
        asked = {"service": "registration", "by": "registrar-1"}
        entries = client.get("/audit/entries", params=asked).json()["items"]
    shown_to = [one["detail"] for one in entries if one["reason"] == f"Memeriksa berkas {window.width}"]
    assert [one["applicant_ids"] for one in shown_to] == [[page.url.rpartition("/")[2]]]


def test_a_correction_without_a_reason_leads_to_what_is_missing_and_loses_nothing(open_window: OpenWindow) -> None:
    window = open_window("registrar")
    page, window.expected_statuses = window.page, {422}
    _sixteen(page)
    page.locator("summary", has_text="Perbaiki data").click()
    page.get_by_label("Isian").select_option(label="Alamat")
    address = f"Jl. Hayam Wuruk {window.width}"
    page.get_by_label("Isi yang benar").fill(address)
    _may_be_empty(page)
    page.get_by_role("button", name="Perbaiki").click()
    expect(page.locator(".summary")).to_be_focused()
    window.keep("tanpa-alasan")
    assert window.judge() == []
    page.locator(".summary a").click()
    expect(page.locator("#alasan-perbaiki")).to_be_focused()
    assert (page.locator("#kolom").input_value(), page.locator("#isi-benar").input_value()) == (
        "address",
        address,
    )
    page.keyboard.type(f"Salah ketik {window.width}")
    page.keyboard.press("Enter")
    page.wait_for_url("**/pendaftar/*")
    expect(page.locator(".timeline")).to_contain_text(f"Salah ketik {window.width}")


def test_a_wrong_correction_is_explained_and_loses_nothing(open_window: OpenWindow) -> None:
    window = open_window("registrar")
    page, window.expected_statuses = window.page, {422}
    _sixteen(page)
    page.locator("summary", has_text="Perbaiki data").click()
    page.get_by_label("Isian").select_option(label="NIK")
    page.get_by_label("Isi yang benar").fill("123")
    page.locator("#alasan-perbaiki").fill("Uji")
    page.get_by_role("button", name="Perbaiki").click()
    expect(page.locator(".summary")).to_be_focused()
    assert [page.locator(field).input_value() for field in ("#kolom", "#isi-benar", "#alasan-perbaiki")] == [
        *("nik", "123", "Uji"),
    ]
    page.get_by_role("button", name="English").click()
    page.get_by_role("heading", name="History").wait_for()
    page.get_by_role("button", name="Bahasa Indonesia").click()
    page.get_by_role("heading", name="Riwayat").wait_for()


def test_a_form_pressed_twice_is_sent_once(open_window: OpenWindow) -> None:
    window = open_window("registrar")
    page = window.page
    _sixteen(page)
    page.locator("summary", has_text="Perbaiki data").click()
    page.get_by_label("Isian").select_option(label="Alamat")
    page.get_by_label("Isi yang benar").fill(f"Jl. Dua Kali {window.width}")
    page.locator("#alasan-perbaiki").fill(f"Dua kali {window.width}")
    sent: list[str] = []

    def slowly(route: object) -> None:
        sent.append("once")
        page.wait_for_timeout(300)
        route.continue_()  # type: ignore[attr-defined]

    page.route("**/perbaiki", slowly)
    page.evaluate("""() => {
        const button = document.querySelector('form[action$="/perbaiki"] button');
        button.click();
        setTimeout(() => button.click(), 50);
    }""")
    expect(page.locator(".timeline")).to_contain_text(f"Dua kali {window.width}")
    assert sent == ["once"]
    assert page.locator(".timeline").inner_text().count(f"Dua kali {window.width}") == 1


def test_somebody_gets_to_an_applicant_with_the_keyboard_alone(open_window: OpenWindow, office: Office) -> None:
    page = open_window().page
    page.goto("/masuk")
    name, password = office.account("registrar")
    page.keyboard.type(name)  # the name has the focus
    page.keyboard.press("Tab")
    page.keyboard.type(password)
    page.keyboard.press("Enter")
    page.wait_for_url("**/beranda")

    def tab_to(href: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.getAttribute('href')") == href:
                outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
                assert outline != "none", "the focus is seen"
                return
        raise AssertionError(f"{href} is not reached")

    tab_to("/program/LPKS-2025/pendaftar")
    page.keyboard.press("Enter")
    page.wait_for_url("**/pendaftar")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "cari":
            break
    page.keyboard.type("LPKS-2025-0016")
    page.keyboard.press("Enter")
    page.wait_for_url("**/pendaftar/*")
    expect(page.locator("h1")).to_contain_text("LPKS-2025-0016")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "isi"
