"""Where register and census truly disagree and who is believed (K1 to K10), apart from the code under test.

Here: the simulator's own reading of domain §4.4, over true values only.
Not here: what is planted (census.py, census_conflicts.py, early_reports.py), the rules (truth.py).

Planted as conflicts: K3 and K6 (census_conflicts.py), K4 (is_other_industry), K5 (another size, a slip of
units, an early report), K7 and K10 (extra_units). The others arise of what is drawn for other reasons: K1 and
K2 of the status and of the answers of idle firms, some K5 of idle doors and co-operatives, K8 and K9 of every
firm that the census left out. A weak link and a place told by a visit, which decide too, are never planted.
"""

from datetime import date

import polars as pl

from simulator.census import CENSUS_DAY
from simulator.truth_census import CLOSED

FIGURES = {"emp_count": ("emp_end", 1), "revenue": ("revenue", 10), "assets": ("assets", 10)}
"""Per figure of a report the unit's, and how many 千元 one of its 万元 is."""
COLUMNS = (
    "conflict", "subject_key_true", "source_file", "row_no", "winner", "loser", "reason", "kept", "planted",
)  # fmt: skip
REGISTRY, CENSUS = ("registry", "census"), ("census", "registry")
_NONE = pl.lit(None, pl.String)
_ALWAYS = pl.lit(value=True)
Line = tuple[pl.Expr, str, str, str]
"""A condition, and winner, loser and reason where it holds."""


def conflict_rows(
    facts: pl.DataFrame, census: pl.DataFrame, reports: pl.DataFrame, source_file: str, as_of: date
) -> pl.DataFrame:
    """One row per conflict, in the columns COLUMNS.

    `facts`: see gather_facts. `census`: the rows of the file in their order, with planted, case and of_uscc.
    subject_key_true is null for K7, source_file and row_no for K8 and K9. kept: the value that the list must
    show, a township or, where no address names it, a county (K3), an industry (K4) or a name (K6). planted:
    why there is one, null where nobody meant it.
    """
    rows = census.with_columns(
        source_file=pl.lit(source_file), row_no=pl.int_range(2, pl.len() + 2, dtype=pl.Int64)
    )
    units = rows.drop_nulls("true_uscc")
    pairs = units.select("source_file", "row_no", "planted", uscc="true_uscc").join(
        facts, on="uscc", maintain_order="left"
    )
    told = pairs.join(_figures(units, reports, as_of), on="uscc", how="left", maintain_order="left")
    return pl.concat([*_of_pairs(told), *_unseen(facts), *_further(rows)])


def _of_pairs(pairs: pl.DataFrame) -> list[pl.DataFrame]:
    """K1 to K6."""
    status, planted = pl.col("status"), pl.col("planted").fill_null("")
    lives = (pl.max_horizontal("live_report", "live_trade") > CENSUS_DAY).fill_null(value=False)
    since: Line = (pl.col("event_date") > CENSUS_DAY, *REGISTRY, "registered_since_census")
    alive: Line = (lives, *REGISTRY, "alive_since_census")
    newer: Line = (pl.col("is_newer").fill_null(value=False), *REGISTRY, "newer_year")
    is_on = status.is_in(["A", "S", "9"]) & pl.col("op_status").is_in(CLOSED)
    is_off = status.is_in(["D", "V", "X"]) & (pl.col("op_status") == "1")
    moved = planted.str.starts_with("moved")
    # No address names the town of some; then the county is what must not be the census's.
    place = pl.when(planted == "moved_somewhere").then("county_code").otherwise("town_code")
    return [
        _rows(pairs, "K1", is_on, [alive, since, (_ALWAYS, *CENSUS, "only_a_licence")]),
        _rows(pairs, "K2", is_off, [(_ALWAYS, *REGISTRY, "legal_fact")]),
        _rows(pairs, "K3", moved, [since, (_ALWAYS, *CENSUS, "seen_on_the_spot")], planted, place),
        _rows(
            pairs, "K4", pl.col("is_other_industry"), [(_ALWAYS, *CENSUS, "coded_by_statistics")],
            pl.lit("other_industry"), pl.col("unit_industry"),
        ),
        _rows(
            pairs, "K5", pl.col("differs").fill_null(value=False), [newer, (_ALWAYS, *CENSUS, "census_year")],
            _why_figures(),
        ),
        _rows(
            pairs, "K6", planted == "renamed", [(_ALWAYS, *REGISTRY, "current_name")], planted, pl.col("name")
        ),
    ]  # fmt: skip


