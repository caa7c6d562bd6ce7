"""Steps that link the census to the register: who speaks for whom in the province, then each city's units.

Here: reading and writing the frames of transforms/link*.py.
Not here: what a link is (there), splitting the census by place of work (split.py).
"""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from flows.manifest import Body, fresh
from flows.split import Split, buckets_of, pieces
from flows.step_files import WORK_COMPRESSION, scan_source, write_by_city
from flows.steps_register import SUBJECTS
from reference.link import load_link_tables
from reference.register import load_register_codes
from transforms.link import link_census, outranked_units, ranked_units, unit_rows
from transforms.link_conflicts import CATEGORIES, beside_links, open_units, told_units
from transforms.link_parties import subject_names
from transforms.link_probable import comparable, link_left_over, may_be_left_open
from transforms.link_rounds import hashed_as, unit_side, without_units

LINKS, STRAYS, UNITS, OPEN_UNITS = "links", "strays", "units", "open_units"
UNIT_CODES, PARTIES = "unit_codes", "parties"
REVIEW, BLOCKS = "link_review.parquet", "link_blocks.parquet"
SIDE, OUTRANKED, HASHED_AS = "unit_side.parquet", "outranked_units.parquet", "hashed_as"
UNIT_NO = "unit_no"
_ROW = ["source_file", "row_no"]


def census_step(splits: Sequence[Split], work: Path) -> Body:
    """Write what follows from the census alone: units outranked by others, what units are linked by, and
    the codes of units by the city they work in.

    The second names the way this machine hashes: see `_side`. Rows are in the order of the census, categories
    are texts: a step goes by the bytes of what it reads, and made anew they have to be the same.
    """
    rows, paths = _all_rows(splits), [fresh(work / OUTRANKED), fresh(work / SIDE)]
    outranked = outranked_units(rows).collect(engine="streaming").sort(_ROW)
    outranked.write_parquet(paths[0], compression=WORK_COMPRESSION)
    side = _numbered(rows, outranked.lazy())
    side.with_columns(pl.col(pl.Categorical).cast(pl.String)).write_parquet(
        paths[1], compression=WORK_COMPRESSION, metadata={HASHED_AS: hashed_as()}
    )
    codes = side.select("uscc", register_city_code="_bucket").drop_nulls().unique().sort("uscc")
    return [*paths, *write_by_city(codes, work / UNIT_CODES, is_sorted=True)], {}


def parties_step(work: Path, city: str) -> Body:
    """Write the names of one city's subjects that the exact rounds will hardly find: no unit has their code.

    What the link wants of them it would else read and take apart anew whichever city changed.
    """
    codes, tables = load_register_codes(), load_link_tables()
    subjects = comparable(pl.scan_parquet(work / SUBJECTS / f"{city}.parquet"), tables)
    if (borne := work / UNIT_CODES / f"{city}.parquet").exists():
        subjects = without_units(subjects, pl.scan_parquet(borne))
    names = subject_names(subjects, codes).collect(engine="streaming").sort("owner", maintain_order=True)
    path = fresh(work / PARTIES / f"{city}.parquet")
    names.write_parquet(path, compression=WORK_COMPRESSION)
    return [path], {}


def link_step(splits: Sequence[Split], subjects: Sequence[Path], parties: Sequence[Path], work: Path) -> Body:
    """Write the links by register city of the subject; return counts by outcome and method.

    `parties`: what `parties_step` wrote of any of the cities.

    Also written: rows of units that work elsewhere than their subject is registered, units left open, the
    review of doubtful links, the counts of the probabilistic round's blocks.
    """
    codes, tables = load_register_codes(), load_link_tables()
    rows, keys = _all_rows(splits), pl.scan_parquet(list(subjects))
    outranked = pl.scan_parquet(work / OUTRANKED)
    units = ranked_units(rows, outranked)
    exact = link_census(units, keys, codes, tables, _side(work / SIDE, rows, outranked))
    named = pl.scan_parquet(list(parties)) if parties else None
    few = ranked_units(rows.filter(may_be_left_open(exact.links)), outranked)
    links, probable = link_left_over(exact, few, comparable(keys, tables), codes, tables, named)
    refused = exact.refused
    # The links of a province are gigabytes, and done with, here and below.
    del exact
    methods = links.filter(pl.col("outcome") == "linked")["method"].alias("link_method")
    figures = {"outcomes": _counts(links["outcome"]), "methods": _counts(methods)}
    told = told_units(links.lazy(), refused).collect()
    del links, methods
    paths = [fresh(work / REVIEW), fresh(work / BLOCKS)]
    probable.review.write_parquet(paths[0])
    probable.blocks.write_parquet(paths[1])
    still_open = open_units(told.lazy(), pl.Series([path.stem for path in subjects], dtype=pl.String))
    paths += write_by_city(still_open.collect(engine="streaming"), work / OPEN_UNITS)
    return [*paths, *_write_linked(rows, told, work)], figures


