"""The pictures in the README: `make pictures` takes them of the sample programme (no test; it is run by its name)."""

from collections.abc import Callable
from pathlib import Path

from tests.browser.office import Office, Window

_PICTURES = Path(__file__).parents[2] / "docs" / "pictures"


def test_pictures_of_the_pages(open_window: Callable[..., Window], office: Office) -> None:
    with office.api() as client:
        listed = client.get("/programmes/LPKS-2025/applicants", params={"stage": "certified", "limit": 1})
        one = listed.json()["items"][0]["applicant_id"]
        code = client.get(f"/applicants/{one}").json()["certification"]["certificates"][0]["verify_code"]
    window = open_window("admin")
    wide = {
        "program": "/program/LPKS-2025",
        "kelas": "/program/LPKS-2025/seleksi/kelas/MJT-1",
        "pendaftar": f"/pendaftar/{one}",
    }
    narrow = {"sertifikat": f"/sertifikat/{code}"}
    _PICTURES.mkdir(exist_ok=True)
    for name, address in (wide if window.width > 1000 else narrow).items():
        window.page.goto(address)
        window.page.wait_for_load_state("networkidle")
        window.page.screenshot(path=_PICTURES / f"{name}.png")
