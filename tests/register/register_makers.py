"""Staged rows for the register tests: a few written columns in, the whole staged schema out."""

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

import polars as pl
from stdnum.cn import uscc as stdnum_uscc

from reference.contracts import load_contracts
from transforms.ingest import staged_schema

GOLDEN = Path(__file__).parent.parent / "golden" / "register"
AS_OF = date(2025, 3, 31)
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
ORG_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


def read_golden(name: str) -> pl.DataFrame:
    """The golden table as text; an empty cell is null."""
    return pl.read_csv(GOLDEN / f"{name}.csv", infer_schema=False)


def staged(source: str, rows: Iterable[Mapping[str, object]] | pl.DataFrame) -> pl.LazyFrame:
    """Staged rows of a source: columns left out are null, text is cast to the column's type."""
    frame = rows if isinstance(rows, pl.DataFrame) else pl.DataFrame(list(rows), infer_schema_length=None)
    schema = staged_schema(load_contracts()[source])
    if "row_no" not in frame.columns:
        frame = frame.with_row_index("row_no", offset=2)
    if "source_file" not in frame.columns:
        frame = frame.with_columns(source_file=pl.lit(f"{source}/a.csv"))
    columns = [
        (pl.col(name) if name in frame.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in schema.items()
    ]
    return frame.select(columns).lazy()


def org_code(body: str) -> str:
    """The nine characters of GB 11714 for a body of eight, the slow and obvious way."""
    total = sum(int(char, 36) * weight for char, weight in zip(body, ORG_WEIGHTS, strict=True))
    check = 11 - total % 11
    return body + {10: "X", 11: "0"}.get(check, str(check))


def uscc_of(body: str, county: str = "330106", kind: str = "91") -> str:
    """A USCC with both check characters right; bodies that begin with 00T name no living firm."""
    first = kind + county + org_code(body)
    return first + stdnum_uscc.calc_check_digit(first)


def reg_no_of(first: str) -> str:
    """The fifteen digits of a registration number, check digit by the recursion of GB/T 17710."""
    rest = 10
    for digit in first:
        rest = ((rest + int(digit)) % 10 or 10) * 2 % 11
    return first + str((11 - rest) % 10)
