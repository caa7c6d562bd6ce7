"""Who sees what: signed links that end, and the documents cut to the scope they grant.

Here: tokens (HMAC-SHA256 over scope and end) and cutting.  Not here: where keys come from (cli/), HTTP.
A scope is a division code: 33 the province, 4 digits a city, 6 a county; each sees itself and what is below.
"""

import base64
import hashlib
import hmac
import re

from dashboard.facts import Document
from reference.errors import InputProblem

PROVINCE = "33"
MIN_KEY = 32
_SCOPE = re.compile(r"33(\d\d(\d\d)?)?")
_TOKEN = re.compile(r"(33\d{0,4})\.(\d{1,12})\.([A-Za-z0-9_-]{43})")


class LinkRefusedError(Exception):
    """The link was not signed with this key, was changed, or its time is over."""


def check_key(key: str) -> bytes:
    """Return the key's bytes; InputProblem if it is shorter than 32 characters."""
    if len(key) < MIN_KEY:
        raise InputProblem(
            f"the key of the wall's links has {len(key)} characters, at least {MIN_KEY} are needed; "
            "make one: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
        )
    return key.encode()


def check_scope(scope: str) -> str:
    """Return the scope; InputProblem if it is not 33, a city's 4 or a county's 6 digits."""
    if not _SCOPE.fullmatch(scope):
        raise InputProblem(f"scope '{scope}' is none: 33 the province, 3301 a city, 330106 a county")
    return scope


def sign(scope: str, ends_at: int, key: bytes) -> str:
    """Return the token that shows `scope` until `ends_at`, in seconds since 1970."""
    return f"{scope}.{ends_at}.{_seal(scope, ends_at, key)}"


def read_token(token: str, key: bytes, now: float) -> tuple[str, int]:
    """Return scope and end of a token; LinkRefusedError if it is changed, foreign or over."""
    match = _TOKEN.fullmatch(token)
    if not match:
        raise LinkRefusedError
    scope, ends_at, seal = match[1], int(match[2]), match[3]
    if not hmac.compare_digest(seal, _seal(scope, ends_at, key)) or now >= ends_at:
        raise LinkRefusedError
    return scope, ends_at


def within(name: str, document: Document, scope: str) -> Document | None:
    """Return the document as the scope may see it, None if it may not see it at all.

    Outside the province's own scope there are no figures of neighbours, banks, files or the whole.
    """
    if scope == PROVINCE:
        return document
    if name.startswith("county/"):
        return document if name.removeprefix("county/").startswith(scope) else None
    inner = {
        "regions": {},
        "cities": [area for area in document["cities"] if (area["code"] or "")[:4] == scope],
        "counties": [area for area in document["counties"] if (area["code"] or "").startswith(scope)],
        "banks": [],
        "account": [],
    }
    return document | inner


def _seal(scope: str, ends_at: int, key: bytes) -> str:
    mac = hmac.new(key, f"wall.{scope}.{ends_at}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()
