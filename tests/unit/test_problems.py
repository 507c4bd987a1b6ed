"""Problem documents as the framework's own refusals become them, and how they are described."""

import importlib

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from pydantic import BaseModel

from shared import openapi, problems


@pytest.fixture
def app() -> FastAPI:
    app = FastAPI(redirect_slashes=False)
    problems.install(app)
    openapi.describe(app)
    return app


@pytest.mark.parametrize(("path", "allowed"), [("/things/all", {"GET", "POST"}), ("/things/1", {"GET", "DELETE"})])
async def test_a_wrong_method_is_told_every_right_one(app: FastAPI, path: str, allowed: set[str]) -> None:
    router = APIRouter(prefix="/things")

    async def answer() -> None:
        return None

    for method, route in (("GET", "/all"), ("POST", "/all"), ("GET", "/{number:int}"), ("DELETE", "/{number:int}")):
        router.add_api_route(route, answer, methods=[method])
    app.include_router(router)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
        refused = await client.put(path)
    assert refused.status_code == httpx.codes.METHOD_NOT_ALLOWED
    assert refused.json()["code"] == "method_not_allowed"
    assert set(refused.headers["allow"].split(", ")) == allowed


def test_a_models_name_is_not_taken_by_the_problem_documents(app: FastAPI) -> None:
    class ProblemDocument(BaseModel):
        mine: int

    @app.get("/")
    async def show() -> ProblemDocument:
        return ProblemDocument(mine=1)

    with pytest.raises(RuntimeError, match="ProblemDocument"):
        app.openapi()


@pytest.mark.parametrize("module", ["registration.api", "selection.scores_api", "certification.api", "placement.api"])
def test_what_is_wrong_with_a_cell_is_described_as_such(module: str, app: FastAPI) -> None:
    app.include_router(importlib.import_module(f"services.{module}").router)
    schemas = app.openapi()["components"]["schemas"]
    assert schemas["Judged"]["properties"]["problems"]["items"] == {"$ref": "#/components/schemas/Problem"}
    assert schemas["Problem"]["required"] == ["reason"]
    assert "detail" in schemas["ProblemDocument"]["required"]


def test_a_question_answers_with_a_conflict_where_its_description_says_so(app: FastAPI) -> None:
    @app.get("/plain")
    async def plain() -> None:
        """Of 409 people."""

    @app.get("/link")
    async def link() -> None:
        """409 `link_expired`."""

    paths = app.openapi()["paths"]
    assert [("409" in paths[path]["get"]["responses"]) for path in ("/plain", "/link")] == [False, True]
