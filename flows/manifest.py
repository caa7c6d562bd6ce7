"""Step manifests: what a step of a run wrote, with content hashes, so that work is never done twice.

A step is done when its manifest exists, was made from the same inputs, and every file it names still has the
recorded content: a killed run resumes.  What an earlier run made from the same inputs is linked, not made
again: a run whose inputs changed a little does a little.  Here: these decisions, and records that show when
a byte of them has changed.  Files are looked into as far as their bytes are not known (known_bytes.py).
Not here: what the steps do, which there are (compute.py), what they go by (planned.py).
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from flows.home import Home

RUN = "{run}"
"""Stands for the run's name in recorded paths: what two runs make alike is recorded alike."""
SEAL = "seal"
How = Literal["made", "resumed", "linked", "failed"]
"""What became of a step: made now, kept of an earlier try of this run, linked from another run, or failed."""


@dataclass(frozen=True)
class Artifact:
    """One file a step wrote, relative to the home folder, RUN for the run's name, with its content hash."""

    path: str
    sha256: str

    @property
    def name(self) -> str:
        """Return the file's own name."""
        return self.path.rpartition("/")[2]

    def at(self, root: Path, run_id: str) -> Path:
        """Return where the file lies under a home folder, in a run."""
        return root / self.path.replace(RUN, run_id)


@dataclass(frozen=True)
class StepResult:
    """The files of one step and the figures later steps and the report need; `how` is not recorded."""

    step: str
    inputs: str
    artifacts: tuple[Artifact, ...] = ()
    figures: dict[str, Any] = field(default_factory=dict)
    how: How = "made"

    @property
    def digest(self) -> str:
        """Identify this result by content: equal files and figures give an equal digest."""
        body = json.dumps([[a.path, a.sha256] for a in self.artifacts] + [self.figures], sort_keys=True)
        return hashlib.sha256(body.encode()).hexdigest()

    def told(self) -> dict[str, Any]:
        """Return what is recorded of it."""
        return {name: value for name, value in asdict(self).items() if name != "how"}

    @classmethod
    def of(cls, raw: dict[str, Any]) -> "StepResult":
        """Return the result that was recorded so."""
        artifacts = tuple(Artifact(**a) for a in raw["artifacts"])
        return cls(raw["step"], raw["inputs"], artifacts, raw["figures"])


Body = tuple[list[Path], dict[str, Any]]
"""What the body of a step returns: the files it wrote and its figures."""


@dataclass(frozen=True)
class StepStore:
    """The steps of one run, and those that earlier runs of the same home recorded."""

    home: Home
    run_id: str

    def take(self, step: str, inputs: str, body: Callable[[], Body]) -> StepResult:
        """Return the recorded result if it still holds, an earlier run's linked here, or what `body` makes.

        `inputs` must name everything the step's result follows from, the code and rules included.
        """
        manifest = self.home.run(self.run_id) / "steps" / f"{step}.json"
        recorded = _read(manifest)
        if recorded and recorded.inputs == inputs and self._intact(recorded, self.run_id):
            return replace(recorded, how="resumed")
        result = self._adopted(self._entry(step, inputs)) or self.make(step, inputs, body)
        self._record(result)
        return result

    def keep(self, result: StepResult, fetch: Callable[[list[tuple[Path, str]]], None]) -> None:
        """Record a result that was made elsewhere; what of its files is not here is linked, or fetched."""
        missing = [a for a in result.artifacts if not self._is_whole(a, self.run_id)]
        known = self._adopted(self._entry(result.step, result.inputs)) if missing else None
        if missing and (known is None or known.artifacts != result.artifacts):
            fetch([(self._place(a, self.run_id), a.sha256) for a in missing])
        self._record(result)

    def make(self, step: str, inputs: str, body: Callable[[], Body]) -> StepResult:
        """Return what the body makes; nothing is recorded."""
        paths, figures = body()
        artifacts = tuple(artifact_of(path, self.home, self.run_id) for path in paths)
        return StepResult(step, inputs, artifacts, json.loads(json.dumps(figures, default=str)))

    def _record(self, result: StepResult) -> None:
        told = result.told()
        write_sealed(self.home.run(self.run_id) / "steps" / f"{result.step}.json", told, durable=False)
        write_sealed(self._entry(result.step, result.inputs), {"run": self.run_id, **told}, durable=False)

    def _entry(self, step: str, inputs: str) -> Path:
        return self.home.steps / f"{combine([step, inputs])}.json"

    def _adopted(self, entry: Path) -> StepResult | None:
        """Link the files of the run that made this step; None if none did or they are no longer whole."""
        found, run_id = _read(entry), _run_of(entry)
        if found is None or run_id == self.run_id or not self._intact(found, run_id):
            return None
        for artifact in found.artifacts:
            place = self._place(artifact, self.run_id)
            draft = place.with_name(f".{place.name}.link")
            place.parent.mkdir(parents=True, exist_ok=True)
            draft.unlink(missing_ok=True)
            os.link(self._place(artifact, run_id), draft)
            draft.replace(place)
        return replace(found, how="linked")

    def _intact(self, result: StepResult, run_id: str) -> bool:
        return all(self._is_whole(artifact, run_id) for artifact in result.artifacts)

    def _is_whole(self, artifact: Artifact, run_id: str) -> bool:
        return self.home.known.is_whole(self._place(artifact, run_id), artifact.sha256)

    def _place(self, artifact: Artifact, run_id: str) -> Path:
        return artifact.at(self.home.root, run_id)


