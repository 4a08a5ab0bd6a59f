"""GraphiQL, from files this server has: nothing is loaded from anywhere else.

The browser files come with the package graphene-django-graphiql-static, of which nothing but the
files is used.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from starlette.responses import HTMLResponse
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

PACKAGE = "graphene_django_graphiql_static"
_CONTENT_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "font-src 'self' data:; img-src 'self' data:; worker-src 'self' blob:; "
    "frame-ancestors 'none'; base-uri 'none'"
)
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Suivi · GraphiQL</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="graphiql/graphiql.min.css">
<link rel="stylesheet" href="static/graphiql.css">
</head>
<body>
<div id="graphiql">Loading …</div>
<script src="graphiql/react.production.min.js"></script>
<script src="graphiql/react-dom.production.min.js"></script>
<script src="graphiql/graphiql.min.js"></script>
<script src="static/graphiql.js"></script>
</body>
</html>
"""


def page() -> HTMLResponse:
    """The page, for a browser that comes to `/graphql`."""
    return HTMLResponse(_PAGE, headers={"Content-Security-Policy": _CONTENT_POLICY})


def mounts() -> list[Mount]:
    """Where the page's files are served."""
    spec = find_spec(PACKAGE)
    assert spec is not None
    assert spec.origin is not None
    files = Path(spec.origin).parent / "static" / PACKAGE
    return [
        Mount("/graphiql", StaticFiles(directory=files)),
        Mount("/static", StaticFiles(directory=Path(__file__).parent / "static")),
    ]
