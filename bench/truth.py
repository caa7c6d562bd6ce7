"""How true a batch is: precision and recall by rule, link round and address case, on a simulated province.

Here: pure comparisons of truth and lake, which the tests use too, and a small command that prints them.
Not here: reading either (published.py), what is true (simulator/truth.py).

    python -m bench.truth --enterprises 20000 --seed 1
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import polars as pl

from bench.published import (
    ROW,
    Lake,
    Pair,
    Province,
    Screened,
    Truth,
    load_lake,
    load_truth,
    warehouse_table,
)
from bench.truth_cases import CASES, decisions_if, rules_if, screen_cases
from bench.truth_conflicts import conflicts, kept_values
from simulator.simulate import simulate

AS_OF = date(2025, 3, 31)
EVIDENCE_ENDS = ("used", "superseded", "out_of_scope", "excluded", "quarantined")
REGISTER_ENDS = {"target": "used", "superseded": "superseded", "out_of_scope": "out_of_scope",
                 "excluded": "excluded"}  # fmt: skip


def rules(truth: Truth, lake: Lake) -> Pair:
    """Return expected and found (subject_key, rule_id), F02 left out: placement decides it."""
    expected = truth.rules.rename({"subject_key_true": "subject_key"})
    return expected, lake.hits.filter(pl.col("rule_id") != "F02").select("subject_key", "rule_id")


def unplaced(lake: Lake) -> Pair:
    """Return (subject_key, rule_id) of F02 as the placement actually reached asks for it, and as it hit."""
    nowhere = ~pl.col("place_level").is_in(["township", "community"]).fill_null(False)
    expected = lake.enterprises.filter(nowhere & (pl.col("entity_class") != "household"))
    found = lake.hits.filter(pl.col("rule_id") == "F02")
    return expected.select("subject_key", rule_id=pl.lit("F02")), found.select("subject_key", "rule_id")


def decisions(truth: Truth, lake: Lake) -> Pair:
    """Return expected and found (subject_key, entity_class, disposition, primary_rule)."""
    expected = truth.registered.select(
        "entity_class",
        subject_key="subject_key_true",
        disposition="expected_disposition",
        primary_rule="expected_primary_rule",
    )
    return expected, lake.enterprises.select(expected.columns)


def links(truth: Truth, lake: Lake) -> Pair:
    """Return expected and found (source_file, row_no, subject_key, round) of the surely linked units."""
    expected = truth.links.filter(pl.col("subject_key_true").is_not_null())
    sure = lake.units.filter(pl.col("link_strength") != "weak")
    found = sure.select(*ROW, "subject_key", round=pl.col("link_method").str.slice(0, 2))
    return expected.select(*ROW, "round", subject_key="subject_key_true").select(found.columns), found


def townships(truth: Truth, lake: Lake) -> Pair:
    """Return true and found (subject_key, address_case, township_code); found only where one was."""
    expected = truth.registered.select("address_case", "township_code", subject_key="subject_key_true")
    code = pl.when(pl.col("place_level").is_in(["township", "community"])).then(
        pl.col("division_code").str.slice(0, 9)
    )
    found = lake.enterprises.select("subject_key", township_code=code).drop_nulls()
    cases = expected.select("subject_key", "address_case")
    return expected, found.join(cases, on="subject_key", how="left").select(expected.columns)


def quarantine(truth: Truth, lake: Lake) -> Pair:
    """Return expected and found (source_file, row_no) of quarantined rows."""
    expected = truth.defects.filter(pl.col("expected") == "quarantined")
    return expected.select(*ROW), lake.quarantine.select(*ROW).unique()


def evidence_rows(truth: Truth, lake: Lake) -> Pair:
    """Return expected and found (source_file, row_no, defect) of planted evidence rows that must count."""
    ours = pl.col("source").is_in(["registry", "census"])
    planted = truth.defects.filter(~ours).select(*ROW, "defect", "expected")
    reached = planted.join(lake.evidence.select(ROW), on=ROW, how="semi")
    return planted.filter(expected="matched").drop("expected"), reached.drop("expected")


def account(truth: Truth, lake: Lake) -> Pair:
    """Return expected and found row account (source, rows_in and the five ends), sorted by source."""
    ends = pl.concat([_register_ends(truth), _census_ends(truth), _evidence_ends(truth)])
    counted = ends.group_by("source", "end").len().pivot("end", index="source", values="len")
    total = truth.files.group_by("source").agg(pl.col("rows").sum().alias("rows_in"))
    lost = [name for name in EVIDENCE_ENDS[1:] if name not in counted.columns]
    told = total.join(counted, on="source", how="left").with_columns(pl.lit(0).alias(c) for c in lost)
    rest = pl.col("rows_in") - pl.sum_horizontal(pl.col(EVIDENCE_ENDS[1:]).fill_null(0))
    expected = told.select("source", "rows_in", rest.alias("used"), pl.col(EVIDENCE_ENDS[1:]).fill_null(0))
    # The simulator plants no pair that only resemblance could find: what L5 links it counts as open.
    weak = lake.units.filter(pl.col("link_strength") == "weak").height
    more = pl.when(pl.col("source") == "census").then(weak).otherwise(0)
    expected = expected.with_columns(pl.col("used") + more, pl.col("out_of_scope") - more)
    whole = [pl.col("rows_in", *EVIDENCE_ENDS).cast(pl.Int64)]
    found = lake.account.select("source", *whole)
    return expected.select("source", *whole).sort("source"), found.sort("source")


def targets_published(lake: Lake) -> Pair:
    """Return the visit targets of the lake and of fact_visit_target, every column of the latter.

    The only batch there is is the first that lists its firms.
    """
    found = warehouse_table(lake, "from fact_visit_target")
    listed = lake.targets.with_columns(first_target_batch="batch_id")
    return listed.select(found.columns).cast(found.schema), found


def exclusions_published(lake: Lake) -> Pair:
    """Return (subject_key, rule_id, is_primary) of in-scope exclusions, by the lake and by fact_exclusion."""
    decided = lake.enterprises.filter(pl.col("entity_class") != "household")
    hits = lake.hits.filter(pl.col("severity").is_in(["exclude", "hold"])).join(decided, on="subject_key")
    primary = pl.col("rule_id").eq_missing(pl.col("primary_rule"))
    found = warehouse_table(lake, "select subject_key, rule_id, is_primary from fact_exclusion")
    return hits.select("subject_key", "rule_id", is_primary=primary), found


def firms_published(lake: Lake) -> Pair:
    """Return (subject_key, uscc, name, status, division_code) of firms, by the lake and by dim_enterprise."""
    columns = ["subject_key", "uscc", "name", "status", "division_code"]
    firms = lake.enterprises.filter(pl.col("entity_class") != "household")
    found = warehouse_table(lake, f"select {', '.join(columns)} from dim_enterprise where valid_to is null")  # noqa: S608
    return firms.select(columns), found


def _register_ends(truth: Truth) -> pl.DataFrame:
    """Where the register's rows must end that are not used: its subjects' rows, then the extra ones."""
    subjects = truth.registered.select(end=pl.col("expected_disposition").replace_strict(REGISTER_ENDS))
    ends = pl.concat([subjects, _planted_ends(truth, pl.col("source") == "registry").select("end")])
    return ends.select(source=pl.lit("registry"), end="end").filter(pl.col("end") != "used")


def _census_ends(truth: Truth) -> pl.DataFrame:
    outcomes = {"secondary": "superseded", "none": "out_of_scope"}
    end = pl.col("round").replace_strict(outcomes, default=None, return_dtype=pl.String)
    return truth.links.select(source=pl.lit("census"), end=end).drop_nulls()


def _evidence_ends(truth: Truth) -> pl.DataFrame:
    return _planted_ends(truth, ~pl.col("source").is_in(["registry", "census"]))


def _planted_ends(truth: Truth, of: pl.Expr) -> pl.DataFrame:
    lost = pl.col("expected").is_in(list(EVIDENCE_ENDS))
    rows = truth.defects.filter(of & lost).unique(["source", *ROW])
    return rows.select("source", end="expected")


def score(pair: Pair, by: str) -> pl.DataFrame:
    """Return per value of `by`: expected, found, right, precision, recall and coverage (found / expected)."""
    expected, found = pair
    right = expected.join(found, on=expected.columns, how="semi", nulls_equal=True)
    counts = [
        frame.group_by(by).agg(pl.len().cast(pl.Int64).alias(name))
        for name, frame in (("expected", expected), ("found", found), ("right", right))
    ]
    joined = counts[0].join(counts[1], on=by, how="full", coalesce=True).join(counts[2], on=by, how="left")
    whole = joined.with_columns(pl.col("expected", "found", "right").fill_null(0)).sort(by)
    total = whole.select(pl.lit("all").alias(by), pl.col("expected", "found", "right").sum())
    return pl.concat([whole, total]).with_columns(
        precision=pl.col("right") / pl.col("found"),
        recall=pl.col("right") / pl.col("expected"),
        coverage=pl.col("found") / pl.col("expected"),
    )


def differences(pair: Pair, first: int = 5) -> str:
    """Return the first facts that only one side knows as text; empty if both sides agree."""
    expected, found = pair
    missing = expected.join(found, on=expected.columns, how="anti", nulls_equal=True)
    extra = found.join(expected, on=expected.columns, how="anti", nulls_equal=True)
    told = [
        f"{len(rows)} {side}, the first: {rows.sort(rows.columns).head(first).to_dicts()}"
        for side, rows in (("expected but not found", missing), ("found but not expected", extra))
        if len(rows)
    ]
    if not told and len(expected) != len(found):
        told = [f"facts stand twice: {len(expected)} expected, {len(found)} found"]
    return "\n".join(told)


def report(truth: Truth, lake: Lake, cases: Mapping[str, Screened]) -> str:
    """Return the tables of scores, and what differs where both sides should agree wholly.

    `cases`: see `screen_cases`.
    """
    pairs = {
        case: (rules_if(case, truth, anew), decisions_if(case, truth, anew)) for case, anew in cases.items()
    }
    scores = {
        "rules 规则": score(rules(truth, lake), "rule_id"),
        "decisions 结果": score(decisions(truth, lake), "disposition"),
        "links 普查匹配": score(links(truth, lake), "round"),
        "townships 落图": score(townships(truth, lake), "address_case"),
        "conflicts 冲突": score(conflicts(truth, lake), "conflict"),
        **{
            f"changed rules 规则变化, {CASES[case]}": _changed(truth, case, hits)
            for case, (hits, _) in pairs.items()
        },
    }
    exact = {
        "rules": rules(truth, lake), "F02": unplaced(lake), "decisions": decisions(truth, lake),
        "links": links(truth, lake), "quarantine": quarantine(truth, lake),
        "evidence": evidence_rows(truth, lake), "account": account(truth, lake),
        "conflicts": conflicts(truth, lake), "kept values": kept_values(truth, lake),
    }  # fmt: skip
    for case, (hits, decided) in pairs.items():
        exact |= {f"rules, {case}": hits, f"decisions, {case}": decided}
    with pl.Config(tbl_rows=-1, tbl_hide_dataframe_shape=True, tbl_hide_column_data_types=True,
                   float_precision=4, tbl_formatting="MARKDOWN"):  # fmt: skip
        tables = [f"{name}\n{table}" for name, table in scores.items()]
    agree = [f"{name}: {differences(pair) or 'exact'}" for name, pair in exact.items()]
    return "\n\n".join([*tables, "\n".join(agree)])


def _changed(truth: Truth, case: str, hits: Pair) -> pl.DataFrame:
    """The scores of the rules that hit others in this case than as published."""
    rules_named = truth.changed_rules.filter(case=case)["rule_id"].unique().implode()
    return score(hits, "rule_id").filter(pl.col("rule_id").is_in(rules_named))


def publish_province(
    folder: Path, *, enterprises: int, households: int, seed: int, as_of: date = AS_OF
) -> Province:
    """Simulate a province under the folder, run the whole pipeline on it, and return both sides."""
    inbox, home = folder / "inbox", folder / "home"
    simulate(inbox, enterprises=enterprises, households=households, seed=seed, as_of=as_of)
    run_pipeline(inbox, home, as_of)
    return Province(inbox, home, load_truth(inbox), load_lake(home))


def run_pipeline(inbox: Path, home: Path, as_of: date) -> None:
    """Run `zoufang run` as a user would; RuntimeError with its last words if it does not publish."""
    zoufang = Path(sys.executable).with_name("zoufang")
    command = [str(part) for part in (zoufang, "run", "--inbox", inbox, "--home", home, "--as-of", as_of)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"zoufang run ended with {done.returncode}:\n{done.stderr[-3000:]}")


def main() -> None:
    """Simulate, run, print the tables."""
    parser = argparse.ArgumentParser(description="precision and recall of a simulated province")
    parser.add_argument("--enterprises", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--dir", type=Path, help="keep inbox and home here; default: a folder that is removed"
    )
    parser.add_argument("--as-of", type=date.fromisoformat, default=AS_OF)
    given = parser.parse_args()
    size = {"enterprises": given.enterprises, "households": given.enterprises // 10}
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.dir or Path(scratch)
        province = publish_province(folder, **size, seed=given.seed, as_of=given.as_of)
        with tempfile.TemporaryDirectory() as anew:
            print(report(province.truth, province.lake, screen_cases(province, Path(anew))))


if __name__ == "__main__":
    main()
