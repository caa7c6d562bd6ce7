"""The wall over HTTP: fixed documents from memory, nothing else.

Here: routes, links' tokens, security headers, the watch for a new batch.  Not here: documents (editions.py),
pages (static/), the process (cli/dashboard.py).  No request reaches the warehouse and none carries a query.
"""

import asyncio
import gzip
import logging
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from starlette.applications import Starlette
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.editions import Shelf, as_bytes
from dashboard.outline import map_document
from dashboard.page import CSP, page, static_files
from dashboard.scope import PROVINCE, LinkRefusedError, read_token

COOKIE = "wall"
WATCH_SECONDS = 2.0
HEADERS: Mapping[str, str] = {
    "content-security-policy": f"{CSP}; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
_LOG = logging.getLogger("zoufang.dashboard")


@dataclass(frozen=True)
class Access:
    """Who may come in: with a key only holders of its links, without one whoever asks these hosts by name."""

    key: bytes | None = None
    hosts: tuple[str, ...] = ("127.0.0.1", "localhost", "[::1]")


def make_app(shelf: Shelf, access: Access, watch_seconds: float = WATCH_SECONDS) -> ASGIApp:
    """Return the application; the shelf has to hold an edition already."""
    files = static_files() | {
        "outlines.json": (gzip.compress(as_bytes(map_document()), 6), "application/json"),
    }
    routes = [
        Route("/", partial(_page, access=access)),
        Route("/now", partial(_now, shelf=shelf, access=access)),
        Route("/facts/{edition}/{name:path}.json", partial(_facts, shelf=shelf, access=access)),
        Route("/static/{name}", partial(_static, files=files)),
    ]

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        task = asyncio.create_task(_watch(shelf, watch_seconds))
        yield
        task.cancel()

    app: ASGIApp = Starlette(routes=routes, lifespan=lifespan)
    if access.key is None:
        # A stranger's page could point its own name at loopback and read along (DNS rebinding).
        app = TrustedHostMiddleware(app, allowed_hosts=list(access.hosts), www_redirect=False)
    return _Secured(app)


async def _page(request: Request, access: Access) -> Response:
    token = request.query_params.get("token")
    if access.key is None:
        return Response(page("live"), media_type="text/html")
    if token is None:
        return Response(page("live"), media_type="text/html") if _scope(request, access) else _refused()
    try:
        _, ends_at = read_token(token, access.key, time.time())
    except LinkRefusedError:
        return _refused()
    # The token leaves the address bar, so that it is neither bookmarked nor shown on the wall.
    answer = RedirectResponse("./", status_code=303)
    answer.set_cookie(
        COOKIE,
        token,
        max_age=int(ends_at - time.time()),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return answer


async def _now(request: Request, shelf: Shelf, access: Access) -> Response:
    scope = _scope(request, access)
    if scope is None:
        return _refused()
    return _json(gzip.compress(as_bytes({"edition": shelf.current.id, "scope": scope})), "no-store")


async def _facts(request: Request, shelf: Shelf, access: Access) -> Response:
    scope = _scope(request, access)
    if scope is None:
        return _refused()
    edition = shelf.find(request.path_params["edition"])
    body = edition.body(request.path_params["name"], scope) if edition else None
    if body is None:
        return PlainTextResponse("not there 未找到", status_code=404)
    kept = "no-store" if access.key else "private, max-age=31536000, immutable"
    return _json(body, kept)


async def _static(request: Request, files: Mapping[str, tuple[bytes, str]]) -> Response:
    found = files.get(request.path_params["name"])
    if found is None:
        return PlainTextResponse("not there 未找到", status_code=404)
    headers = {"content-encoding": "gzip", "cache-control": "no-cache"}
    return Response(found[0], media_type=found[1], headers=headers)


def _scope(request: Request, access: Access) -> str | None:
    """Return what the request may see, None if nothing."""
    if access.key is None:
        return PROVINCE
    try:
        return read_token(request.cookies.get(COOKIE, ""), access.key, time.time())[0]
    except LinkRefusedError:
        return None


def _refused() -> Response:
    text = "This link is over or was changed; ask for a new one. 链接已过期或无效，请重新申请。\n"
    return PlainTextResponse(text, status_code=403, headers={"cache-control": "no-store"})


def _json(body: bytes, kept: str) -> Response:
    headers = {"content-encoding": "gzip", "cache-control": kept}
    return Response(body, media_type="application/json", headers=headers)


async def _watch(shelf: Shelf, seconds: float) -> None:
    """Look for a newly published file for ever; what cannot be read leaves the edition before in place."""
    said = ""
    while True:
        await asyncio.sleep(seconds)
        try:
            await asyncio.to_thread(shelf.refresh)
            said = ""
        except Exception as problem:  # the wall stays up whatever is wrong with a file
            if said != str(problem):
                _LOG.warning("the published warehouse cannot be read, the batch before stays: %s", problem)
            said = str(problem)


class _Secured:
    """Puts the security headers on every answer, errors included."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message.get("headers", []),
                    *((name.encode(), value.encode()) for name, value in HEADERS.items()),
                ]
            await send(message)

        await self.app(scope, receive, secured)
