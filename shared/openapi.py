"""The OpenAPI description of a service, with every problem document that a route may answer instead."""

from typing import Any

from fastapi import FastAPI

_NAME = "ProblemDocument"  # not Problem: that is what is wrong with a cell of a sheet
_SCHEMA = {
    "type": "object",
    "title": _NAME,
    "description": "RFC 9457. `code` is stable; `errors` and other members say where.",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string", "examples": ["urn:jalur:problem:invalid"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "field": {"type": ["string", "null"]},
                    "column": {"type": ["string", "null"]},
                    "reason": {"type": "string"},
                },
            },
        },
    },
}
# status → (when, code, detail)
_PROBLEMS = {
    400: ("The request cannot be read.", "http_error", "There was an error parsing the body"),
    401: ("Nobody, or nobody known, calls.", "invalid_token", "The token is not known."),
    403: ("The caller's role may not do this.", "role_not_allowed", "The role viewer may not do this."),
    404: ("There is no such thing.", "unknown_programme", "There is no programme X-1."),
    409: ("What is known does not allow it.", "inputs_changed", "The inputs have changed since the simulation."),
    413: ("The request is too large.", "too_large", "The request is longer than the 2 MB that are accepted here."),
    422: ("The request is understood but cannot be used.", "invalid", "The request does not have the expected form."),
    429: ("Too often; `Retry-After` says when to try again.", "too_many_requests", "Too many requests."),
    503: (
        "A server that is needed is away, and the outcome may be unknown: repeat under the same `Idempotency-Key`.",
        "storage_away",
        "The database does not answer at the moment.",
    ),
}
_TO_STRANGERS = {400, 404, 413, 422, 429, 503}
_METHODS = frozenset(["get", "put", "post", "delete", "patch"])
_RETRY_AFTER = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}


def describe(app: FastAPI) -> None:
    """Let `app` describe its problem documents, each with an example, beside FastAPI's own description."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            described = plain()
            schemas = described.setdefault("components", {}).setdefault("schemas", {})
            if _NAME in schemas:
                raise RuntimeError(f"a model of {app.title} is called {_NAME}, as the problem documents are")
            schemas[_NAME] = _SCHEMA
            for unused in ("HTTPValidationError", "ValidationError"):
                schemas.pop(unused, None)
            for path, methods in described["paths"].items():
                for method in _METHODS & methods.keys():
                    _add_problems(path, method, methods[method])
        return app.openapi_schema or {}

    app.openapi = openapi  # type: ignore[method-assign]


def _add_problems(path: str, method: str, operation: dict[str, Any]) -> None:
    if path.startswith("/health/"):  # answers in a form of its own
        return
    told = {status for status in _PROBLEMS if f"{status} `" in operation.get("description", "")}
    for status in sorted(_possible(path, method) | told):  # and what its own description names
        when, code, detail = _PROBLEMS[status]
        example = {
            "type": f"urn:jalur:problem:{code}",
            "title": when.rstrip("."),
            "status": status,
            "code": code,
            "detail": detail,
        }
        schema = {"$ref": f"#/components/schemas/{_NAME}"}
        answer: dict[str, Any] = {
            "description": when,
            "content": {"application/problem+json": {"schema": schema, "example": example}},
        }
        if status in (429, 503):
            answer["headers"] = _RETRY_AFTER
        operation["responses"][str(status)] = answer


def _possible(path: str, method: str) -> set[int]:
    if "/verify/" in path:
        return _TO_STRANGERS
    found = {400, 401, 403, 422, 429, 503}
    if "{" in path:
        found.add(404)
    if method != "get":
        found |= {404, 409, 413}
    return found
