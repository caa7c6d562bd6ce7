"""The visit list in the order it is walked: which workbook and sheet each row goes to, what its cells say.

Here: frames in, one frame out.  Not here: XML and files (sheet_cells.py, flows/dispatch_units.py).
"""

from collections.abc import Iterable

import polars as pl

from reference.dispatch import ListLayout, SplitRules
from transforms.place_tail import with_tail_features
from transforms.sheet_cells import safe_text

PLACEMENT = ("unit_code", "unit_level", "group", "part", "parts")
"""Columns that say where a row goes; the list's own columns stand beside them."""
FIGURES = ("is_foreign_trade", "is_sci_tech", "is_private", "is_consumption")
LONGEST_SHEET_NAME = 31


def list_rows(
    items: pl.LazyFrame, layout: ListLayout, road_kinds: pl.DataFrame, industries: pl.DataFrame
) -> pl.LazyFrame:
    """One row per item: PLACEMENT, FIGURES and the system columns of the layout, in walking order.

    items: warehouse.items; `road_kinds`: suffix, kind; `industries`: see `industry_texts`. unit_code has 9
    digits for a township, 12 for a community dispatched to directly, 6 for a pool (待认领) of county or city.
    `group` is the community (12 digits; null: unknown), `part` of `parts` its sheet.
    """
    split = layout.split
    written = pl.coalesce("operating_address", "address")
    visited = written.str.normalize("NFKC").str.replace_all(r"\s", "")
    behind_town = visited.str.splitn(pl.col("township"), 2).struct.field("field_1")
    placed = items.with_columns(**_unit(split), tail=pl.coalesce(behind_town, visited).fill_null(""))
    ordered = with_tail_features(placed, road_kinds).sort(
        "unit_code", "group", "road", "number", "name", "subject_key", nulls_last=True
    )
    texts = industry_texts(industries)
    sheeted = _in_sheets(ordered, split).join(
        texts, on="industry_code", how="left", validate="m:1", maintain_order="left"
    )
    return sheeted.select(*PLACEMENT, *FIGURES, **_cells(layout))


def industry_texts(industries: pl.DataFrame) -> pl.LazyFrame:
    """One row per industry code: industry_code, industry (section/division by name).

    industries: industry_as_written, industry_code, industry_name, industry_section (ClassTables).
    """
    known = industries.filter(pl.col("industry_as_written") == pl.col("industry_code"))
    names = dict(known.select("industry_code", "industry_name").iter_rows())
    section = pl.col("industry_section").replace_strict(names, default=None, return_dtype=pl.String)
    division = pl.col("industry_code").str.head(2).replace_strict(
        names, default=None, return_dtype=pl.String
    )  # fmt: skip
    return known.lazy().select(
        "industry_code",
        industry=pl.col("industry_section") + " " + pl.concat_str(
            section, pl.when(pl.col("industry_code").str.len_chars() > 1).then(division),
            separator="/", ignore_nulls=True,
        ),
    )  # fmt: skip


def sheet_names(bases: Iterable[tuple[str, int, int]], layout: ListLayout, taken: Iterable[str]) -> list[str]:
    """Return one name per sheet of a workbook from (base name, part, parts): allowed, and none twice.

    Excel compares names without regard to case and counts UTF-16 units; `taken` are names of other sheets.
    """
    forbidden = str.maketrans(dict.fromkeys(layout.split.forbidden_in_names, "_"))
    used = {name.casefold() for name in taken} | {"history"}
    names = []
    for base, part, parts in bases:
        plain = base.translate(forbidden).strip() or layout.split.unknown_community_zh
        tail = f"({part + 1})" if parts > 1 else ""
        name, tries = _fitted(plain, tail), 1
        while name.casefold() in used:
            tries += 1
            name = _fitted(plain, f"_{tries}{tail}")
        used.add(name.casefold())
        names.append(name)
    return names


def _fitted(base: str, tail: str) -> str:
    while len((base + tail).encode("utf-16-le")) > 2 * LONGEST_SHEET_NAME:
        base = base[:-1]
    return base + tail


def _unit(split: SplitRules) -> dict[str, pl.Expr]:
    """Which workbook a row goes to: its township's, its community's where there are no townships, a pool."""
    has_community = pl.col("township_code").is_not_null() & ~pl.col("division_code").str.ends_with("000")
    direct = pl.col("township_code").is_in(list(split.community_dispatch)).fill_null(False)
    in_town = pl.col("township_code").is_not_null() & ~direct
    in_county = pl.col("county_code").is_not_null()
    return {
        "unit_code": pl.when(in_town).then("township_code")
        .when(direct & has_community).then("division_code")
        .when(in_county).then("county_code").otherwise("city_code"),
        "unit_level": pl.when(in_town).then(pl.lit("township"))
        .when(direct & has_community).then(pl.lit("community"))
        .when(in_county).then(pl.lit("county")).otherwise(pl.lit("city")),
        "group": pl.when(has_community).then("division_code"),
    }  # fmt: skip


def _in_sheets(ordered: pl.LazyFrame, split: SplitRules) -> pl.LazyFrame:
    """The rows plus part, parts and seq; the parts of a community are as even as whole rows allow."""
    limit = (
        pl.when(pl.col("group").is_null())
        .then(split.max_rows_per_officer)
        .otherwise(split.max_rows_per_sheet)
    )
    rows = pl.len().cast(pl.Int64).over("unit_code", "_group")
    place = pl.int_range(pl.len()).over("unit_code", "_group")
    return (
        ordered.with_columns(_group=pl.col("group").fill_null(""))
        .with_columns(_rows=rows, _place=place)
        .with_columns(parts=(pl.col("_rows") + limit - 1) // limit)
        .with_columns(part=pl.col("_place") * pl.col("parts") // pl.col("_rows"))
        .with_columns(seq=1 + pl.int_range(pl.len()).over("unit_code", "_group", "part"))
        .drop("_group", "_rows", "_place")
    )


def _cells(layout: ListLayout) -> dict[str, pl.Expr]:
    """What each system column says: labels for codes, safe text, numbers and dates as they are."""
    tags = [pl.when(name).then(pl.lit(label)) for name, label in layout.tags.items()]
    yes, no = layout.lists["yes_no"].codes["1"], layout.lists["yes_no"].codes["0"]
    made = {
        "tags": pl.concat_str(tags, separator="、", ignore_nulls=True),
        "is_new": pl.when("is_new").then(pl.lit(yes)).otherwise(pl.lit(no)),
    }
    cells = {}
    for column in layout.filled_by("system"):
        cell = made.get(column.field, pl.col(column.field))
        if column.codes:
            labels = dict(layout.lists[column.codes].codes)
            cell = cell.replace_strict(labels, default=cell, return_dtype=pl.String)
        cells[column.field] = safe_text(cell) if column.type == "text" else cell
    return cells
