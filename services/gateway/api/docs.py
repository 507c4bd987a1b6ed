"""The API's documentation, all of it from here: an office without internet can read it, and no script is inline."""

from importlib import resources

from fastapi import APIRouter, Response

from shared.problems import NotFound

router = APIRouter(include_in_schema=False)

DESCRIPTION = "/api/openapi.json"
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Jalur</title>
<link rel="stylesheet" href="/api/docs/swagger-ui.css">
<link rel="icon" href="/api/docs/favicon-32x32.png">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/api/docs/swagger-ui-bundle.js"></script>
<script src="/api/docs/start.js"></script>
</body>
</html>
"""
_START = f"""SwaggerUIBundle({{
  url: "{DESCRIPTION}",
  dom_id: "#swagger-ui",
  deepLinking: true,
  filter: true,
  tryItOutEnabled: true,
  presets: [SwaggerUIBundle.presets.apis],
}});
"""
_FILES = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon-32x32.png": "image/png",
}


@router.get("/api/docs")
async def page() -> Response:
    return Response(_PAGE, media_type="text/html")


@router.get("/api/docs/{file}")
async def part(file: str) -> Response:
    """Swagger UI's files, from the package `fastapi-swagger`."""
    if file == "start.js":
        return Response(_START, media_type="text/javascript")
    if file not in _FILES:
        raise NotFound("not_found", "There is no such file.")
    content = resources.files("fastapi_swagger.resources").joinpath(file).read_bytes()
    return Response(content, media_type=_FILES[file], headers={"Cache-Control": "public, max-age=3600"})
