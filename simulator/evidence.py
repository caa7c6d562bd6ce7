"""What other bureaus know of the subjects: annual reports, lists, trade and technology certificates.

Here: one frame per source in contract columns, values typed; near-misses beside each plant.
Not here: faults of the files (faults.py), census (census.py), what follows for the list (truth.py).
"""

from datetime import date, timedelta

import numpy as np
import polars as pl

from simulator import decided, shared
from simulator.faults import with_code_faults, with_first_versions, with_list_cases, with_older_extracts
from simulator.records import long_abnormal
from simulator.report_cases import with_cases

DAY = pl.Date
FAULTY_REPORTS, FAULTY_LISTINGS, FAULTY_TAGS = 0.004, 0.12, 0.04
"""Shares of rows with a damaged code: few among many reports, enough in the short lists to see each kind."""


def all_evidence(subjects: pl.DataFrame, as_of: date, rng: np.random.Generator) -> dict[str, pl.DataFrame]:
    """One frame per source, faults in it (faults.py): contract columns, true_uscc, case, code_fault."""
    wrong = subjects.filter("wrong_check")["uscc"]
    parts = {
        "annual_reports": (with_first_versions(annual_reports(subjects, as_of, rng), rng), FAULTY_REPORTS),
        "abnormal_list": (abnormal_list(subjects, as_of, rng), FAULTY_LISTINGS),
        "serious_violations": (serious_violations(subjects, as_of, rng), FAULTY_LISTINGS),
        "judgment_defaulters": (judgment_defaulters(subjects, as_of, rng), FAULTY_LISTINGS),
        "customs": (customs(subjects, as_of), FAULTY_TAGS),
        "tech_lists": (tech_lists(subjects, as_of, rng), FAULTY_TAGS),
    }
    plain = pl.lit(None, pl.String).alias("case")
    return {
        source: with_code_faults(
            rows if "case" in rows.columns else rows.with_columns(plain), wrong, share, rng
        )
        for source, (rows, share) in parts.items()
    }


def with_decisions(
    sources: dict[str, pl.DataFrame], subjects: pl.DataFrame, as_of: date, rng: np.random.Generator
) -> dict[str, pl.DataFrame]:
    """The sources plus what people decided and listed, and the cases against persons."""
    wrong = subjects.filter("wrong_check")["uscc"]
    false = decided.false_registrations(listed(subjects, 0.006, as_of, rng))
    firms = sources["judgment_defaulters"].with_columns(is_own_person=pl.lit(value=False))
    return {
        **sources,
        "judgment_defaulters": pl.concat(
            [firms, shared.person_cases(subjects, as_of)], how="diagonal_relaxed"
        ),
        "false_registrations": with_code_faults(false, wrong, FAULTY_LISTINGS, rng),
        "address_lists": shared.address_rows(subjects, as_of),
        "overrides": decided.override_rows(subjects, sources["serious_violations"], as_of),
    }


def last_due_year(as_of: date) -> int:
    """Return the newest report year whose filing window has closed."""
    return as_of.year - 1 if (as_of.month, as_of.day) > (6, 30) else as_of.year - 2


