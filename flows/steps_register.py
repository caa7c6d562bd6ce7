"""Steps that make subjects of register rows: which rows give way, each city's subjects, parents, keys.

Here: reading and writing the frames that transforms/conform.py turns into one another.
Not here: splitting files (split.py), evidence (steps_evidence.py), the census (steps_link.py).
"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import polars as pl

from flows.manifest import Body, fresh
from flows.settings import Settings
from flows.step_files import WORK_COMPRESSION, TurnWriter, stretches, write_by_city
from reference.register import load_register_codes
from reference.rules import load_rules
from transforms.conform import HEADS, later_rows, newest_rows, older_rows
from transforms.evidence import subject_bucket
from transforms.gather import registered_parents

OLDER, SUPERSEDED, SUBJECTS, PARENTS, KEYS = "older", "superseded", "subjects", "parents", "keys"


def older_step(rows: Sequence[Path], work: Path, as_of: date) -> Body:
    """Write the register rows that give way, by their own city and by their subject's; return the counts.

    subjects: how many each city keeps; superseded and later (than the date): how many rows it does not.
    """
    heads = pl.scan_parquet(list(rows)).select(HEADS)
    older, later, kept = pl.collect_all(
        [
            older_rows(heads, load_register_codes(), as_of),
            later_rows(heads, as_of).group_by("register_city_code").len(),
            heads.group_by("register_city_code").agg(pl.len().cast(pl.Int64)),
        ],
        engine="streaming",
    )
    own = older.select("source_file", "row_no", "register_city_code")
    beaten = older.select("subject_key", register_city_code="subject_city_code")
    paths = [*write_by_city(own, work / OLDER), *write_by_city(beaten, work / SUPERSEDED)]
    rest = pl.concat([kept, _negative(later), _negative(older.group_by("register_city_code").len())])
    subjects = rest.group_by("register_city_code").agg(pl.col("len").sum()).filter(pl.col("len") > 0)
    return paths, {
        "subjects": dict(subjects.sort("register_city_code").iter_rows()),
        "superseded": older.height,
        "later": later["len"].sum(),
    }


def subjects_step(rows: Sequence[Path], city: str, work: Path, as_of: date) -> Body:
    """Write the subjects of one city, which has some; return how many there are."""
    older = work / OLDER / f"{city}.parquet"
    beaten = (
        pl.scan_parquet(older) if older.exists()
        else pl.LazyFrame(schema={"source_file": pl.String, "row_no": pl.Int64})
    )  # fmt: skip
    known, path, count = pl.scan_parquet(list(rows)), work / SUBJECTS / f"{city}.parquet", 0
    with TurnWriter(fresh(path), WORK_COMPRESSION) as subjects:
        for within in stretches(known):
            newest = newest_rows(within(known), beaten, as_of).with_columns(register_city_code=pl.lit(city))
            part = newest.sort("subject_key").collect()
            count += part.height
            subjects.put(part)
    return [path], {"subjects": count}


def parents_step(subjects: Sequence[Path], work: Path, settings: Settings) -> Body:
    """Write, by city of the branch, the firms that branches name as parents and that are on the register."""
    named = registered_parents(pl.scan_parquet(list(subjects)), load_rules(settings.rules), settings.as_of)
    return write_by_city(named.collect(engine="streaming"), work / PARENTS, order="parent_uscc"), {}


def _negative(counts: pl.DataFrame) -> pl.DataFrame:
    return counts.select("register_city_code", -pl.col("len").cast(pl.Int64))


def keys_step(work: Path, city: str) -> Body:
    """Write subject_key and register_city_code of one city's subjects, by the bucket evidence is split into.

    The files are `<bucket>-<city>.parquet`.
    """
    paths = []
    subjects = pl.scan_parquet(work / SUBJECTS / f"{city}.parquet")
    keys = subjects.select("subject_key", "register_city_code", _bucket=subject_bucket()).collect()
    for (bucket,), part in keys.partition_by("_bucket", as_dict=True, include_key=False).items():
        path = fresh(work / KEYS / f"{bucket}-{city}.parquet")
        # In the order of subjects, as the city's file is.
        part.write_parquet(path, compression=WORK_COMPRESSION)
        paths.append(path)
    return sorted(paths), {}
