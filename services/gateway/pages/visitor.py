"""Who looks at a page: signed in by the session's cookie, in a role that may see it; else sent to sign in."""

from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import Response

from services.gateway import csrf, roles
from services.gateway.calling import Caller, known
from services.gateway.pages import interrupted, site
from services.gateway.uploads import form_of
from shared import context, problems
from shared.problems import Forbidden, Invalid, NotFound, Problem, Unauthenticated

CSRF_FIELD = "csrf_token"
SIGN_IN = "/masuk"
_REFUSED = 400


async def visitor(request: Request) -> Caller:
    """The caller of a page. Raises Unauthenticated or Forbidden, which `Page` shows as pages."""
    # a part of a page that asks by itself is no use of the session
    found = await known(request, used="HX-Request" not in request.headers)
    if found.cookie is None:
        raise Unauthenticated("session_missing", "Pages are for whoever has signed in.")
    if not roles.may(found.actor.role, request.method, request.scope["route"].path):
        raise Forbidden("role_not_allowed", f"The role {found.actor.role} may not do this.")
    if request.method not in csrf.SAFE:
        csrf.check(request, found.cookie, str((await form_of(request)).get(CSRF_FIELD, "")))
    context.actor.set(found.actor)
    return replace(found, language=site.language(request))


Visitor = Annotated[Caller, Depends(visitor)]


class Page(APIRoute):
    """A route whose problems are told in a page."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                response = await answer(request)
                if request.method not in csrf.SAFE and response.status_code < _REFUSED:
                    await interrupted.settle(request, response)
                return response
            except Unauthenticated:
                return await _to_sign_in(request)
            except RequestValidationError:
                return await shown(request, Invalid("invalid", "The address or the form is not as expected."))
            except Problem as problem:
                return await shown(request, problem)

        return handle


async def shown(request: Request, problem: Problem) -> Response:
    """A problem as a page, for whoever is signed in or not."""
    try:
        caller = await known(request)
    except Problem:
        caller = None
    page = site.render(request, "masalah.html", caller, status=problem.status, problem=problem)
    page.headers.update(problems.retry_after(problem.status, problem.extra))
    return page


def tell_browsers_in_pages(app: FastAPI) -> None:
    """Let a browser that looks for what is not there see a page; programs get the problem document as before."""
    document = app.exception_handlers[HTTPException]

    @app.exception_handler(HTTPException)
    async def _(request: Request, error: HTTPException) -> Response:
        is_page = not request.url.path.startswith(("/api/", "/static/"))
        if error.status_code == NotFound.status and is_page and "text/html" in request.headers.get("accept", ""):
            return await shown(request, NotFound("not_found", "There is no such page."))
        answer: Response = await document(request, error)  # type: ignore[misc]
        return answer


async def _to_sign_in(request: Request) -> Response:
    """And from there back: to the page, or to the form that was sent when the session was over."""
    if request.headers.get("HX-Request"):  # a part of a page: the whole page has to go there
        return Response(status_code=204, headers={"HX-Redirect": SIGN_IN})
    secret = await interrupted.keep(request, CSRF_FIELD)
    back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    if request.method != "GET":
        back = interrupted.WHERE if secret else ""
    response = RedirectResponse(f"{SIGN_IN}?lanjut={quote(back, safe='')}" if back else SIGN_IN, status_code=303)
    if secret:
        request.app.state.gateway.cookies.keep_interrupted(response, secret, interrupted.KEPT_S)
    return response
