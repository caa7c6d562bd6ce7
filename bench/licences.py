"""The licences of what an installation with the extra `dask` brings along: docs/licences.md,
from installed metadata alone.

`python -m bench.licences` writes it, `make audit` does so before it asks for known holes.
Here: which packages, which licences.  Not here: whether a version has known holes (make audit).
"""

import re
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement

FILE = Path(__file__).parents[1] / "docs" / "licences.md"
HEAD = """# Licences · 许可证

What `zoufang` and its extra `dask` run with, as installed from `requirements.lock`, without tools of
development and benches. Made by `python -m bench.licences`; a test fails when it is not current. Known
holes: `make audit`. Files of others: `reference/font/PROVENANCE.md`, `reference/map/PROVENANCE.md`.

| package | version | licence |
|---|---|---|
"""
_CLASSIFIER = "License :: "


def runtime() -> list[Distribution]:
    """Return what zoufang needs to run, all that these need too, by name."""
    found: dict[str, Distribution] = {}
    waiting = [Requirement(text) for text in distribution("zoufang").requires or []]
    wanted_by = [{"extra": extra} for extra in ("", "dask")]
    waiting = [n for n in waiting if n.marker is None or any(n.marker.evaluate(e) for e in wanted_by)]
    while waiting:
        need = waiting.pop()
        key = re.sub(r"[-_.]+", "-", need.name).lower()
        wanted = found.setdefault(key, distribution(need.name))
        extras = need.extras or {""}
        for text in wanted.requires or []:
            deeper = Requirement(text)
            asked = deeper.marker is None or any(deeper.marker.evaluate({"extra": e}) for e in extras)
            if asked and re.sub(r"[-_.]+", "-", deeper.name).lower() not in found:
                waiting.append(deeper)
    return [found[key] for key in sorted(found)]


def licence(package: Distribution) -> str:
    """Return the licence as the package states it: expression, first line of the field, or classifiers."""
    told = package.metadata.json
    field = str(told.get("license_expression") or told.get("license") or "").strip().partition("\n")[0]
    if field and len(field) <= 80:
        return field
    classes = [c for c in told.get("classifier", []) if c.startswith(_CLASSIFIER)]
    return "; ".join(sorted(c.rpartition(" :: ")[2] for c in classes)) or "not stated"


def text() -> str:
    """Return the whole file."""
    rows = [f"| {p.metadata['Name']} | {p.version} | {licence(p)} |\n" for p in runtime()]
    return HEAD + "".join(rows)


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
