"""Whether files of published batches are still the ones that were published: later builds read them again.

Here: `lake/batches/<run_id>/files.json`, the hash of every curated file of a run and of its small files.
Not here: what is in them, which batches there are (batches.py).
"""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from flows.home import Home
from flows.manifest import RUN, read_sealed, write_sealed
from reference.errors import GUIDE, EnvironmentProblem

FILES = "files.json"


def record_files(home: Home, run_id: str, small: Sequence[Path]) -> None:
    """Record what the run's city steps wrote, as they told it then, and its small files as they are now."""
    hashes = {str(path.relative_to(home.root)): home.known.hash(path) for path in small}
    for step in sorted((home.run(run_id) / "steps").glob("city-*.json")):
        for artifact in (read_sealed(step) or {"artifacts": []})["artifacts"]:
            hashes[artifact["path"].replace(RUN, run_id)] = artifact["sha256"]
    write_sealed(home.batches / run_id / FILES, {"files": hashes})


def damaged_files(home: Home, run_id: str, among: Collection[Path] | None = None) -> Iterator[Path]:
    """Yield the files of a published run that are gone or changed; of an older program's run none.

    `among`: only these are looked at, and none if what they were is not known; whoever builds asks of all.
    """
    path = home.batches / run_id / FILES
    if not path.exists():
        return
    recorded = read_sealed(path)
    if recorded is None:
        yield from [path] if among is None else []
        return
    for name, sha256 in recorded["files"].items():
        file = home.root / name
        if (among is None or file in among) and not home.known.is_whole(file, sha256):
            yield file


def require_undamaged(home: Home, batch_id: str, run_id: str, among: Collection[Path] | None = None) -> None:
    """EnvironmentProblem if a file of a published batch (of `among`, if given) is not as it was published."""
    for path in damaged_files(home, run_id, among):
        raise EnvironmentProblem(
            f"{path} is damaged: it is not the file that batch {batch_id} was published with; put it back "
            f"from the backup ({GUIDE}), or run batch {batch_id} again from its inbox, which makes it anew"
        )
