"""A programme as YAML: pasted or chosen, looked at like one from the form, and given out again."""

import yaml
from fastapi import APIRouter, Request
from starlette.datastructures import UploadFile
from starlette.responses import Response

from services.gateway.api import programmes
from services.gateway.api.gateway import TheGateway
from services.gateway.calling import Caller
from services.gateway.pages import site
from services.gateway.pages.programme import previewed
from services.gateway.pages.programme_form import MOST_CLASSES
from services.gateway.pages.visitor import Page, Visitor
from services.gateway.uploads import form_of
from shared.problems import Invalid, TooLarge

router = APIRouter(route_class=Page, include_in_schema=False)


@router.get("/program-baru/yaml")
async def from_yaml(request: Request, caller: Visitor) -> Response:
    """Where YAML is pasted or chosen."""
    return _asked(request, caller)


@router.post("/program-baru/yaml")
async def read_yaml(request: Request, gateway: TheGateway, caller: Visitor) -> Response:
    """What it says, in the form or, when nothing is wrong with it, as a preview. A programme there is is changed."""
    form = await form_of(request)
    typed, file = str(form.get("yaml", "")), form.get("file")
    body = typed.encode(errors="replace")
    if isinstance(file, UploadFile) and file.size:
        body = await file.read()
    try:
        definition = programmes.read_definition(body)
    except (Invalid, TooLarge) as problem:
        return _asked(request, caller, typed, problem.code if body.strip() else "missing")
    classes = definition.get("classes")
    if isinstance(classes, list) and len(classes) > MOST_CLASSES:
        return _asked(request, caller, typed, "too_many_classes")
    return await previewed(request, gateway, caller, None, definition)


@router.get("/program/{code}/definisi.yaml")
async def as_yaml(code: str, gateway: TheGateway, caller: Visitor) -> Response:
    """The definition, to keep, to send on, or to define another by."""
    held = await programmes.show_programme(code, gateway, caller)
    stated = held.model_dump(mode="json", exclude={"revision"}, exclude_none=True)
    text = yaml.safe_dump(stated, allow_unicode=True, sort_keys=False)
    headers = {"Content-Disposition": f'attachment; filename="{code}.yaml"'}
    return Response(text, media_type="application/yaml", headers=headers)


def _asked(request: Request, caller: Caller, typed: str = "", reason: str | None = None) -> Response:
    """Asks for it; again, with what was typed, when it cannot be read for that reason."""
    status = 422 if reason else 200
    return site.render(request, "program_yaml.html", caller, status=status, typed=typed, reason=reason)
