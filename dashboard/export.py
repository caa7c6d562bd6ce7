"""The wall as one folder that opens from disk, for a room without a network.

Here: writing the page, its files and the facts as scripts.  Not here: what the facts say (facts.py).
Facts are scripts that call `Wall.deliver`: a page opened from disk may not fetch files.
"""

from pathlib import Path

from dashboard.editions import Edition, as_bytes
from dashboard.folder import put_file, put_folder
from dashboard.outline import map_document
from dashboard.page import STATIC, page, static_names
from dashboard.scope import within

MARK = "wall.edition"


def export(edition: Edition, out: Path, scope: str) -> Path:
    """Write the edition as the scope sees it to `out` and return the page's path.

    An export there is replaced once the new one is complete; InputProblem if anything else lies there.
    """
    put_folder(out, MARK, "export of the wall", lambda folder: _write(folder, edition, scope))
    return out / "index.html"


def _write(folder: Path, edition: Edition, scope: str) -> None:
    for name in static_names():
        put_file(folder / "static" / name, (STATIC / name).read_bytes())
    _deliver(folder / "facts" / "outlines.js", "outlines", map_document())
    _deliver(folder / "facts" / "now.js", "now", {"edition": edition.id, "scope": scope})
    for name, document in edition.documents.items():
        seen = within(name, document, scope)
        if seen is not None:
            _deliver(folder / "facts" / f"{name}.js", name, seen)
    put_file(folder / "index.html", page("folder").encode())
    put_file(folder / MARK, f"{edition.id}\n".encode())


def _deliver(path: Path, name: str, document: object) -> None:
    put_file(path, b"Wall.deliver(" + as_bytes(name) + b"," + as_bytes(document) + b");\n")