def _side(made: Path, rows: pl.LazyFrame, outranked: pl.LazyFrame) -> pl.LazyFrame:
    """The units as the rounds want them: as `census_step` wrote them, unless its machine hashes otherwise."""
    if pl.read_parquet_metadata(made).get(HASHED_AS) == hashed_as():
        texts = [pl.col(name).cast(pl.Categorical) for name in CATEGORIES]
        return pl.scan_parquet(made).with_columns(texts)
    return _numbered(rows, outranked).lazy()


def _numbered(rows: pl.LazyFrame, outranked: pl.LazyFrame) -> pl.DataFrame:
    """The units as the rounds want them, and what is wanted beside, numbered as the census has them."""
    units = ranked_units(rows, outranked, in_order=True)
    side = unit_side(units, load_register_codes(), beside_links()).collect(engine="streaming")
    return side.rechunk().with_row_index(UNIT_NO)


def _write_linked(rows: pl.LazyFrame, told: pl.DataFrame, work: Path) -> list[Path]:
    """Write which rows are linked to whom, and whole those of units that work in another city."""
    # By the number of the unit: quicker than by a text, and as good for files that are always the same.
    by_row = told.filter(pl.col("outcome") == "linked").sort(UNIT_NO).select(
        "unit_key", pl.col("source_file", "_bucket").cast(pl.String), "row_no", "subject_key", "link_method",
        "link_strength", "register_city_code",
    )  # fmt: skip
    is_elsewhere = pl.col("_bucket") != pl.col("register_city_code")
    here, elsewhere = by_row.filter(~is_elsewhere), by_row.filter(is_elsewhere)
    del by_row
    paths = write_by_city(here.drop("_bucket"), work / LINKS, is_sorted=True)
    del here
    strays = (
        rows.drop("_bucket", "is_local")
        .join(elsewhere.drop("_bucket").lazy(), on=_ROW, build_side="force_right")
        .collect(engine="streaming")
    )
    return [*paths, *write_by_city(strays, work / STRAYS, order="subject_key")]


def _counts(values: pl.Series) -> dict[str, int]:
    return dict(values.value_counts().sort(values.name).iter_rows())


def units_step(splits: Sequence[Split], city: str, work: Path) -> Body:
    """Write the linked units of one register city, every census column plus what the link says."""
    parts = []
    links, strays = (work / name / f"{city}.parquet" for name in (LINKS, STRAYS))
    if links.exists():
        rows = pl.scan_parquet(pieces(splits, "census", city)).drop("is_local")
        parts.append(rows.join(pl.scan_parquet(links), on=_ROW))
    if strays.exists():
        parts.append(pl.scan_parquet(strays))
    if not parts:
        return [], {}
    units = pl.concat(parts, how="diagonal").collect(engine="streaming")
    path = fresh(work / UNITS / f"{city}.parquet")
    units.sort("subject_key").write_parquet(path, compression=WORK_COMPRESSION)
    return [path], {}


def _all_rows(splits: Sequence[Split]) -> pl.LazyFrame:
    """Every census row as `unit_rows` tells it, `_bucket` beside it."""
    parts = [
        pl.scan_parquet(files).with_columns(_bucket=pl.lit(bucket))
        for bucket in buckets_of(splits)
        if (files := pieces(splits, "census", bucket))
    ]
    if parts:
        return pl.concat(parts)
    empty = unit_rows(scan_source("census", []), load_register_codes())
    return empty.with_columns(_bucket=pl.lit(None, pl.String))
