"""Steps of a run whose files lie in a lake: taken by any worker, each with what it has told the lake last.

Here: `objects/<sha256>`, `steps/<hash>.json`, `files/<source>/<key>.json`; a worker's half of a step.
A worker that dies in the middle of a step leaves objects and no manifest: the step is not done.
Not here: the store (lake.py), which worker takes which step (cluster.py), the coordinator's half (there).
"""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from flows.home import Home
from flows.ingest import FileReport, file_key, report_of
from flows.lake import Lake
from flows.manifest import Artifact, Body, StepResult, StepStore, artifact_of, combine
from flows.scratch import Scratch
from flows.settings import code_version
from flows.site import Site
from flows.split import Split
from flows.steps_ingest import Found, ingest_source_file


@dataclass(frozen=True)
class Ingested:
    """One inbox file in the lake: its report, its pieces, and the files that the home keeps."""

    report: FileReport
    split: Split | None
    files: tuple[Artifact, ...]


@dataclass(frozen=True)
class LakeSteps:
    """The steps of one run in a lake, as a worker takes them."""

    lake: Lake
    site: Site
    scratch: Scratch

    def take(
        self, step: str, inputs: str, reads: Sequence[Artifact], body: Callable[[Site], Body]
    ) -> StepResult:
        """Return the recorded result if it is still whole, or what `body` makes of the files of `reads`.

        Without resume, what an earlier try of this same run recorded is made anew, as in a home.
        """
        name, own = f"steps/{combine([step, inputs])}.json", self.site.run_id
        known = self.lake.read(name)
        if known and (known["run"] != own or self.site.settings.resume):
            found = StepResult.of(known)
            if self.lake.holds(artifact.sha256 for artifact in found.artifacts):
                return replace(found, how="resumed" if known["run"] == own else "linked")
        with self.scratch.home(reads) as home:
            site = self._at(home)
            made = StepStore(home, own).make(step, inputs, lambda: body(site))
            self.scratch.keep(home, made.artifacts)
        self.lake.write(name, {"run": own, **made.told()})
        return made

    def ingest(self, found: Found, hash_key: bytes) -> Ingested:
        """Stage and split one inbox file; what the same code made of the same file is reused."""
        file, fingerprint = found
        name = f"files/{file.source}/{file_key(file, fingerprint.sha256, code_version(), hash_key)}.json"
        known = self.lake.read(name)
        if known:
            ingested = _read(known)
            if self.lake.holds(artifact.sha256 for artifact in _all(ingested)):
                return ingested
        with self.scratch.home([]) as home:
            report, split = ingest_source_file(file, fingerprint, self._at(home).settings)
            folders = [home.quarantine / file.source, home.staged / file.source]
            files = [path for of in folders for path in sorted((of / f"file={report.key}").iterdir())]
            ingested = Ingested(report, split, tuple(artifact_of(path, home) for path in files))
            self.scratch.keep(home, _all(ingested))
        self.lake.write(name, asdict(ingested))
        return ingested

    def _at(self, home: Home) -> Site:
        return replace(self.site, settings=replace(self.site.settings, home=home))


def keep_staged(home: Home, ingested: Ingested, lake: Lake) -> None:
    """Put the staged and quarantined rows of a file into a home, each folder whole, the staged one last."""
    places = [home.root / file.path for file in ingested.files]
    if all(home.known.is_whole(p, file.sha256) for p, file in zip(places, ingested.files, strict=True)):
        return
    drafts = {place.parent: place.parent.with_name(f".{place.parent.name}.tmp") for place in places}
    for draft in drafts.values():
        shutil.rmtree(draft, ignore_errors=True)
    wanted = [drafts[place.parent] / place.name for place in places]
    lake.fetch(zip(wanted, (file.sha256 for file in ingested.files), strict=True))
    for folder, draft in drafts.items():
        shutil.rmtree(folder, ignore_errors=True)
        draft.rename(folder)


def _all(ingested: Ingested) -> list[Artifact]:
    pieces = ingested.split.pieces.values() if ingested.split else ()
    return [*ingested.files, *(piece for of in pieces for piece in of)]


def _read(raw: dict[str, Any]) -> Ingested:
    split = raw["split"] and Split(
        raw["split"]["source"],
        {bucket: tuple(Artifact(**a) for a in of) for bucket, of in raw["split"]["pieces"].items()},
        Path(),
    )
    return Ingested(report_of(raw["report"]), split, tuple(Artifact(**a) for a in raw["files"]))
