"""Whether a certificate is genuine: for whoever holds one in their hands, or has scanned its code."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from services.gateway.api import certificates
from services.gateway.api.gateway import TheGateway
from services.gateway.pages import site
from services.gateway.pages.visitor import Page
from services.gateway.services import Refused

public = APIRouter(route_class=Page, include_in_schema=False)


@public.get("/sertifikat")
async def ask(request: Request, kode: Annotated[str, Query(max_length=100)] = "") -> Response:
    """The form; it leads to the address that a certificate's QR code holds."""
    if code := "".join(filter(str.isalnum, kode)):
        return RedirectResponse(f"/sertifikat/{code}", status_code=303)
    return site.render(request, "sertifikat.html", certificate=None, code="")


@public.get("/sertifikat/{verify_code}")
async def verify(verify_code: str, request: Request, gateway: TheGateway) -> Response:
    """Valid, expired or revoked with the reason; or that no certificate has this code."""
    try:
        found = await certificates.verify(verify_code, request, gateway)
    except Refused as refused:
        if refused.status != 404:
            raise
        return site.render(request, "sertifikat.html", status=404, certificate=None, code=verify_code)
    return site.render(request, "sertifikat.html", certificate=found, code=verify_code)
