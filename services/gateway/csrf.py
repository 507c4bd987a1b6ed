"""Requests that another site makes a signed-in browser send are refused.

A request that changes something in the name of a cookie shows the session's token in a header. Another site cannot
read the token, and cannot send a header of its own without asking, which nobody allows it (there is no CORS). The token
is made from the session's secret: it needs no place of its own, ends with the session, and works in any browser.
Signing in has no session yet: there the browser's own word on where the request comes from decides.
"""

import hmac
from urllib.parse import urlsplit

from starlette.requests import Request

from shared.problems import Forbidden

HEADER = "X-CSRF-Token"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def token(cookie: str) -> str:
    """The token of the session whose cookie this is."""
    return hmac.digest(cookie.encode(errors="surrogatepass"), b"jalur csrf token", "sha256").hex()


def check(request: Request, cookie: str, in_form: str = "") -> None:
    """Raises Forbidden when an unsafe request in the name of `cookie` lacks its token, in the header or `in_form`."""
    if request.method in SAFE:
        return
    check_origin(request)
    shown = request.headers.get(HEADER, in_form)
    if not hmac.compare_digest(shown.encode(errors="replace"), token(cookie).encode()):
        raise Forbidden("csrf_token_missing", f"Send the session's token in the header {HEADER}.")


def check_origin(request: Request) -> None:
    """Raises Forbidden when the browser says that another site sent this; who says nothing is no browser."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        fine = site in ("same-origin", "none")
    else:
        fine = origin is None or urlsplit(origin).netloc == request.headers.get("host")
    if not fine:
        raise Forbidden("cross_site", "Another site sent this request.")
