"""A published batch without a run: enterprises as a frame become lake, warehouse and pointer of a home.

Here: what the bench and the tests of dispatch start from.  Not here: a real run (bench/published.py).
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import polars as pl

from flows.batches import Pointer, follow_warehouse, keep_small_files
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
    units = tuple(path.parent.name.removeprefix("city=") for path in written["enterprises"])
    small = {name: work / name for name in ("account.parquet", "quality.parquet")}
    keep_small_files(installed, Pointer(record, units), small)
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
    left = rows - counts.sum()
    counts[1:] += left // (towns.height - 1)
    counts[-1] += left % (towns.height - 1)
    sized = towns.with_columns(count=pl.Series(counts), city=pl.col("division_code").str.head(4))
    for city in sized["city"].unique(maintain_order=True):
        yield _city(sized.filter(city=city), divisions, draw)


def _city(towns: pl.DataFrame, divisions: pl.DataFrame, draw: np.random.Generator) -> pl.DataFrame:
    """The enterprises of one city, in the columns of the curated table that the list shows."""
    names = dict(divisions.select("division_code", "name").iter_rows())
    city, code = str(towns["city"][0]), pl.col("township_code")
    placed = _placed(towns, divisions, draw).with_columns(
        county=code.str.head(6).str.pad_end(12, "0").replace_strict(names),
        township=code.replace_strict(names),
        community=pl.when(~pl.col("division_code").str.ends_with("000")).then(
            pl.col("division_code").replace_strict(names)
        ),
        key=pl.lit("91" + city) + pl.int_range(pl.len()).cast(pl.String).str.zfill(12),
    )
    door = pl.format("文{}路{}号{}室", pl.col("pick") % 40, "number", "pick")
    address = pl.concat_str(pl.lit("浙江省" + names[city.ljust(12, "0")]), "county", "township", door)
    return placed.select(
        "county", "township", "community", "division_code",
        subject_key="key", uscc="key",
        name=pl.format("某某市华盛{}科技有限公司", "serial"),
        established_on=pl.col("day").cast(pl.Int32).cast(pl.Date),
        industry_code=pl.lit("1711"),
        address=address,
        operating_address=pl.when(pl.col("pick") < 60).then(address),
        legal_rep_masked=pl.lit("张*"), phone_masked=pl.lit("138****1234"),
        register_city_code=pl.lit(city), size_class=pl.lit("micro"),
        is_foreign_trade=pl.col("pick") < 10, is_sci_tech=pl.col("pick") < 5,
        priority=pl.col("pick") % 3 + 1,
        place_level=pl.when(pl.col("community").is_null()).then(pl.lit("township"))
        .otherwise(pl.lit("community")),
        flags=pl.when(pl.col("pick") < 20).then(pl.lit("新设主体（2025-01-01成立），不满12个月")),
    )  # fmt: skip


def _placed(towns: pl.DataFrame, divisions: pl.DataFrame, draw: np.random.Generator) -> pl.DataFrame:
    """One row per enterprise: township_code, division_code (12 digits), pick, number, serial, day."""
    communities = divisions.filter(level="community").group_by("parent_code").agg(within="division_code")
    rows = (
        towns.select(township_code="division_code", n="count").filter(pl.col("n") > 0)
        .join(communities, left_on="township_code", right_on="parent_code", how="left",
              maintain_order="left")
        .select("within", pl.col("township_code").repeat_by("n")).explode("township_code")
    )  # fmt: skip
    n = rows.height
    drawn = {"pick": (0, 200), "number": (1, 999), "serial": (0, 10**9), "day": (8_000, 20_000)}
    chosen = pl.col("within").list.get(pl.col("pick") % pl.col("within").list.len(), null_on_oob=True)
    return rows.with_columns(
        pl.Series("known", draw.random(n) < 0.66),
        *(pl.Series(name, draw.integers(*bounds, n)) for name, bounds in drawn.items()),
    ).with_columns(
        division_code=pl.when("known").then(chosen).otherwise("township_code").fill_null(
            pl.col("township_code")
        )
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
