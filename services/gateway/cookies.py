"""The cookies: whose session it is, that a browser has signed in before, and which forms it is filling in."""

from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

_SESSION = "jalur_session"
_BROWSER = "jalur_browser"
_FORM = "jalur_form"
_INTERRUPTED = "jalur_interrupted"
_BROWSER_KEPT_S = 365 * 24 * 3600
_MOST_CHARACTERS = 100


class Cookies:
    """HttpOnly, for this host alone; under TLS also Secure, with the prefix that browsers hold us to.

    SameSite=Strict: a link on another site must not put a reveal on record, nor a sheet of names on the disk. That of
    public forms is Lax, for whoever comes back by a link in a message; what is sent from another site lacks it too.
    """

    def __init__(self, *, tls: bool) -> None:
        self.tls = tls
        prefix = "__Host-" if tls else ""
        self._session, self._browser, self._form = prefix + _SESSION, prefix + _BROWSER, prefix + _FORM
        self._interrupted = prefix + _INTERRUPTED

    def session(self, request: Request) -> str | None:
        return _given(request, self._session)

    def browser(self, request: Request) -> str | None:
        return _given(request, self._browser)

    def keep(self, response: Response, session: str, browser: str | None) -> None:
        """The session's ends with the browser at the latest; when it expires, the server knows."""
        self._set(response, self._session, session)
        if browser is not None:
            self._set(response, self._browser, browser, _BROWSER_KEPT_S)

    def forget_session(self, response: Response) -> None:
        self._set(response, self._session, "", 0)

    def form(self, request: Request) -> str | None:
        """The secret of the public forms that this browser is filling in."""
        return _given(request, self._form)

    def keep_form(self, response: Response, secret: str, kept_s: int) -> None:
        self._set(response, self._form, secret, kept_s, samesite="lax")

    def interrupted(self, request: Request) -> str | None:
        """The secret of a form that this browser sent when its session was over."""
        return _given(request, self._interrupted)

    def keep_interrupted(self, response: Response, secret: str, kept_s: int) -> None:
        self._set(response, self._interrupted, secret, kept_s)

    def forget_interrupted(self, response: Response) -> None:
        self._set(response, self._interrupted, "", 0)

    def _set(
        self,
        response: Response,
        name: str,
        value: str,
        kept_s: int | None = None,
        samesite: Literal["strict", "lax"] = "strict",
    ) -> None:
        response.set_cookie(name, value, max_age=kept_s, path="/", secure=self.tls, httponly=True, samesite=samesite)


def _given(request: Request, name: str) -> str | None:
    value = request.cookies.get(name)
    return value if value and len(value) <= _MOST_CHARACTERS else None
