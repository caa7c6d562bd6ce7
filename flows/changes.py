"""Comparisons between published batches: which pairs, and one file of changes for each pair.

Here: `lake/batches/<run_id>/changes-<other run>.parquet`, made once, for both lists are immutable.
Not here: what changed and why (transforms/batch_diff.py).
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path

import polars as pl

from flows.batches import TABLES, Pointer, changes_path, curated_files, replaced_or_before
from flows.home import Home
from flows.kept_files import require_undamaged
from flows.manifest import read_sealed, write_sealed
from reference.batches import load_change_reasons
from reference.tables import load_tables
from transforms.batch_diff import ListSide, batch_changes


def find_changes(home: Home, pointers: Sequence[Pointer]) -> dict[str, tuple[Path, ...]]:
    """Return the files of changes of each batch by run: against the batch before, and the version before."""
    return {
        after.record.run_id: tuple(
            changes_file(home, before, after)
            for before in replaced_or_before(home, after, pointers)
            if _is_whole(home, before)
        )
        for after in pointers
    }


def changes_file(home: Home, before: Pointer, after: Pointer) -> Path:
    """Return the file of changes between two batches; write it if it was never made, or is damaged."""
    path = changes_path(home, before, after)
    known = read_sealed(path.with_suffix(".json"))
    if known and home.known.is_whole(path, known["sha256"]):
        return path
    for pointer in (before, after):
        require_undamaged(home, pointer.record.batch_id, pointer.record.run_id)
    table = load_tables()["batch_changes"]
    columns = load_tables()["visit_targets"].columns
    names = pl.DataFrame([{"field": c.name, "zh": c.zh, "en": c.name} for c in columns])
    changes = batch_changes(*_sides(home, before, after), load_change_reasons(), names)
    frame = changes.select(table.column_names).collect(engine="streaming").sort("subject_key")
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    frame.write_parquet(temporary, compression="zstd", compression_level=1)
    temporary.replace(path)
    write_sealed(path.with_suffix(".json"), {"sha256": home.known.hash(path)})
    return path


def _sides(home: Home, before: Pointer, after: Pointer) -> tuple[ListSide, ListSide]:
    """Both lists without the cities that have the very same files in them: there nothing differs.

    Of two versions of a batch that is most of the province. One city stays, so that there is a table to read.
    """
    same = [city for city in before.units if city in after.units and _same_files(home, before, after, city)]
    is_all_of_one = any(set(pointer.units) <= set(same) for pointer in (before, after))
    left_out = set(same[1:] if is_all_of_one else same)
    return _side(home, before, left_out), _side(home, after, left_out)


def _same_files(home: Home, before: Pointer, after: Pointer, city: str) -> bool:
    """Whether the later run linked the city's tables from the earlier one."""
    if before.record.as_of != after.record.as_of:
        return False
    pairs = (
        [home.curated(table, run.record.as_of, city, run.record.run_id) for run in (before, after)]
        for table in TABLES
    )
    return all(one.samefile(other) for one, other in pairs)


def _side(home: Home, pointer: Pointer, left_out: AbstractSet[str]) -> ListSide:
    record = pointer.record
    own = [city for city in pointer.units if city not in left_out]
    return ListSide(
        record.batch_id,
        record.version,
        record.as_of,
        record.cities,
        **{
            table: pl.scan_parquet([home.curated(table, record.as_of, city, record.run_id) for city in own])
            for table in TABLES
        },
    )


def _is_whole(home: Home, pointer: Pointer) -> bool:
    """Whether every curated file is there; a home of an older program removed those of replaced runs."""
    return all(path.exists() for paths in curated_files(home, pointer).values() for path in paths)
