"""The published series played on a small list: the marts show its totals in proportion, date by date."""

import shutil
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from warehouse_makers import make_batch, record_of

from bench.reconcile import Line, compare, compare_renewals, table
from flows import steps_feedback
from flows.batches import Pointer
from flows.home import Home
from flows.ledger import check_feedback, record
from flows.steps_feedback import reckon
from reference.divisions import DIVISIONS_FILE
from simulator.campaign import play_renewals, play_row
from simulator.series import LIST_SIZE, Row, increment, load_renewals, load_series
from warehouse.build import BatchFiles, build_warehouse

SIZE = 1_000
SCALE = SIZE / LIST_SIZE
SERIES, (RENEWALS,) = load_series(), load_renewals()


def subjects(prefix: str, count: int) -> list[dict[str, object]]:
    """Firms of 西湖区, every eighth in 温州; one in thirty trades abroad."""
    return [
        {
            "subject_key": f"{prefix}{n}",
            "uscc": f"9133{prefix}{n:013}",
            "division_code": "330302001000" if n % 8 == 0 else "330106001000",
            "is_foreign_trade": n % 30 == 1,
        }
        for n in range(count)
    ]


def listed(day: date, prefix: str, lake: Path) -> tuple[pl.DataFrame, BatchFiles]:
    """Return the list of a date as the player reads it, and its curated files."""
    rows = subjects(prefix, SIZE)
    frame = pl.DataFrame(rows).with_columns(
        batch_id=pl.lit(record_of(day).batch_id),
        list_as_of=pl.lit(day),
        is_target=pl.lit(True),
        is_sci_tech=pl.lit(False),
        is_consumption=pl.lit(False),
        register_city_code=pl.lit("3301"),
    )
    return frame, make_batch(lake, day, rows)


def place_in_lake(home: Home, batch: BatchFiles) -> Pointer:
    """Lay the enterprises where a published run left them."""
    (source,) = batch.enterprises
    target = home.curated("enterprises", batch.record.as_of, "3301", batch.record.run_id)
    target.parent.mkdir(parents=True)
    source.rename(target)
    target_of = source.with_name("visit_targets.parquet")
    assert target_of.exists()
    return Pointer(batch.record, ("3301",))


@pytest.fixture(scope="module")
def reconciled(tmp_path_factory: pytest.TempPathFactory) -> list[Line]:
    """Play, take in and compare every date of the series, and the renewals, without flows around it."""
    folder = tmp_path_factory.mktemp("series")
    home, lines = Home(folder / "home"), list[Line]()
    lists, batches, pointers = {}, list[BatchFiles](), list[Pointer]()
    before: Row | None = None
    known = None
    for row in sorted([*SERIES, RENEWALS], key=lambda row: row.as_of):
        back, file = folder / str(row.as_of), folder / f"{row.as_of}.duckdb"
        if isinstance(row, Row):
            if row.list_as_of not in lists:
                prefix = "ABC"[len(lists)]
                lists[row.list_as_of], files = listed(row.list_as_of, prefix, folder / "lake")
                pointers.append(place_in_lake(home, files))
                batches.append(BatchFiles(files.record, (), files.rule_hits, files.visit_targets))
            played = play_row(row, before, lists[row.list_as_of], known, back, scale=SCALE, seed=1)
            before, known = row, played.known
        else:
            play_renewals(row, lists[SERIES[0].list_as_of], back, scale=SCALE, seed=1)
        record(home, check_feedback(back), row.as_of)
        build_warehouse(file, batches, DIVISIONS_FILE, reckon(home, pointers, row.as_of).feedback)
        lines += compare(file, row, SCALE) if isinstance(row, Row) else compare_renewals(file, row, SCALE)
    return lines


def test_every_published_figure_comes_out_of_the_marts_in_proportion(reconciled: list[Line]) -> None:
    # Counts are whole firms: of a figure of 20 a firm more or less is five per cent.
    far = [
        line
        for line in reconciled
        if abs(line.difference) > 0.01
        and abs(line.ours - line.expected) > (0.5 if line.expected < 1e5 else 0)
    ]
    assert far == [], table(far)
    assert len(reconciled) == 6 + 7 + 4 + 4 + 3


def test_the_table_names_date_figure_published_ours_and_difference(reconciled: list[Line]) -> None:
    shown = table(reconciled).splitlines()
    assert shown[0].split() == ["as", "of", "figure", "published", "in", "proportion", "ours", "difference"]
    march = next(line for line in shown if line.startswith("2025-03-31") and " visited" in line).split()
    assert march[2] == "3,180,000.00"
    assert march[-1].endswith("%")
    wenzhou = next(line for line in reconciled if line.figure.endswith("growth"))
    assert wenzhou.published == pytest.approx(0.4317, abs=1e-4)


def test_visits_judged_in_parts_give_the_same_facts_statuses_and_issues(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, row = Home(tmp_path / "home"), SERIES[0]
    frame, files = listed(row.list_as_of, "A", tmp_path / "lake")
    pointers = [place_in_lake(home, files)]
    play_row(row, None, frame, None, tmp_path / "back", scale=SCALE, seed=2)
    # Without their list item the same firms come again by credit code, on the day and on others.
    visits = tmp_path / "back" / "visits"
    again = "\n".join(f"9133A{n:013},2024-12-{1 + n % 20:02},13" for n in range(0, SIZE, 3))
    (visits / "清单外.csv").write_text(f"统一社会信用代码,走访日期,走访结果\n{again}\n", encoding="utf-8")
    record(home, check_feedback(tmp_path / "back"), row.as_of)

    def judged() -> list[pl.DataFrame]:
        folder = reckon(home, pointers, row.as_of).folder
        names = ("fact_visit", "feedback_proposals", "status_visits", "issues", "meta_feedback_account")
        tables = [pl.read_parquet(folder / f"{name}.parquet") for name in names]
        shutil.rmtree(folder)
        return [table.sort(pl.all()) for table in tables]

    whole = judged()
    monkeypatch.setattr(steps_feedback, "PART_ROWS", 100)
    assert {row[1] for row in whole[2].rows()} >= {"used", "superseded", "rejected"}
    for one, parts in zip(whole, judged(), strict=True):
        assert one.equals(parts)


def test_increments_add_up_to_the_rounded_totals() -> None:
    for name in ("visited", "recommended", "credited", "foreign_trade_visited"):
        steps = [
            increment(row, before, 0.00123)[name]
            for row, before in zip(SERIES, [None, *SERIES], strict=False)
        ]
        assert sum(steps) == round(SERIES[-1].figures[name] * 0.00123)


def test_a_list_too_small_for_the_visits_is_said_so(tmp_path: Path) -> None:
    frame, _ = listed(SERIES[0].list_as_of, "A", tmp_path)
    with pytest.raises(ValueError, match="a larger list is needed"):
        play_row(SERIES[0], None, frame.head(100), None, tmp_path / "back", scale=SCALE, seed=1)
