"""Step manifests: what a step of a run wrote, with content hashes, so that a killed run resumes.

A step is done when its manifest exists, was made from the same inputs, and every file it names still
has the recorded content.  Here: that decision and nothing else.  Not here: what the steps do.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Artifact:
    """One file a step wrote, relative to the home folder, with its content hash."""

    path: str
    sha256: str


@dataclass(frozen=True)
class StepResult:
    """The files of one step and the figures later steps and the report need."""

    step: str
    inputs: str
    artifacts: tuple[Artifact, ...] = ()
    figures: dict[str, Any] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Identify this result by content: equal files and figures give an equal digest."""
        body = json.dumps([[a.path, a.sha256] for a in self.artifacts] + [self.figures], sort_keys=True)
        return hashlib.sha256(body.encode()).hexdigest()

    def paths(self, root: Path) -> list[Path]:
        """Return the absolute paths of the files."""
        return [root / artifact.path for artifact in self.artifacts]


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def combine(parts: Iterable[str]) -> str:
    """Return one hash for an ordered list of hashes or names."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def resume_or_run(
    run_dir: Path,
    root: Path,
    step: str,
    inputs: str,
    body: Callable[[], tuple[list[Path], dict[str, Any]]],
) -> StepResult:
    """Return the recorded result if it still holds, else run `body` and record what it wrote."""
    manifest = run_dir / "steps" / f"{step}.json"
    recorded = _read(manifest)
    if recorded and recorded.inputs == inputs and _intact(recorded, root):
        return recorded
    paths, figures = body()
    artifacts = tuple(Artifact(str(p.relative_to(root)), hash_file(p)) for p in paths)
    result = StepResult(step, inputs, artifacts, json.loads(json.dumps(figures, default=str)))
    write_json(manifest, asdict(result))
    return result


def write_json(path: Path, content: object) -> None:
    """Write JSON so that a reader sees the old file or the whole new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    with temporary.open("w", encoding="utf-8") as handle:
        json.dump(content, handle, ensure_ascii=False, indent=1, default=str)
        handle.flush()
        os.fsync(handle.fileno())
    temporary.replace(path)


def _read(manifest: Path) -> StepResult | None:
    try:
        raw = json.loads(manifest.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    artifacts = tuple(Artifact(**a) for a in raw["artifacts"])
    return StepResult(raw["step"], raw["inputs"], artifacts, raw["figures"])


def _intact(result: StepResult, root: Path) -> bool:
    return all(p.is_file() and hash_file(p) == a.sha256 for a in result.artifacts for p in [root / a.path])
