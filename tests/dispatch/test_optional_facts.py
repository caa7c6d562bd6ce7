"""What the list shows once the warehouse has visits and loans that fall due, and what while it has none."""

from datetime import date
from pathlib import Path

import duckdb
import polars as pl
from dispatch_makers import firm, home_of

from flows.batches import batch_files, read_pointers
from flows.home import Home
from warehouse.items import write_items
from warehouse.publish import published_file

SHOWN = ("uscc", "last_outcome", "renewal_month")


def items(home: Path, statements: list[str]) -> dict[str, tuple[str | None, str | None]]:
    """Return (last_outcome, renewal_month) by uscc of a copy of the warehouse that more was done to."""
    installed = Home(home.resolve())
    copy = home / "copy.duckdb"
    copy.write_bytes(published_file(home).read_bytes())
    with duckdb.connect(str(copy)) as con:
        for statement in statements:
            con.execute(statement)
    pointer = read_pointers(installed)[-1]
    files = batch_files(installed, pointer)
    tables = {"enterprises": files.enterprises, "rule_hits": files.rule_hits}
    (home / "items").mkdir()
    assert write_items(copy, pointer.record.batch_id, tables, home / "items") == 2
    return {uscc: (outcome, month) for uscc, outcome, month in written(home).select(SHOWN).iter_rows()}


def written(home: Path) -> pl.DataFrame:
    return pl.read_parquet(home / "items" / "*" / "*.parquet", hive_partitioning=False)


def test_without_visits_and_loans_the_columns_are_blank(tmp_path: Path) -> None:
    home = home_of(tmp_path, [firm(1), firm(2)])
    assert set(items(home, []).values()) == {(None, None)}


def test_a_table_of_other_columns_is_not_guessed_at(tmp_path: Path) -> None:
    home = home_of(tmp_path, [firm(1), firm(2)])
    assert set(items(home, ["CREATE OR REPLACE TABLE fact_visit (uscc VARCHAR)"]).values()) == {(None, None)}


def test_the_newest_visit_of_an_earlier_batch_and_the_first_due_month_are_shown(tmp_path: Path) -> None:
    home = home_of(tmp_path, [firm(1), firm(2)], as_of=date(2025, 3, 31))
    one, two = (firm(n)["uscc"] for n in (1, 2))
    found = items(home, [
        "CREATE OR REPLACE TABLE fact_visit "
        "(uscc VARCHAR, batch_id VARCHAR, visited_on DATE, outcome VARCHAR)",
        f"INSERT INTO fact_visit VALUES ('{one}', 'ZJ-202501-31', '2025-02-03', '13'), "
        f"('{one}', 'ZJ-202502-28', '2025-03-04', '11'), ('{two}', 'ZJ-202503-31', '2025-04-01', '21')",
        "CREATE OR REPLACE VIEW mart_renewals_due AS SELECT uscc, matures_on FROM (VALUES "
        f"('{two}', DATE '2025-06-17'), ('{two}', DATE '2025-05-09')) AS due (uscc, matures_on)",
    ])  # fmt: skip
    assert found == {one: ("11", None), two: (None, "2025-05")}


def test_where_a_visit_placed_the_firm_its_address_is_the_one_to_go_to(tmp_path: Path) -> None:
    moved = firm(1, operating_address="旧址1号", told_address="新址2号", told_on=date(2025, 2, 3))
    home = home_of(tmp_path, [moved, firm(2, operating_address="旧址3号")])
    items(home, [])
    assert set(written(home)["operating_address"]) == {"新址2号", "旧址3号"}


def test_a_batch_of_an_older_program_has_no_told_addresses(tmp_path: Path) -> None:
    home = home_of(tmp_path, [firm(1, operating_address="旧址1号"), firm(2)])
    for path in home.glob("lake/curated/enterprises/*/*/*.parquet"):
        pl.read_parquet(path, hive_partitioning=False).drop("told_address", "told_on").write_parquet(path)
    items(home, [])
    assert set(written(home)["operating_address"]) == {"旧址1号", None}