def artifact_of(path: Path, home: Home, run_id: str | None = None) -> Artifact:
    """Return a file of a home as it is recorded; `run_id`: of the run that made it, if any."""
    name = path.relative_to(home.root).as_posix()
    return Artifact(name.replace(run_id, RUN) if run_id else name, home.known.hash(path))


def combine(parts: Iterable[str]) -> str:
    """Return one hash for an ordered list of hashes or names."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def digest_of(artifacts: Iterable[Artifact]) -> str:
    """Return one hash for the names and contents of some files, in whatever order they come."""
    return combine(sorted(f"{artifact.path} {artifact.sha256}" for artifact in artifacts))


def fresh(path: Path) -> Path:
    """Return the path, ready to be written: what stood there is unlinked, as another run may share it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    return path


def write_json(path: Path, content: object, indent: int | None = 1, *, durable: bool = True) -> None:
    """Write JSON so that a reader sees the old file or the whole new one; large ones go without `indent`.

    `durable`: it is on the disk when this returns, and outlives a power cut.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    with temporary.open("w", encoding="utf-8") as handle:
        json.dump(content, handle, ensure_ascii=False, indent=indent, default=str)
        if durable:
            handle.flush()
            os.fsync(handle.fileno())
    temporary.replace(path)


def write_sealed(path: Path, content: Mapping[str, Any], *, durable: bool = True) -> None:
    """Write a JSON object with a hash of itself as `seal`, by which `read_sealed` tells a changed byte.

    Not `durable`: of what a run makes anew if a power cut takes the record. Forcing each of a province's
    5,000 to the disk, and with it what was written beside it, takes a tenth of the time of its ingest.
    """
    write_json(path, {**content, SEAL: seal_of(content)}, durable=durable)


def read_sealed(path: Path) -> dict[str, Any] | None:
    """Return what `write_sealed` wrote; None if it is not there, or not as it was written."""
    try:
        raw = json.loads(path.read_bytes())
        seal = raw.pop(SEAL)
    except (FileNotFoundError, ValueError, AttributeError, KeyError, TypeError):
        return None
    return raw if seal == _seal_of_plain(raw) else None


def seal_of(content: Mapping[str, Any]) -> str:
    """Return a hash of what a JSON object says, however it is spaced and ordered."""
    return _seal_of_plain(json.loads(json.dumps(content, default=str)))


def _seal_of_plain(plain: Mapping[str, Any]) -> str:
    """Return the seal of what JSON was read as."""
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def _read(manifest: Path) -> StepResult | None:
    raw = read_sealed(manifest)
    return StepResult.of(raw) if raw else None


def _run_of(entry: Path) -> str:
    raw = read_sealed(entry)
    return str(raw["run"]) if raw else ""
