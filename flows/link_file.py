"""The verb `link`: pairs of two lists of firms in any CSV, XLSX or Parquet file.

Here: reading both files, writing pairs and review.
Not here: what headers mean (transforms/link_columns.py), linking (transforms/link*.py).
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from flows.out_file import require_writable, write_out
from flows.readers import inspect_file, read_batches
from reference.contracts import Contract, read_contract
from reference.errors import InputProblem, listed
from reference.link import LINK_DIR, load_link_tables
from reference.register import load_register_codes
from reference.text_tables import load_text_tables
from transforms.conform import conform_registry
from transforms.link import link_census, prepare_units
from transforms.link_columns import as_census, as_register, party_fields, row_ids
from transforms.link_probable import Probable, link_left_over
from transforms.text import clean_columns

LATEST = date(9999, 12, 31)


@dataclass(frozen=True)
class Side:
    """One file: its rows in the columns of the party contract, and the id each row is known by."""

    path: Path
    rows: pl.DataFrame
    ids: pl.DataFrame  # row_no, id
    id_from: str
    broken: int  # lines that could not be read


def link_files(
    left: Path, right: Path, out: Path, left_id: str | None = None, right_id: str | None = None
) -> dict[str, Any]:
    """Write the pairs to `out` (left_id, right_id, method, probability) and doubt beside it; return figures.

    Each left and each right row is in one pair at most. The review file has one row per right row in doubt
    and candidate.
    """
    review_file = out.with_name(f"{out.stem}_review{out.suffix}")
    for path in (out, review_file):
        require_writable(path, (left, right))
    sides = [_read(path, column) for path, column in ((left, left_id), (right, right_id))]
    subjects, units, links, probable = _link(*sides)
    names = (
        _names(subjects, sides[0], "subject_key", "left_id"),
        _names(units, sides[1], "unit_key", "right_id"),
    )
    pairs = links.filter(pl.col("outcome") == "linked").join(names[1], on="unit_key")
    pairs = pairs.join(names[0], on="subject_key").sort("left_row", "right_row")
    review = probable.review.join(names[1], on="unit_key").join(names[0], on="subject_key")
    write_out(pairs.lazy().select("left_id", "right_id", "method", "probability"), out)
    write_out(
        review.lazy()
        .sort("right_row", "rank")
        .select("right_id", "rank", "left_id", "probability", "why", "agreement"),
        review_file,
    )
    return _figures(sides, pairs, links, probable, out, review_file)


def _read(path: Path, id_column: str | None) -> Side:
    contract, tables = read_contract(LINK_DIR / "party.yml"), load_text_tables()
    if not path.is_file():
        raise InputProblem(f"{path}: no such file; give a CSV, XLSX or Parquet file")
    shape = inspect_file(path, str(path), contract)
    fields = party_fields(shape.headers, contract, str(path))
    if id_column is not None:
        if id_column not in shape.headers:
            raise InputProblem(f"{path}: no column {id_column!r}; it has: {listed(shape.headers)}")
        fields["id"] = shape.headers.index(id_column)
    picked = [pl.col(f"f{number}").alias(name) for name, number in fields.items()]
    batches = list(read_batches(path, shape, str(path)))
    broken = sum(batch.broken.height for batch in batches)
    read = pl.concat(batch.fields.select("row_no", *picked) for batch in batches)
    if read.is_empty():
        raise InputProblem(
            f"{path}: not one row that can be read; {broken:,} lines have another number of fields than the "
            f"header, or are in another encoding; export the file again"
        )
    cleaned = clean_columns(read, list(fields), tables.nulls, tables.lookalikes)
    rows = _with_all(cleaned, contract)
    ids, source = row_ids(rows, "id" if id_column else None)
    if id_column and source != "id":
        raise InputProblem(f"{path}: column {id_column!r} is empty or repeated in some rows: it is no id")
    return Side(path, rows, ids, source if source != "id" else str(shape.headers[fields["id"]]), broken)


def _with_all(rows: pl.DataFrame, contract: Contract) -> pl.DataFrame:
    absent = [c.name for c in contract.columns if c.name not in rows.columns]
    codes = [c.name for c in contract.columns if c.type == "code" and c.name in rows.columns]
    upper = rows.with_columns(pl.col(codes).str.replace_all(r"[\s\-]", "").str.to_uppercase())
    return upper.with_columns(pl.lit(None, pl.String).alias(name) for name in absent)


def _link(left: Side, right: Side) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, Probable]:
    codes, tables = load_register_codes(), load_link_tables()
    subjects = conform_registry(as_register(left.rows), codes, LATEST).subjects.collect()
    units = prepare_units(as_census(right.rows, codes), codes).collect()
    exact = link_census(units.lazy(), subjects.lazy(), codes, tables)
    links, probable = link_left_over(exact, units.lazy(), subjects.lazy(), codes, tables)
    return subjects, units, links, probable


def _names(keyed: pl.DataFrame, side: Side, key: str, name: str) -> pl.DataFrame:
    row = name.replace("_id", "_row")
    return keyed.select(key, row_no="row_no").join(side.ids, on="row_no").rename({"row_no": row, "id": name})


def _figures(
    sides: list[Side], pairs: pl.DataFrame, links: pl.DataFrame, probable: Probable, out: Path, review: Path
) -> dict[str, Any]:
    left, right = sides
    worst = probable.blocks.filter(pl.col("left_out_pairs") > 0).sort("worst_pairs", descending=True).head(1)
    return {
        "left_rows": left.rows.height, "right_rows": right.rows.height,
        "left_broken": left.broken, "right_broken": right.broken,
        "left_id": left.id_from, "right_id": right.id_from,
        "pairs": pairs.height,
        "methods": dict(pairs.group_by("method").len().sort("method").iter_rows()),
        "outcomes_of_right": dict(links.group_by("outcome").len().sort("outcome").iter_rows()),
        "candidate_pairs": int(probable.blocks["pairs"].sum()),
        "left_out": worst.to_dicts(),
        "out": str(out), "review": str(review),
    }  # fmt: skip


def link_text(figures: dict[str, Any]) -> str:
    """Return what a person reads after the link: how many pairs, by which round, what is in doubt."""
    methods = ", ".join(f"{method} {count:,}" for method, count in figures["methods"].items())
    outcomes = ", ".join(f"{outcome} {count:,}" for outcome, count in figures["outcomes_of_right"].items())
    broken = (figures["left_broken"], figures["right_broken"])
    lines = [
        f"{figures['pairs']:,} pairs of {figures['left_rows']:,} left, {figures['right_rows']:,} right rows",
        f"  by round: {methods or 'none'}",
        f"  right rows: {outcomes}",
        *(
            [f"  lines that could not be read: {broken[0]:,} left, {broken[1]:,} right"]
            if any(broken)
            else []
        ),
        f"  left_id is {figures['left_id']}, right_id is {figures['right_id']}",
        f"written to {figures['out']}; doubtful ones with their candidates to {figures['review']}",
    ]
    for block in figures["left_out"]:
        lines.append(
            f"too common to compare: {block['left_out_pairs']:,} pairs of rule {block['rule']}, the largest "
            f"block is {block['worst_block']!r} with {block['worst_pairs']:,} pairs"
        )
    return "\n".join(lines)
