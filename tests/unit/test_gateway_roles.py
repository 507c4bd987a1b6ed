"""One table says who may do what; it covers every route, and docs/api.md shows it."""

import re
from pathlib import Path

import pytest
from fastapi import FastAPI

from services.gateway import roles
from services.gateway.app import api
from services.gateway.roles import PAGES, PREFIX, PUBLIC, PUBLIC_PAGES, ROLES, Role

UNKNOWN_KINDS = {("POST", "/programmes/{code}/imports/{kind}"), ("POST", "/imports/{kind}")}
DOCUMENT = Path(__file__).parents[2] / "docs" / "api.md"
PAGES_DOCUMENT = DOCUMENT.with_name("pages.md")


def routes() -> set[tuple[str, str]]:
    app = FastAPI()
    for router in api():
        app.include_router(router)
    return {
        (method.upper(), path.removeprefix(PREFIX))
        for path, methods in app.openapi()["paths"].items()
        for method in methods
    }


def test_every_route_stands_in_the_table_and_nothing_else_does() -> None:
    public = {(method, path.removeprefix(PREFIX)) for method, path in PUBLIC if path.startswith(PREFIX)}
    assert set(ROLES) == (routes() - public) | UNKNOWN_KINDS


def test_an_administrator_may_do_everything_and_an_unknown_role_nothing() -> None:
    for method, path in ROLES:
        assert roles.may(Role.ADMIN, method, path)
        assert not roles.may("public", method, path)
    assert not roles.may(Role.ADMIN, "DELETE", "/programmes")


def test_personal_data_are_for_registrars_and_administrators_alone() -> None:
    assert {role for role in Role if role in roles.SEES_PERSONAL_DATA} == {Role.ADMIN, Role.REGISTRAR}


def test_the_document_tells_what_each_role_is_for_and_what_is_open_to_anybody() -> None:
    document = DOCUMENT.read_text()
    assert all(f"| `{role}` | " in document for role in Role)
    named = document.partition("**Open to anybody**")[2].partition("\n\n")[0]
    assert {tuple(one.split()) for one in re.findall(r"`([^`]+)`", named)} == PUBLIC


@pytest.mark.parametrize(("method", "path"), sorted(set(ROLES) - UNKNOWN_KINDS))
def test_the_document_tells_who_may_use_a_route(method: str, path: str) -> None:
    allowed = "everybody" if ROLES[method, path] == roles.ALL else ", ".join(sorted(ROLES[method, path] - {Role.ADMIN}))
    row = f"| `{method} {path}` | {allowed or 'admin only'} | "
    assert row in DOCUMENT.read_text()


def test_the_document_of_the_pages_tells_who_may_see_which() -> None:
    document = PAGES_DOCUMENT.read_text()
    named = document.partition("**Open to anybody**")[2].partition("\n\n")[0]
    assert {tuple(one.split()) for one in re.findall(r"`([^`]+)`", named)} == PUBLIC_PAGES
    rows = re.findall(r"^\| `(\w+) ([^`]+)` \| ([^|]+) \| ", document, flags=re.MULTILINE)
    told = {(method, path): who for method, path, who in rows}
    assert told == {
        page: "everybody" if allowed == roles.ALL else ", ".join(sorted(allowed - {Role.ADMIN})) or "admin only"
        for page, allowed in PAGES.items()
    }
    assert len(rows) == len(PAGES)
