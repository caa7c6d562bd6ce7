"""Drift against the batch before: each way to pass a limit or not, and what must hold of any two batches."""

import csv
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.drift import DriftLimit, load_drift
from transforms.drift import COUNTS, KEYS, batch_counts, drift

GOLDEN = Path(__file__).parents[1] / "golden" / "batches" / "drift.csv"
CASES = list(csv.DictReader(GOLDEN.read_text(encoding="utf-8").splitlines()))
CATEGORIES = ("zombie", "shell")


def limit(name: str, of: str, kind: str, most: float, base: int, **own: float) -> DriftLimit:
    return DriftLimit(name, of, kind, "中", "en", most, base, "basis", "remedy", own)  # type: ignore[arg-type]


LIMITS = {
    one.id: one
    for one in (
        limit("targets", "county", "count", 0.10, 200),
        limit("excluded_share", "county", "share", 0.03, 300),
        limit("placed_share", "county", "share", 0.03, 300),
        limit("rows_in", "source", "count", 0.30, 200, registry=0.05),
        limit("used_share", "source", "share", 0.05, 500),
        limit("quarantined_share", "source", "share", 0.005, 500),
    )
}


def one_figure(case: dict[str, str], side: str) -> pl.DataFrame:
    """The only figure of one side of a case, or none."""
    if not case[f"part_{side}"]:
        return COUNTS.to_frame()
    is_source = bool(case["source"])
    row = {
        "measure": case["measure"],
        "level": "source" if is_source else "county",
        "county_code": None if is_source else "330106",
        "source": case["source"] or None,
        "part": int(case[f"part_{side}"]),
        "whole": int(case[f"whole_{side}"]) if case[f"whole_{side}"] else None,
    }
    return pl.DataFrame([row], schema=COUNTS)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_each_way_to_pass_a_limit_or_not(case: dict[str, str]) -> None:
    [found] = drift(one_figure(case, "before"), one_figure(case, "after"), LIMITS).to_dicts()
    expected = {k: float(case[k]) if case[k] else None for k in ("change", "relative")}
    assert {k: found[k] for k in expected} == pytest.approx(expected, abs=1e-6)
    assert found["is_alert"] == (case["is_alert"] == "true")


PLACES = [("330100", "330106"), ("330100", "330108"), ("330100", None), ("330200", "330203"), (None, None)]
FIRMS = st.integers(0, 3000)


