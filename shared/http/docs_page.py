"""`/docs`: the interface of a service to read and to try, in a browser that reaches no other address than ours.

Swagger UI comes from the package swagger-ui-bundle-v2. The page loads nothing but the files named here, from the
address that served it (docs/adr/0067).
"""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from aiohttp import web

PAGE_PATH: Final = "/docs"
FILES: Final = ("swagger-ui.css", "swagger-ui-bundle.js")
"""Served as the package has them."""

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Pictures as `data:` are the arrows in the style of Swagger UI."""

PAGE_HEADERS: Final = {"Content-Security-Policy": POLICY, "Referrer-Policy": "no-referrer", "Cache-Control": "no-cache"}
FILE_HEADERS: Final = {"Cache-Control": "max-age=300"}

# every name is relative, so that the page also works behind a gateway that serves it under the service's name
PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""

START: Final = """// A command gets a new Idempotency-Key at each try; nothing is validated elsewhere.
SwaggerUIBundle({
  url: "docs/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null,
  tryItOutEnabled: true,
  requestInterceptor: (request) => {
    if (request.headers && request.headers["Idempotency-Key"]) {
      request.headers["Idempotency-Key"] = crypto.randomUUID();
    }
    return request;
  },
});
"""

Document = Mapping[str, Any]


def add_docs_page(app: web.Application, document: Callable[[], Document]) -> None:
    """Serve the page at `/docs`, and what it loads below it; `document` returns the OpenAPI document that it shows."""

    async def page(_request: web.Request) -> web.Response:
        title = html.escape(str(document()["info"]["title"]))
        return web.Response(text=PAGE.format(title=title), content_type="text/html", headers=PAGE_HEADERS)

    async def start(_request: web.Request) -> web.Response:
        return web.Response(text=START, content_type="text/javascript", headers=FILE_HEADERS)

    async def described(_request: web.Request) -> web.Response:
        text = json.dumps(document(), ensure_ascii=False, separators=(",", ":"))
        return web.Response(text=text, content_type="application/json", headers=PAGE_HEADERS)

    app.router.add_get(PAGE_PATH, page)
    app.router.add_get(f"{PAGE_PATH}/start.js", start)
    app.router.add_get(f"{PAGE_PATH}/openapi.json", described)
    for name in FILES:
        app.router.add_get(f"{PAGE_PATH}/{name}", _file_sender(_folder() / name))


def _file_sender(path: Path) -> Callable[[web.Request], Any]:
    async def send(_request: web.Request) -> web.FileResponse:
        return web.FileResponse(path, headers=FILE_HEADERS)

    return send


def _folder() -> Path:
    from swagger_ui_bundle import swagger_ui_path

    return Path(str(swagger_ui_path))
