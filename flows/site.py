"""Where the steps of a run read and write: in the home folder, or in a copy of a part of it.

Here: what recorded paths mean there.  Not here: what is recorded (manifest.py), which step reads what
(compute.py).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from flows.manifest import Artifact
from flows.settings import Settings
from flows.split import Split


@dataclass(frozen=True)
class Site:
    """One run at one place: its settings, of which the home is the place, and its name."""

    settings: Settings
    run_id: str

    @property
    def folder(self) -> Path:
        """Return the run's own folder."""
        return self.settings.home.run(self.run_id)

    @property
    def work(self) -> Path:
        """Return where the run keeps what only later steps read."""
        return self.folder / "work"

    def paths(self, files: Iterable[Artifact]) -> list[Path]:
        """Return where recorded files lie."""
        return [file.at(self.settings.home.root, self.run_id) for file in files]

    def splits(self, splits: Iterable[Split]) -> list[Split]:
        """Return the same pieces as they lie here."""
        return [replace(split, root=self.settings.home.root) for split in splits]

    def pieces(self, splits: Sequence[Split]) -> list[Path]:
        """Return where all pieces lie, bucket by bucket."""
        return self.paths(
            file
            for bucket in sorted({bucket for split in splits for bucket in split.pieces})
            for split in splits
            for file in split.pieces.get(bucket, ())
        )
