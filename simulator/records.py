"""Dated records of bureaus on some subjects: notices, suspensions, tax, penalties, checks, electricity.

Here: one frame per source in contract columns; the day before, the day of removal, blanks beside each hit.
Not here: faults of the files (faults.py), what follows for the list (truth_records.py).
"""

from datetime import date, timedelta

import numpy as np
import polars as pl

from simulator.faults import with_code_faults, with_list_cases, with_older_extracts

FAULTY_RECORDS = 0.06
"""Share of rows with a damaged code."""
IDLE_STORIES = ("stopped", "zeros", "zeros_unknown", "late_alive")
"""Subjects that most of these records are about."""
TAX_TURNS, GRID_TURNS = 3, 4
"""One city in so many delivers tax filings, and meter readings."""

NULL_DAY = pl.lit(None, pl.Date)
Generator = np.random.Generator


def all_dated(subjects: pl.DataFrame, turn: int, as_of: date, rng: Generator) -> dict[str, pl.DataFrame]:
    """One frame per source, faults in it: contract columns, true_uscc, case, code_fault; empty if not given.

    `turn` numbers the city: not every bureau delivers everywhere.
    """
    wrong = subjects.filter("wrong_check")["uscc"]
    frames = {
        "liquidations": _liquidations(subjects, as_of, rng),
        "simple_deregistrations": _simple_notices(subjects, as_of, rng),
        "forced_deregistrations": _forced_notices(subjects, as_of, rng),
        "suspensions": _suspensions(subjects, as_of, rng),
        "tax_black": _tax_black(subjects, as_of, rng),
        "tax_abnormal": _tax_abnormal(subjects, as_of, rng),
        "penalties": _penalties(subjects, as_of, rng),
        "onsite_checks": _checks(subjects, as_of, rng),
        "tax_filings": _filings(subjects if turn % TAX_TURNS == 1 else subjects.clear(), as_of),
        "electricity": _meters(subjects if turn % GRID_TURNS == 2 else subjects.clear(), as_of),
    }
    return {
        source: with_code_faults(rows, wrong, FAULTY_RECORDS if rows.height < 5_000 else 0.01, rng)
        for source, rows in frames.items()
    }


