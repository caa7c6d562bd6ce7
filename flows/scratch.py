"""A worker's own folder: a small home for each step, of the files it reads and no others.

Here: links into it of files fetched once a run.  Not here: the store (lake.py), taking steps (lake_steps.py).
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from flows.home import Home
from flows.lake import Lake
from flows.manifest import Artifact


class Scratch:
    """A folder for the steps of one run; what earlier runs left there is gone."""

    def __init__(self, folder: Path, run_id: str, lake: Lake) -> None:
        self._folder, self._run_id, self._lake = folder, run_id, lake
        self._kept = folder / run_id
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for other in folder.iterdir():
            if other != self._kept:
                shutil.rmtree(other, ignore_errors=True)
        self._kept.mkdir(exist_ok=True)

    @contextmanager
    def home(self, reads: Sequence[Artifact]) -> Iterator[Home]:
        """Give a home that holds these files alone; gone afterwards."""
        missing = {a.sha256 for a in reads if not (self._kept / a.sha256).exists()}
        self._lake.fetch((self._kept / sha256, sha256) for sha256 in missing)
        root = Path(mkdtemp(dir=self._kept, prefix=f"home-{os.getpid()}-"))
        try:
            for artifact in reads:
                place = artifact.at(root, self._run_id)
                place.parent.mkdir(parents=True, exist_ok=True)
                os.link(self._kept / artifact.sha256, place)
            yield Home(root)
        finally:
            shutil.rmtree(root, ignore_errors=True)

    def keep(self, home: Home, made: Sequence[Artifact]) -> None:
        """Send what a step made to the lake, and keep it for later steps of this worker."""
        places = [(artifact.at(home.root, self._run_id), artifact.sha256) for artifact in made]
        self._lake.send(places)
        for place, sha256 in places:
            kept = self._kept / sha256
            if not kept.exists():
                place.rename(kept)
