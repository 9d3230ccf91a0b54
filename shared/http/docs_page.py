"""`/docs`: the interface of a service to read and to try, in a browser that reaches no other address than ours.

Swagger UI comes from the package swagger-ui-bundle-v2. The page loads nothing but the files named here, from the
address that served it (docs/adr/0067).
"""

from __future__ import annotations

import html
import json
from collections.abc import Awaitable, Callable, Mapping
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
      // not randomUUID, which a browser lacks on a page without https
      const bytes = Array.from(crypto.getRandomValues(new Uint8Array(16)));
      request.headers["Idempotency-Key"] = bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
    }
    return request;
  },
});
"""

Document = Mapping[str, Any]
ReadDocument = Callable[[], Awaitable[Document]]
Changed = Callable[[Document], Document]


def add_docs_page(app: web.Application, read_document: ReadDocument, with_examples: Changed | None = None) -> None:
    """Serve the page at `/docs`, and what it loads below it.

    `read_document` returns the OpenAPI document that it shows; `with_examples` returns it with what a trial has in it.
    """

    async def page(_request: web.Request) -> web.Response:
        title = html.escape(str((await read_document())["info"]["title"]))
        return web.Response(text=PAGE.format(title=title), content_type="text/html", headers=PAGE_HEADERS)

    async def start(_request: web.Request) -> web.Response:
        return web.Response(text=START, content_type="text/javascript", headers=FILE_HEADERS)

    async def described(_request: web.Request) -> web.Response:
        document = await read_document()
        shown = document if with_examples is None else with_examples(document)
        text = json.dumps(shown, ensure_ascii=False, separators=(",", ":"))
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