def long_abnormal(subjects: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Listings of two years and more: idle firms out of reach, households without reports."""
    turn = pl.col("serial") // 10 % 4
    around = pl.lit(as_of).dt.offset_by("-24mo") + pl.duration(days=turn - 2)
    idle = pl.col("story").is_in(IDLE_STORIES) & (pl.col("serial") % 10 == 0)
    household = (pl.col("entity_class") == "household") & (pl.col("serial") % 10 == 3)
    marked = pl.date(as_of.year - 2 + turn.cast(pl.Int32) // 3, 7, 10)
    kinds = [
        subjects.filter(idle).with_columns(start=around, reason=pl.lit("R4")),
        subjects.filter(household).with_columns(start=marked, reason=pl.lit("R1")),
        subjects.filter(household & (turn == 1)).with_columns(start=marked, reason=pl.lit("R4")),
    ]
    return pl.concat(kinds).select(
        "uscc",
        event_id=pl.concat_str(pl.lit("L"), "serial", "reason"),
        reason_code="reason",
        in_date="start",
        out_date=NULL_DAY,
        decide_org=pl.col("county") + "市场监督管理局",
        extract_date=pl.lit(as_of),
        case=pl.lit(None, pl.String),
    )


def _sample(subjects: pl.DataFrame, share: float, as_of: date, rng: Generator) -> pl.DataFrame:
    """A sample with start (up to 650 days ago), end (null for two in three), event, extract_date and case."""
    picked = subjects.filter(pl.Series(rng.random(len(subjects)) < share))
    n = len(picked)
    day, ended, first = pl.lit(as_of), pl.Series(rng.random(n) < 0.33), int(rng.integers(0, 80))
    back, gone = pl.Series(rng.integers(40, 650, n)), pl.Series(rng.integers(1, 40, n))
    dates = picked.with_columns(
        start=day - pl.duration(days=pl.lit(back)),
        end=pl.when(ended).then(day - pl.duration(days=pl.lit(gone))),
        event=pl.concat_str(pl.lit("E"), "serial"),
        # Six in sixteen of these lie at a limit, whatever the serial numbers of the sample are.
        serial=(pl.int_range(pl.len()) + first) * 3,
        turn=(pl.int_range(pl.len()) + first) // 16,
    )
    return with_list_cases(dates, as_of)


def _plain(turn: int) -> pl.Expr:
    """Rows without a case of their own that stand at one of five places of a source's own limits."""
    return pl.col("case").is_null() & ((pl.col("serial") // 3 + pl.col("turn")) % 5 == turn)


def _liquidations(subjects: pl.DataFrame, as_of: date, rng: Generator) -> pl.DataFrame:
    rows = _sample(subjects, 0.004, as_of, rng).select(
        "uscc", event_id="event", case_type=pl.lit("破产清算"), accept_date="start", end_date="end",
        case_no=pl.concat_str(pl.lit("（2024）浙破"), "event", pl.lit("号")),
        court=pl.col("county") + "人民法院", extract_date="extract_date", case="case",
    )  # fmt: skip
    return with_older_extracts(rows, as_of, "end_date")


def _simple_notices(subjects: pl.DataFrame, as_of: date, rng: Generator) -> pl.DataFrame:
    """Notices with and without objection, which may be blank, with and without a result."""
    drawn = _sample(subjects, 0.006, as_of, rng)
    objection = pl.when(_plain(1)).then(pl.lit("是")).when(_plain(2)).then(None).otherwise(pl.lit("否"))
    # A result stands for the end; the feed dates notices, not results.
    result = (
        pl.when(pl.col("end").is_not_null()).then(pl.lit("撤销"))
        .when(_plain(3)).then(pl.lit("不予"))
        .when(_plain(4)).then(pl.lit("准予"))
    )  # fmt: skip
    rows = drawn.select(
        "uscc", event_id="event", ann_start="start",
        ann_end=pl.when(~_plain(0)).then(pl.col("start") + pl.duration(days=20)),
        objection=objection, result=result, extract_date="extract_date", case="case",
    )  # fmt: skip
    return with_older_extracts(rows, as_of, "result")


def _forced_notices(subjects: pl.DataFrame, as_of: date, rng: Generator) -> pl.DataFrame:
    """Notices of ninety days around the date; some state no end, so that the law's term tells it."""
    drawn = _sample(subjects, 0.006, as_of, rng)
    late = [_plain(turn) for turn in range(4)]
    days = dict(enumerate((89, 90, 89, 90)))
    start = pl.coalesce(pl.when(late[i]).then(as_of - timedelta(days=d)) for i, d in days.items())
    rows = drawn.with_columns(start=pl.coalesce(start, "start")).select(
        "uscc", event_id="event", ann_start="start",
        ann_end=pl.when(~(late[2] | late[3])).then(pl.col("start") + pl.duration(days=90)),
        end_date="end", doc_no=pl.concat_str(pl.lit("强注"), "event"),
        decide_org=pl.col("county") + "市场监督管理局", extract_date="extract_date", case="case",
    )  # fmt: skip
    return with_older_extracts(rows, as_of, "end_date")


def _suspensions(subjects: pl.DataFrame, as_of: date, rng: Generator) -> pl.DataFrame:
    """Suspensions that end by their term, by three years or by resumption."""
    three_years = pl.lit(as_of).dt.offset_by("-36mo")
    drawn = _sample(subjects, 0.005, as_of, rng).with_columns(
        start=pl.when(_plain(0)).then(three_years)
        .when(_plain(1)).then(three_years + pl.duration(days=1)).otherwise("start"),
        to_date=pl.when(_plain(2)).then(as_of).when(_plain(3)).then(as_of + timedelta(days=1)),
    )  # fmt: skip
    rows = drawn.select(
        "uscc", event_id="event", from_date="start", to_date="to_date", resume_date="end",
        extract_date="extract_date", case="case",
    )  # fmt: skip
    return with_older_extracts(rows, as_of, "resume_date")


def _tax_black(subjects: pl.DataFrame, as_of: date, rng: Generator) -> pl.DataFrame:
    rows = _sample(subjects, 0.003, as_of, rng).select(
        "uscc", event_id="event", reason_text=pl.lit("虚开增值税专用发票"), in_date="start", out_date="end",
        decide_org=pl.col("city") + "税务局", extract_date="extract_date", case="case",
    )  # fmt: skip
    return with_older_extracts(rows, as_of, "out_date")


def _tax_abnormal(subjects: pl.DataFrame, as_of: date, rng: Generator) -> pl.DataFrame:
    """Listings on both sides of a year."""
    year = pl.lit(as_of).dt.offset_by("-12mo")
    drawn = _sample(subjects, 0.006, as_of, rng).with_columns(
        start=pl.when(_plain(0))
        .then(year)
        .when(_plain(1))
        .then(year + pl.duration(days=1))
        .otherwise("start")
    )
    rows = drawn.select(
        "uscc", event_id="event", in_date="start", out_date="end",
        decide_org=pl.col("county") + "税务局", extract_date="extract_date", case="case",
    )  # fmt: skip
    return with_older_extracts(rows, as_of, "out_date")


def _penalties(subjects: pl.DataFrame, as_of: date, rng: Generator) -> pl.DataFrame:
    """Fines at the limit, a blank one, a warning, a permit taken; some a year old to the day."""
    drawn = _sample(subjects, 0.012, as_of, rng)
    kinds = {0: "罚款", 1: "罚款", 2: "警告", 3: "罚款", 4: "罚款;吊销许可证"}
    fines = {0: 500_000, 1: 499_999, 2: 0, 3: None, 4: 2_000}
    sort = pl.col("serial") // 3 % 5
    year = pl.lit(as_of).dt.offset_by("-12mo")
    start = pl.when(_plain(0)).then(year).when(_plain(1)).then(year + pl.duration(days=1)).otherwise("start")
    rows = drawn.with_columns(start=start).select(
        "uscc", doc_no=pl.concat_str(pl.lit("罚字"), "event", pl.lit("号")), decided_on="start",
        penalty_type=sort.replace_strict(kinds, return_dtype=pl.String),
        amount=sort.replace_strict(fines, return_dtype=pl.Int64), publish_end="end",
        decide_org=pl.col("county") + "市场监督管理局", extract_date="extract_date", case="case",
    )  # fmt: skip
    return with_older_extracts(rows, as_of, "publish_end")


def _checks(subjects: pl.DataFrame, as_of: date, rng: Generator) -> pl.DataFrame:
    """Checks, mostly of idle firms: idle for six months to the day, a day less, since nobody knows when."""
    idle = pl.col("story").is_in(IDLE_STORIES)
    drawn = pl.concat([
        _sample(subjects.filter(idle), 0.08, as_of, rng), _sample(subjects.filter(~idle), 0.002, as_of, rng)
    ])  # fmt: skip
    half_year = pl.col("start").dt.offset_by("-6mo")
    since = pl.when(_plain(1)).then(half_year + pl.duration(days=1)).when(~_plain(2)).then(half_year)
    result = pl.when(_plain(3)).then(pl.lit("查无下落")).otherwise(pl.lit("停业"))
    rows = drawn.select(
        "uscc", record_no="event", checked_on="start", result=result, idle_since=since,
        check_org=pl.col("county") + "市场监督管理所", extract_date="extract_date", case="case",
    )  # fmt: skip
    again = drawn.filter(_plain(4)).select(
        "uscc", record_no=pl.col("event") + "R", checked_on=pl.col("start") + pl.duration(days=20),
        result=pl.lit("正常经营"), idle_since=NULL_DAY, check_org=pl.col("county") + "市场监督管理所",
        extract_date="extract_date", case=pl.lit(None, pl.String),
    )  # fmt: skip
    return pl.concat([rows, again])


def _filings(subjects: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """The last filing of most, and of some an older one; the city's first county has but a few strays."""
    stray = pl.col("county_code") == pl.col("county_code").min()
    serial, story = pl.col("serial"), pl.col("story")
    files = (
        pl.when(stray).then(serial % 17 == 0)
        .when(story == "stopped").then(serial % 5 == 0)
        .when(story == "late_alive").then(serial % 2 == 0)
        .when(pl.col("entity_class").is_in(["enterprise", "coop"])).then(serial % 10 != 0)
        .otherwise(serial % 5 == 0)
    )  # fmt: skip
    limit = pl.lit(as_of).dt.offset_by("-24mo")
    usual = pl.lit(as_of) - pl.duration(days=serial % 60 + 15)
    nothing_due = story.is_in(IDLE_STORIES) & (serial % 6 != 0)
    kept = subjects.filter(files).with_columns(
        filed_on=pl.when(serial % 40 == 0).then(limit)
        .when(serial % 40 == 5).then(limit - pl.duration(days=1)).otherwise(usual),
        tax_due=pl.when(nothing_due).then(0).otherwise(serial % 900 + 1),
    )  # fmt: skip
    older = kept.filter(serial % 20 == 3).with_columns(filed_on=pl.col("filed_on") - pl.duration(days=90))
    return pl.concat([kept, older]).select(
        "uscc", period=pl.col("filed_on").dt.strftime("%Y-%m"), filed_on="filed_on", tax_due="tax_due",
        extract_date=pl.lit(as_of), case=pl.lit(None, pl.String),
    )  # fmt: skip


def _meters(subjects: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """The last reading of one in three: nothing used by the idle, but for a few; some two years old."""
    serial = pl.col("serial")
    limit = pl.lit(as_of).dt.offset_by("-24mo")
    turn = serial // 3 % 12
    idle = pl.col("story").is_in(IDLE_STORIES) & (turn > 3)
    return subjects.filter(serial % 3 == 1).select(
        "uscc",
        meter_no=pl.concat_str(pl.lit("M"), "serial"),
        read_on=pl.when(turn == 0).then(limit).when(turn == 1).then(limit - pl.duration(days=1))
        .otherwise(pl.lit(as_of) - pl.duration(days=serial % 30)),
        kwh=pl.when(idle & (turn % 2 == 0)).then(0).when(~idle).then(serial % 5_000 + 1).cast(pl.Int64),
        extract_date=pl.lit(as_of),
        case=pl.lit(None, pl.String),
    )  # fmt: skip
