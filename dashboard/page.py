"""The page and its files: what the browser gets besides facts, live or from a folder.

Here: reading static/ and the content policy.  Not here: facts, HTTP, writing a folder (export.py).
"""

import gzip
from pathlib import Path

STATIC = Path(__file__).parent / "static"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'"
)
"""Nothing inline, nothing from another host; frame-ancestors is added where a header can say it."""
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
_META = '<meta http-equiv="Content-Security-Policy" content="{}">'
FOLDER_CSP = CSP.replace("'self'", "'self' file:").replace("connect-src 'self' file:", "connect-src 'none'")
"""Of a folder opened from disk: scripts beside the page are its own, though disk is no origin."""


def page(mode: str) -> str:
    """Return the page; `live` asks the server for facts, `folder` finds them in scripts beside it."""
    text = (STATIC / "index.html").read_text(encoding="utf-8").replace("{{mode}}", mode)
    return text.replace("{{policy}}", _META.format(CSP if mode == "live" else FOLDER_CSP))


def static_names() -> list[str]:
    """Return the names of the files the page is made of, itself left out."""
    return sorted(path.name for path in STATIC.iterdir() if path.suffix in _TYPES)


def static_files() -> dict[str, tuple[bytes, str]]:
    """Return each file of the page in gzip, and its type."""
    found = {name: STATIC / name for name in static_names()}
    return {name: (gzip.compress(path.read_bytes(), 6), _TYPES[path.suffix]) for name, path in found.items()}
