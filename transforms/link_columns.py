"""Rows of any two lists → the staged register and the staged census that the link reads.

Here: meanings of headers, the month in a date however written, the county where only text tells it.
Not here: reading files (flows/link_file.py), the link itself (link.py, link_probable.py).
"""

import re
from collections.abc import Sequence

import polars as pl

from reference.contracts import Contract, load_contracts
from reference.errors import InputProblem, listed
from reference.register import RegisterCodes
from transforms.identifiers import check_uscc, repair_uscc
from transforms.ingest import staged_schema
from transforms.registrar import named_places, place_texts, register_place
from transforms.text import fold

_NAMING = ("name", "uscc", "org_code", "reg_no")
_HEAD_OF_ADDRESS = 16  # further on, 杭州 is more often a road than a city
_REGISTER = {
    "name": "ent_name", "address": "dom_addr", "operating_address": "op_addr",
    "division_code": "dom_div_code",
}  # fmt: skip
_CENSUS = {"uscc": "unit_code", "name": "unit_name", "address": "loc_addr", "industry_code": "ind_code"}


def party_fields(headers: Sequence[str], contract: Contract, file: str) -> dict[str, int]:
    """Return the field number of each column the file has.

    InputProblem if two headers mean the same, or none of them tells firms apart.
    """
    aliases = {fold(header): c.name for c in contract.columns for header in (c.name, *c.headers)}
    found: dict[str, list[int]] = {}
    for number, header in enumerate(headers):
        bare = re.sub(r"\([^()]*\)$", "", fold(header))
        if name := aliases.get(fold(header), aliases.get(bare)):
            found.setdefault(name, []).append(number)
    for name, numbers in found.items():
        if len(numbers) > 1:
            written = listed((repr(headers[number]) for number in numbers), 5)
            raise InputProblem(
                f"{file}: {written} both mean {name} {contract.column(name).zh}; keep one of them"
            )
    if not any(name in found for name in _NAMING):
        accepted = "; ".join(", ".join(contract.column(name).headers[:3]) + " …" for name in _NAMING)
        raise InputProblem(
            f"{file}: no column to link by: name it with one of {accepted}. It has: {listed(headers)}"
        )
    return {name: numbers[0] for name, numbers in found.items()}


def as_register(rows: pl.DataFrame) -> pl.LazyFrame:
    """The rows of a party table as a staged register; the address stands in for a county not given."""
    place = pl.concat_str("city_name", "county_name", ignore_nulls=True)
    told = rows.with_columns(
        pl.when(place == "").then(pl.col("address").str.slice(0, _HEAD_OF_ADDRESS)).otherwise("county_name")
        .alias("county_name"),
        pl.concat_str(_year(), _month(), separator="-").str.to_date("%Y-%m", strict=False).alias("est_date"),
    )  # fmt: skip
    return _as_staged(told.rename(_REGISTER), "registry")


def as_census(rows: pl.DataFrame, codes: RegisterCodes) -> pl.LazyFrame:
    """The rows of a party table as a staged census; a county told by text becomes the division code."""
    register = as_register(rows)
    checked = check_uscc(register, "uscc", repair_uscc(register.select("uscc"), codes.confusions))
    placed = register_place(checked, named_places(place_texts(register), codes.places), codes)
    counties = placed.select("row_no", "register_county_code").collect()
    told = rows.join(counties, on="row_no", how="left", maintain_order="left").with_columns(
        loc_div12=pl.coalesce("division_code", "register_county_code"),
        reg_div12=pl.col("registered_division_code"),
        open_ym=pl.concat_str(_year(), _month()),
    )
    return _as_staged(told.rename(_CENSUS), "census")


def row_ids(rows: pl.DataFrame, column: str | None) -> tuple[pl.DataFrame, str]:
    """Return row_no and id of each row, and where the id comes from.

    The column asked for; else a column of ids; else the code, if every row has its own; else the row number.
    """
    wanted = [column] if column else ["id", "uscc"]
    for name in wanted:
        if rows[name].null_count() == 0 and rows[name].is_unique().all():
            return rows.select("row_no", id=name), name
    return rows.select("row_no", id=pl.col("row_no").cast(pl.String)), "row number"


def _year() -> pl.Expr:
    return pl.col("opened").str.extract(r"^\D*((?:19|20)\d\d)", 1)


def _month() -> pl.Expr:
    month = pl.col("opened").str.extract(r"^\D*(?:19|20)\d\d\D?(0[1-9]|1[0-2]|[1-9](?:\D|$))", 1)
    return month.str.extract(r"(\d+)", 1).str.zfill(2)


def _as_staged(rows: pl.DataFrame, source: str) -> pl.LazyFrame:
    schema = staged_schema(load_contracts()[source])
    known = rows.with_columns(source_file=pl.lit("row"), extract_date=pl.lit(None, pl.Date))
    return known.select(
        (pl.col(name) if name in known.columns else pl.lit(None)).cast(kind).alias(name)
        for name, kind in schema.items()
    ).lazy()
