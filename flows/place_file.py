"""The verb `place`: the addresses of any CSV, Parquet or XLSX file to divisions.

Here: reading and writing the user's file.  Not here: placing (transforms/place.py).
"""

from pathlib import Path

import polars as pl

from reference.divisions import load_gazetteer
from reference.errors import InputProblem
from transforms.place import place_addresses

SLICE_ROWS = 500_000
PLACE_COLUMNS = (
    "division_code", "province", "city", "county", "township", "community", "level", "method", "confidence",
)  # fmt: skip


def place_file(
    in_file: Path,
    out_file: Path,
    *,
    address_column: str,
    city_column: str | None = None,
    county_column: str | None = None,
) -> int:
    """Write the input's columns plus the placement, one row per row in input order; return the row count."""
    table = _read(in_file)
    for column in filter(None, (address_column, city_column, county_column)):
        if column not in table.columns:
            raise InputProblem(f"{in_file}: no column '{column}'; the file has: {', '.join(table.columns)}")
    clash = [column for column in PLACE_COLUMNS if column in table.columns]
    if clash:
        raise InputProblem(
            f"{in_file}: already has column {', '.join(clash)}; rename it, its name is needed for the result"
        )
    rows = table.select(
        row_id=pl.int_range(pl.len()),
        address=pl.col(address_column).cast(pl.String),
        division_code=pl.lit(None, dtype=pl.String),
        city_hint=_hint(city_column),
        county_hint=_hint(county_column),
    )
    gazetteer = load_gazetteer()
    parts = [place_addresses(part.lazy(), gazetteer).collect() for part in rows.iter_slices(SLICE_ROWS)]
    placed = pl.concat(parts).sort("row_id").select(PLACE_COLUMNS)
    _write(pl.concat([table, placed], how="horizontal"), out_file)
    return table.height


def _hint(column: str | None) -> pl.Expr:
    return pl.col(column).cast(pl.String) if column else pl.lit(None, dtype=pl.String)


def _read(path: Path) -> pl.DataFrame:
    if not path.is_file():
        raise InputProblem(f"{path}: no such file; --in must name a CSV, Parquet or XLSX file")
    try:
        if path.suffix.lower() == ".parquet":
            return pl.read_parquet(path)
        if path.suffix.lower() == ".xlsx":
            return pl.read_excel(path, infer_schema_length=0)
        if path.suffix.lower() == ".csv":
            return _read_csv(path)
    except (pl.exceptions.PolarsError, ValueError) as fault:
        raise InputProblem(f"{path}: cannot be read as {path.suffix}: {fault}") from fault
    raise InputProblem(f"{path}: '{path.suffix}' is not supported; save it as .csv, .parquet or .xlsx")


def _read_csv(path: Path) -> pl.DataFrame:
    content = path.read_bytes()
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        content = content.decode("gb18030").encode()
    return pl.read_csv(content, infer_schema=False)


def _write(table: pl.DataFrame, path: Path) -> None:
    temporary = path.with_name(f".{path.name}.part")
    if path.suffix.lower() == ".parquet":
        table.write_parquet(temporary)
    elif path.suffix.lower() == ".xlsx":
        table.write_excel(temporary)
    elif path.suffix.lower() == ".csv":
        table.write_csv(temporary, include_bom=True)
    else:
        raise InputProblem(f"{path}: '{path.suffix}' is not supported; name it .csv, .parquet or .xlsx")
    temporary.replace(path)
