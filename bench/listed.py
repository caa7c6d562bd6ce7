"""A published batch without a run: enterprises as a frame become lake, warehouse and pointer of a home.

Here: what the bench and the tests of dispatch start from.  Not here: a real run (bench/published.py).
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import polars as pl

from flows.batches import follow_warehouse, keep_small_files
from flows.home import Home
from reference.divisions import DIVISIONS_FILE
from reference.scopes import read_division_file
from reference.tables import load_tables
from transforms.target import visit_targets
from warehouse.build import BatchFiles, BatchRecord, build_warehouse
from warehouse.publish import publish

PLAIN: dict[str, object] = {
    "uscc_check": "valid", "entity_class": "enterprise", "status": "A", "source_file": "x.csv", "row_no": 1,
    "is_foreign_trade": False, "is_active_trader": False, "is_sci_tech": False, "is_private": True,
    "is_consumption": False, "priority": 3, "in_census": False, "disposition": "target",
}  # fmt: skip


def publish_list(
    home: Path, cities: Iterable[pl.DataFrame], as_of: date = date(2025, 3, 31), run: str = "aaaaaaaaaaaa"
) -> BatchRecord:
    """Publish a batch of these enterprises, one frame per register city; columns not given are plain.

    An enterprise whose flags is not empty gets one flag hit that says so. Batches published before stay.
    """
    installed = Home(home.resolve())
    record = BatchRecord(
        f"ZJ-{as_of:%Y%m-%d}", as_of, f"{as_of:%Y%m%d}-{run}", "0.1.0", "r1", "d1", "0" * 64,
        datetime(2025, 4, 2, tzinfo=UTC), "enterprise+coop",
    )  # fmt: skip
    written: dict[str, list[Path]] = {"enterprises": [], "rule_hits": [], "visit_targets": []}
    total = 0
    for given in cities:
        frame = _filled(given)
        total += frame.height
        for table, rows in _tables(frame, record).items():
            path = installed.curated(table, as_of, given["register_city_code"][0], record.run_id)
            path.parent.mkdir(parents=True, exist_ok=True)
            rows.write_parquet(path, compression_level=1)
            written[table].append(path)
    work = installed.run(record.run_id)
    work.mkdir(parents=True, exist_ok=True)
    counts = {"batch_id": [record.batch_id], "source": ["registry"], "rows_in": [total], "used": [total]}
    zero = {name: [0] for name in ("superseded", "out_of_scope", "excluded", "quarantined")}
    pl.DataFrame(counts | zero).write_parquet(work / "account.parquet")
    pl.DataFrame(schema=load_tables()["quality"].polars_schema).write_parquet(work / "quality.parquet")
    files = {table: tuple(paths) for table, paths in written.items()}
    batch = BatchFiles(record, **files, account=(work / "account.parquet",))
    keep_small_files(installed, record.run_id, work / "account.parquet", work / "quality.parquet")
    build_warehouse(work / "candidate.duckdb", [*_before(installed, as_of), batch], DIVISIONS_FILE)
    publish(work / "candidate.duckdb", installed.root, record)
    follow_warehouse(installed)
    return record


def skewed_cities(rows: int, largest: int, seed: int) -> Iterable[pl.DataFrame]:
    """Yield the enterprises of a province city by city: 1,387 towns, very unequal, one of `largest` rows.

    Two in three are placed in a community, the others in the town only; streets and numbers are drawn.
    """
    draw = np.random.default_rng(seed)
    divisions = read_division_file(DIVISIONS_FILE)
    towns = divisions.filter(level="township")
    weight = draw.lognormal(0, 1.1, towns.height)
    weight[0] = 0
    counts = np.minimum(np.floor(weight / weight.sum() * (rows - largest)).astype(int), largest)
    counts[0] = largest
    counts[1] += rows - counts.sum()
    sized = towns.with_columns(count=pl.Series(counts), city=pl.col("division_code").str.head(4))
    for city in sized["city"].unique(maintain_order=True):
        yield _city(sized.filter(city=city), divisions, draw)


def _city(towns: pl.DataFrame, divisions: pl.DataFrame, draw: np.random.Generator) -> pl.DataFrame:
    names = dict(divisions.select("division_code", "name").iter_rows())
    villages = (
        divisions.filter(level="community")
        .group_by("parent_code").agg(community_code="division_code")
    )  # fmt: skip
    base = (
        towns.select(township_code="division_code", n="count").filter(pl.col("n") > 0)
        .join(villages, left_on="township_code", right_on="parent_code", how="left", maintain_order="left")
        .select("community_code", pl.col("township_code").repeat_by("n"))
        .explode("township_code")
    )  # fmt: skip
    n = base.height
    digits = pl.Series(draw.integers(0, 10**9, n))
    pick, number, day = draw.integers(0, 200, n), draw.integers(1, 999, n), draw.integers(8000, 20000, n)
    code = pl.col("township_code")
    placed = base.with_columns(
        pick=pl.Series(pick), number=pl.Series(number), known=pl.Series(draw.random(n) < 0.66)
    ).with_columns(
        division_code=pl.when("known")
        .then(
            pl.col("community_code").list.get(
                pl.col("pick") % pl.col("community_code").list.len(), null_on_oob=True
            )
        )
        .otherwise(code)
        .fill_null(code)
    )
    city = str(towns["city"][0])
    place = [pl.lit("浙江省" + names[city.ljust(12, "0")]), pl.col("county"), pl.col("township")]
    road = pl.format("{}{}路{}号{}室", pl.lit("文"), pl.col("pick") % 40, "number", "pick")
    serial = digits.cast(pl.String).str.zfill(9)
    return placed.with_columns(
        county=(code.str.head(6).str.pad_end(12, "0")).replace_strict(names),
        township=code.replace_strict(names),
        community=pl.when(~pl.col("division_code").str.ends_with("000")).then(
            pl.col("division_code").replace_strict(names)
        ),
        index=pl.int_range(n),
    ).select(
        subject_key=pl.lit("91" + city) + pl.col("index").cast(pl.String).str.zfill(12),
        uscc=pl.lit("91" + city) + pl.col("index").cast(pl.String).str.zfill(12),
        name=pl.lit("某某市华盛") + pl.Series(serial) + pl.lit("科技有限公司"),
        established_on=pl.Series(day).cast(pl.Int32).cast(pl.Date),
        industry_code=pl.lit("1711"),
        address=pl.concat_str(*place, road),
        operating_address=pl.when(pl.col("pick") < 60).then(pl.concat_str(*place, road)),
        county="county", township="township", community="community",
        legal_rep_masked=pl.lit("张*"), phone_masked=pl.lit("138****1234"),
        register_city_code=pl.lit(city), size_class=pl.lit("micro"),
        is_foreign_trade=pl.col("pick") < 10, is_sci_tech=pl.col("pick") < 5,
        priority=(pl.col("pick") % 3 + 1).cast(pl.Int64), division_code="division_code",
        place_level=pl.when(pl.col("community").is_null()).then(pl.lit("township"))
        .otherwise(pl.lit("community")),
        flags=pl.when(pl.col("pick") < 20).then(pl.lit("新设主体（2025-01-01成立），不满12个月")),
    )  # fmt: skip


def _filled(given: pl.DataFrame) -> pl.DataFrame:
    """Return the frame with every column of the curated table, plain where it has none."""
    columns = load_tables()["enterprises"].polars_schema
    absent = pl.lit(None)
    return given.select(
        pl.coalesce(pl.col(name) if name in given.columns else absent, pl.lit(PLAIN.get(name)))
        .cast(kind)
        .alias(name)
        for name, kind in columns.items()
    )


def _tables(frame: pl.DataFrame, record: BatchRecord) -> dict[str, pl.DataFrame]:
    hits = frame.filter(pl.col("flags").fill_null("") != "").select(
        "subject_key", rule_id=pl.lit("F03"), category=pl.lit("flag"), severity=pl.lit("flag"),
        reason_zh="flags", reason_en="flags", evidence=pl.lit("{}"), params_hash=pl.lit("x"),
    )  # fmt: skip
    targets = visit_targets(frame.lazy(), record.batch_id, record.as_of).collect()
    return {"enterprises": frame, "rule_hits": hits, "visit_targets": targets}


def _before(home: Home, as_of: date) -> list[BatchFiles]:
    from flows.batches import batch_files, read_pointers

    return [batch_files(home, p) for p in read_pointers(home) if p.record.as_of != as_of]
