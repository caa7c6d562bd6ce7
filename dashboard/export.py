"""The wall as one folder that opens from disk, for a room without a network.

Here: writing the page, its files and the facts as scripts.  Not here: what the facts say (facts.py).
Facts are scripts that call `Wall.deliver`: a page opened from disk may not fetch files.
"""

import shutil
from pathlib import Path

from dashboard.editions import Edition, as_bytes
from dashboard.outline import map_document
from dashboard.page import STATIC, page, static_names
from dashboard.scope import within
from reference.errors import InputProblem

MARK = "wall.edition"


def export(edition: Edition, out: Path, scope: str) -> Path:
    """Write the edition as the scope sees it to `out` and return the page's path.

    An export there is replaced once the new one is complete; InputProblem if anything else lies there.
    """
    if out.exists() and not (out / MARK).exists():
        raise InputProblem(f"{out} exists and is no export of the wall; choose another folder")
    part = out.with_name(f".{out.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    _write(part, edition, scope)
    old = out.with_name(f".{out.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if out.exists():
        out.rename(old)
    part.rename(out)
    shutil.rmtree(old, ignore_errors=True)
    return out / "index.html"


def _write(folder: Path, edition: Edition, scope: str) -> None:
    (folder / "static").mkdir(parents=True)
    for name in static_names():
        shutil.copyfile(STATIC / name, folder / "static" / name)
    _deliver(folder / "facts" / "outlines.js", "outlines", map_document())
    _deliver(folder / "facts" / "now.js", "now", {"edition": edition.id, "scope": scope})
    for name, document in edition.documents.items():
        seen = within(name, document, scope)
        if seen is not None:
            _deliver(folder / "facts" / f"{name}.js", name, seen)
    (folder / "index.html").write_text(page("folder"), encoding="utf-8")
    (folder / MARK).write_text(f"{edition.id}\n", encoding="utf-8")


def _deliver(path: Path, name: str, document: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"Wall.deliver(" + as_bytes(name) + b"," + as_bytes(document) + b");\n")