def _unseen(facts: pl.DataFrame) -> list[pl.DataFrame]:
    """K8 and K9: firms and branches of no census unit; K8 where the census counts such firms."""
    alone = facts.filter(
        pl.col("round").is_null()
        & pl.col("entity_class").is_in(["enterprise", "branch"])
        & ~pl.col("is_later")
    ).with_columns(source_file=_NONE, row_no=pl.lit(None, pl.Int64))
    young = pl.col("est_date") > CENSUS_DAY
    lines: dict[str, tuple[pl.Expr, Line]] = {
        "K8": (~young & (pl.col("industry") >= "05"), (_ALWAYS, "registry", "none", "not_seen_by_census")),
        "K9": (young, (_ALWAYS, "registry", "none", "founded_after_census")),
    }
    return [_rows(alone, name, is_so, [line]) for name, (is_so, line) in lines.items()]


def _further(rows: pl.DataFrame) -> list[pl.DataFrame]:
    """K7: units of nobody on the register; K10: further units of a firm that another one speaks for."""
    named, of = rows.with_columns(uscc="of_uscc"), pl.col("round")
    seen: Line = (_ALWAYS, "none", "census", "not_registered")
    spoken: Line = (_ALWAYS, "census", "census", "legal_unit_speaks")
    return [
        _rows(named, "K7", of == "none", [seen], pl.col("case")),
        _rows(named, "K10", of == "secondary", [spoken], pl.col("case")),
    ]


def _rows(
    of: pl.DataFrame,
    conflict: str,
    is_so: pl.Expr,
    lines: list[Line],
    planted: pl.Expr = _NONE,
    kept: pl.Expr = _NONE,
) -> pl.DataFrame:
    """The rows where it is so, each with the first line that holds."""
    told = {
        name: pl.coalesce(pl.when(line[0]).then(pl.lit(line[place])) for line in lines)
        for place, name in enumerate(("winner", "loser", "reason"), start=1)
    }
    conflicts = of.filter(is_so).select(
        "source_file",
        "row_no",
        conflict=pl.lit(conflict),
        subject_key_true="uscc",
        planted=planted,
        **told,
        kept=kept,
    )
    return conflicts.select(COLUMNS)


def _figures(units: pl.DataFrame, reports: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Per uscc with a unit: differs, whether a report from the census year on says otherwise; is_newer."""
    year = pl.col("report_year")
    known = reports.filter(
        (pl.col("submit_date") <= as_of) & (year >= CENSUS_DAY.year) & (year < as_of.year)
    ).select("uscc", "report_year", *FIGURES)
    told = units.select(uscc="true_uscc", **{f"unit_{unit}": unit for unit, _ in FIGURES.values()})
    other = [pl.col(name) * one != pl.col(f"unit_{unit}") for name, (unit, one) in FIGURES.items()]
    later = pl.any_horizontal(pl.col(*FIGURES).is_not_null()) & (year > CENSUS_DAY.year)
    return known.join(told, on="uscc").group_by("uscc").agg(
        differs=pl.any_horizontal(other).fill_null(value=False).any(), is_newer=later.any()
    )  # fmt: skip


def _why_figures() -> pl.Expr:
    slip = pl.col("unit_revenue") == pl.col("reported_revenue") * 50
    return (
        pl.when("is_newer").then(pl.lit("early_report"))
        .when(pl.col("is_census_big") | pl.col("is_census_small")).then(pl.lit("other_size"))
        .when(slip & (pl.col("unit_revenue") > 0)).then(pl.lit("slip"))
    )  # fmt: skip