@st.composite
def batches(draw: st.DrawFn, most: int = 3000) -> pl.DataFrame:
    """The figures of a batch of some counties and sources."""
    firms = st.integers(0, most)
    places = draw(st.lists(st.sampled_from(PLACES), unique=True))
    counties, exclusions = [], []
    for city, county in places:
        targets, gone = draw(firms), [draw(firms) // 4 for _ in CATEGORIES]
        placed = draw(st.integers(0, targets))
        counties.append((city, county, targets, placed, sum(gone)))
        exclusions += [(city, county, c, n) for c, n in zip(CATEGORIES, gone, strict=True) if n]
    account = []
    for source in draw(st.lists(st.sampled_from(["registry", "customs"]), unique=True)):
        rows = draw(firms)
        account.append((source, rows, draw(st.integers(0, rows)), draw(st.integers(0, rows))))
    return counts_of(counties, exclusions, account)


def counts_of(counties: list[Any], exclusions: list[Any], account: list[Any]) -> pl.DataFrame:
    place = {"city_code": pl.String, "county_code": pl.String}
    figures = dict.fromkeys(("targets", "placed_targets", "excluded"), pl.Int64)
    rows = dict.fromkeys(("rows_in", "used", "quarantined"), pl.Int64)
    return batch_counts(
        pl.DataFrame(counties, schema={**place, **figures}, orient="row"),
        pl.DataFrame(exclusions, schema={**place, "category": pl.String, "excluded": pl.Int64}, orient="row"),
        pl.DataFrame(account, schema={"source": pl.String, **rows}, orient="row"),
        CATEGORIES,
    )


@settings(max_examples=60, deadline=None)
@given(batch=batches())
def test_the_same_batch_twice_is_no_alert(batch: pl.DataFrame) -> None:
    found = drift(batch, batch, LIMITS)
    assert found.height == batch.height
    assert not found["is_alert"].any()
    assert found["change"].drop_nulls().abs().sum() == 0


@settings(max_examples=60, deadline=None)
@given(before=batches(most=30), after=batches(most=30))
def test_small_numbers_are_never_alerted(before: pl.DataFrame, after: pl.DataFrame) -> None:
    """Thirty firms in each of five counties are below every base, but for the province's 150 as well."""
    assert not drift(before, after, LIMITS)["is_alert"].any()


@settings(max_examples=100, deadline=None)
@given(before=batches(), after=batches())
def test_an_alert_is_what_its_limit_says_in_exact_numbers(before: pl.DataFrame, after: pl.DataFrame) -> None:
    found = drift(before, after, LIMITS)
    keys = [tuple(row) for part in (before, after) for row in part.select(KEYS).rows()]
    assert sorted(map(repr, set(keys))) == sorted(map(repr, found.select(KEYS).rows()))
    for row in found.to_dicts():
        assert row["is_alert"] == passes(row, LIMITS[row["measure"]]), row


def passes(row: dict[str, Any], limit: DriftLimit) -> bool:
    most = Fraction(str(limit.max_change_by_source.get(row["source"], limit.max_change)))
    if limit.kind == "count":
        base = max(row["part_before"], row["part_after"])
        change = abs(row["part_after"] - row["part_before"])
        return base >= limit.min_base and change > most * row["part_before"]
    wholes = [row["whole_before"] or 0, row["whole_after"] or 0]
    if min(wholes) < limit.min_base:
        return False
    return abs(Fraction(row["part_after"], wholes[1]) - Fraction(row["part_before"], wholes[0])) > most


@settings(max_examples=30, deadline=None)
@given(batch=batches())
def test_the_province_sums_its_counties_and_shares_are_of_candidates(
    batch: pl.DataFrame,
) -> None:
    sums = {
        level: {
            (row["measure"], row["category"]): (row["part"], row["whole"])
            for row in part.group_by("measure", "category").agg(
                pl.col("part").sum(), pl.when(pl.col("whole").count() > 0).then(pl.col("whole").sum())
            ).to_dicts()
        }
        for (level,), part in batch.filter(pl.col("level") != "source").group_by("level")
    }  # fmt: skip
    assert sums.get("province") == sums.get("county")
    excluded = batch.filter((pl.col("measure") == "excluded_share") & (pl.col("level") == "county"))
    keys = ["city_code", "county_code"]
    whole, each = (excluded.filter(is_all) for is_all in (_ALL, ~_ALL))
    summed = each.group_by(keys).agg(pl.col("part").sum())
    assert whole.select(*keys, "part").sort(keys).equals(summed.sort(keys))
    targets = batch.filter((pl.col("measure") == "targets") & (pl.col("level") == "county"))
    candidates = targets.select("part").to_series() + whole["part"]
    assert candidates.to_list() == whole["whole"].to_list()


_ALL = pl.col("category") == "all"


def test_the_limits_in_force_name_the_figures_there_are() -> None:
    there = counts_of([("330100", "330106", 1, 1, 0)], [], [("registry", 1, 1, 0)])
    measured = set(there.select("measure", pl.col("level").replace("province", "county")).rows())
    assert {(one.id, one.of) for one in load_drift().values()} == measured
    for one in load_drift().values():
        assert 0 < one.max_change < 1, one.id
        assert all((one.zh, one.en, one.basis, one.remedy, one.min_base)), one.id


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("min_base", "missing keys .*min_base"),
        ("zh", "missing keys .*zh"),
        ("twice", "a measure occurs twice"),
        ("strange", "unknown or missing keys .*strange"),
        ("kind", "kind is count or share"),
    ],
)
def test_a_file_of_limits_with_a_mistake_is_refused(tmp_path: Path, wrong: str, told: str) -> None:
    entry = {
        "id": "targets", "of": "county", "kind": "count", "zh": "户数", "en": "firms", "max_change": 0.1,
        "min_base": 1, "basis": "b", "remedy": "r",
    }  # fmt: skip
    changed = {
        "min_base": [{k: v for k, v in entry.items() if k != "min_base"}],
        "zh": [{k: v for k, v in entry.items() if k != "zh"}],
        "twice": [entry, entry],
        "strange": [entry | {"strange": 1}],
        "kind": [entry | {"kind": "ratio"}],
    }
    path = tmp_path / "drift.yml"
    rows = ["{" + ", ".join(f"{k}: {v}" for k, v in one.items()) + "}" for one in changed[wrong]]
    path.write_text("measures:\n" + "".join(f"- {row}\n" for row in rows), encoding="utf-8")
    with pytest.raises(ValueError, match=told):
        load_drift(path)