def with_figures(subjects: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Adds staff, revenue and assets (万元) of each firm, clear of every size limit of the 2017 standard."""
    n = len(subjects)
    is_small = pl.Series(rng.random(n) < 0.3)

    def figure(micro: tuple[int, int], small: tuple[int, int], big: tuple[int, int]) -> pl.Expr:
        draw = [pl.Series(rng.integers(low, high, n)) for low, high in (micro, small, big)]
        return pl.when("is_big").then(draw[2]).when(is_small).then(draw[1]).otherwise(draw[0])

    return subjects.with_columns(
        figure((1, 5), (10, 48), (400, 900)).alias("staff"),
        figure((2, 45), (120, 450), (8_000, 30_000)).alias("revenue"),
        figure((1, 90), (120, 1_900), (10_000, 90_000)).alias("assets"),
    )


def annual_reports(subjects: pl.DataFrame, as_of: date, rng: np.random.Generator) -> pl.DataFrame:
    """One row per subject and filed year of the last three due years; amounts in 万元."""
    due = last_due_year(as_of)
    years = [_reports_of(subjects, due - back, back, as_of, rng) for back in (2, 1, 0)]
    return pl.concat(years)


def _reports_of(
    subjects: pl.DataFrame, year: int, back: int, as_of: date, rng: np.random.Generator
) -> pl.DataFrame:
    """One row per report of one year; `back` counts years before the last due one."""
    n = len(subjects)
    story = pl.col("story")
    absent = {0: ["stopped", "missed_last", "late_alive"], 1: ["stopped", "missed_before_last", "late_alive"]}
    day = pl.lit(date(year + 1, 1, 5)) + pl.duration(days=pl.lit(pl.Series(rng.integers(0, 165, n))))
    late = pl.lit(as_of - timedelta(days=500))
    silent = pl.Series(rng.random(n) < 0.4)
    after = (story == "files_after") & pl.lit(back < 2)
    filed = ~story.is_in(absent.get(back, []))
    is_kind = pl.col("entity_class").is_in(["enterprise", "coop"]) | (
        (pl.col("entity_class") == "household") & silent
    )
    zeros = story.is_in(["zeros", "zeros_unknown"]) | ((story == "zeros_but_one") & (back != 1))
    alive = pl.when(zeros).then(0).otherwise(1)
    return (
        subjects.with_columns(
            submit_date=pl.when(story == "late_alive").then(late)
            .when(after).then(pl.lit(as_of + timedelta(days=10))).otherwise(day),
            case=pl.when(after).then(pl.lit("dated_later")),
        )
        .with_columns(filed=filed & is_kind & (pl.col("est_date").dt.year() <= year))
        .filter("filed")
        .select(
            "uscc",
            report_year=pl.lit(year, pl.Int64),
            submit_date="submit_date",
            emp_count=pl.when("is_idle_door").then(1).otherwise(pl.col("staff") * alive),
            si_pension=pl.when("is_idle_door").then(0)
            .when((story != "zeros_unknown") | (back > 0)).then(pl.col("staff") * alive),
            revenue=pl.when(~pl.col("is_idle_door")).then(pl.col("revenue") * alive),
            tax=pl.when("is_idle_door").then(0).otherwise((pl.col("revenue") // 20 + 1) * alive),
            assets=pl.col("assets"),
            liabilities=pl.col("assets") // 3,
            op_state=pl.lit("开业"),
            case="case",
            of=pl.struct("entity_class", "serial", "is_big", "is_finance", "story"),
        )
        .pipe(with_cases, back, as_of)
    )  # fmt: skip


def abnormal_list(subjects: pl.DataFrame, as_of: date, rng: np.random.Generator) -> pl.DataFrame:
    """One row per listing; R3 both standing and removed, other reasons beside them."""
    shares = {"R1": 0.02, "R2": 0.004, "R3": 0.006, "R4": 0.015}
    rows = listed(subjects, sum(shares.values()), as_of, rng)
    weights = np.array(list(shares.values()))
    picked = pl.Series(list(shares))[rng.choice(4, size=len(rows), p=weights / weights.sum())]
    listings = rows.select(
        "uscc", event_id="event", reason_code=picked, in_date="start", out_date="end",
        decide_org=pl.col("county") + "市场监督管理局", extract_date="extract_date", case="case",
    )  # fmt: skip
    return with_older_extracts(pl.concat([listings, long_abnormal(subjects, as_of)]), as_of, "out_date")


def serious_violations(subjects: pl.DataFrame, as_of: date, rng: np.random.Generator) -> pl.DataFrame:
    """One row per listing on the serious-violations list, standing or removed."""
    listings = listed(subjects, 0.006, as_of, rng).select(
        "uscc", event_id="event", reason_text=pl.lit("虚假宣传情节严重"), in_date="start", out_date="end",
        decide_org=pl.col("county") + "市场监督管理局", extract_date="extract_date", case="case",
    )  # fmt: skip
    return with_older_extracts(listings, as_of, "out_date")


def judgment_defaulters(subjects: pl.DataFrame, as_of: date, rng: np.random.Generator) -> pl.DataFrame:
    """One row per case: standing, removed, older than two years, or against a person."""
    rows = listed(subjects, 0.025, as_of, rng)
    draw = rng.random(len(rows))
    person = pl.Series(draw < 0.2)
    expired = pl.Series((draw >= 0.2) & (draw < 0.3)) & rows["case"].is_null()
    cases = rows.select(
        "uscc",
        case_no=pl.concat_str(
            pl.lit("（"), pl.col("start").dt.year(), pl.lit("）浙执"), "serial", pl.lit("号")
        ),
        court=pl.col("county") + "人民法院",
        file_date=pl.col("start") - pl.duration(days=60),
        publish_date=pl.when(expired).then(pl.lit(as_of - timedelta(days=900))).otherwise("start"),
        remove_date=pl.when(expired).then(pl.lit(None, DAY)).otherwise("end"),
        perform=pl.lit("全部未履行"),
        subject_type=pl.when(person).then(pl.lit("person")).otherwise(pl.lit("firm")),
        extract_date="extract_date",
        case="case",
    )
    return with_older_extracts(cases, as_of, "remove_date")


def customs(subjects: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """One row per trader and year of the last two; one in eight lapsed long ago."""
    traders = subjects.filter("is_trader").with_columns(lapsed=pl.col("serial") % 8 == 0)
    years = [
        traders.select(
            "uscc",
            customs_code=pl.col("county_code").str.slice(0, 4)
            + pl.lit("96")
            + pl.col("serial").cast(pl.String).str.slice(-4).str.zfill(4),
            reg_date="est_date",
            cancel_date=pl.when("lapsed").then(pl.lit(date(as_of.year - 4, 3, 1))),
            trade_year=pl.when("lapsed")
            .then(as_of.year - 6 - back)
            .otherwise(as_of.year - 1 - back)
            .cast(pl.Int64),
            export_usd=pl.col("revenue") * 500,
            import_usd=pl.lit(0, pl.Int64),
        )
        for back in (0, 1)
    ]
    return pl.concat(years)


def tech_lists(subjects: pl.DataFrame, as_of: date, rng: np.random.Generator) -> pl.DataFrame:
    """One row per technology certificate."""
    kept = subjects.filter(
        (pl.col("entity_class") == "enterprise") & pl.Series(rng.random(len(subjects)) < 0.04)
    )
    start = date(as_of.year - 2, 12, 8)
    return kept.select(
        "uscc",
        tag=pl.when(pl.col("serial") % 3 == 0).then(pl.lit("hnte")).otherwise(pl.lit("zj_tech_sme")),
        cert_no=pl.concat_str(pl.lit(f"GR{start.year}33"), pl.col("serial").cast(pl.String).str.zfill(8)),
        valid_from=pl.lit(start),
        valid_to=pl.lit(date(start.year + 3, 12, 8)),
    )


def listed(subjects: pl.DataFrame, share: float, as_of: date, rng: np.random.Generator) -> pl.DataFrame:
    """A sample of subjects with start, end (null for two in three), event, extract_date and case."""
    n = len(subjects)
    days, gone = rng.integers(40, 650, n), rng.integers(1, 40, n)
    ended = pl.Series(rng.random(n) < 0.33)
    sample = subjects.with_columns(
        start=pl.lit(as_of) - pl.duration(days=pl.lit(pl.Series(days))),
        end=pl.when(ended).then(pl.lit(as_of) - pl.duration(days=pl.lit(pl.Series(gone)))),
        event=pl.concat_str(pl.lit("E"), "serial"),
    ).filter(pl.Series(rng.random(n) < share))
    return with_list_cases(sample, as_of)
