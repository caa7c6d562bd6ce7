"""Splink 5 on DuckDB over the same two sides: blocking, comparisons and training as its guides advise.

It is given the names already split and the codes already repaired, and only its own work is timed.
"""

import logging
import os
import time
from dataclasses import dataclass

import duckdb
import polars as pl
import splink.comparison_level_library as cll
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

COLUMNS = (
    "unique_id", "uscc", "reg_no", "middle", "core", "trade", "place", "form", "branch", "numbers", "county",
    "city", "town", "door", "opened", "industry",
)  # fmt: skip


@dataclass(frozen=True)
class SplinkRun:
    """What Splink found: every pair above its floor, and what it cost."""

    pairs: pl.DataFrame  # unit_key, subject_key, probability
    seconds: float
    cpu_seconds: float


def run_splink(units: pl.DataFrame, subjects: pl.DataFrame, floor: float = 0.05) -> SplinkRun:
    """Return the pairs of Splink alone; both frames have `COLUMNS`, all text but opened."""
    logging.getLogger("splink").setLevel(logging.ERROR)
    began, cpu = time.perf_counter(), _cpu()
    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    api = DuckDBAPI(connection)
    sides = [
        api.register(frame.select(COLUMNS).to_arrow(), dataset_display_name=name)
        for name, frame in (("subjects", subjects), ("units", units))
    ]
    linker = Linker(sides, _settings(), log_level=logging.ERROR)
    _train(linker)
    predicted = linker.inference.predict(threshold_match_probability=floor)
    columns = {"unit_key": "unique_id_r", "subject_key": "unique_id_l", "probability": "match_probability"}
    found = connection.table(predicted.physical_name).pl().select(**columns)
    return SplinkRun(found, time.perf_counter() - began, _cpu() - cpu)


def best_pairs(found: pl.DataFrame, link_from: float) -> pl.DataFrame:
    """One row per unit at most, and per subject: the pairs that are the best of both sides."""
    ranked = found.filter(pl.col("probability") >= link_from).sort(
        "probability", "unit_key", "subject_key", descending=[True, False, False]
    )
    first = ranked.unique("unit_key", keep="first", maintain_order=True)
    return first.unique("subject_key", keep="first", maintain_order=True)


def _settings() -> SettingsCreator:
    months = cl.CustomComparison(
        output_column_name="opened",
        comparison_levels=[
            cll.NullLevel("opened"),
            cll.ExactMatchLevel("opened"),
            cll.CustomLevel("abs(opened_l - opened_r) <= 2"),
            cll.CustomLevel("abs(opened_l - opened_r) <= 14"),
            cll.ElseLevel(),
        ],
    )
    industry = cl.CustomComparison(
        output_column_name="industry",
        comparison_levels=[
            cll.NullLevel("industry"),
            cll.ExactMatchLevel("industry"),
            cll.CustomLevel("left(industry_l, 2) = left(industry_r, 2)"),
            cll.ElseLevel(),
        ],
    )
    county = cl.CustomComparison(
        output_column_name="county",
        comparison_levels=[
            cll.NullLevel("county"),
            cll.ExactMatchLevel("county"),
            cll.CustomLevel("left(county_l, 4) = left(county_r, 4)"),
            cll.ElseLevel(),
        ],
    )
    return SettingsCreator(
        link_type="link_only",
        comparisons=[
            cl.LevenshteinAtThresholds("uscc", [1, 2]),
            cl.LevenshteinAtThresholds("reg_no", [1]),
            cl.LevenshteinAtThresholds("middle", [1, 2]).configure(term_frequency_adjustments=True),
            cl.ExactMatch("core").configure(term_frequency_adjustments=True),
            cl.ExactMatch("place"), cl.ExactMatch("form"), cl.ExactMatch("branch"), cl.ExactMatch("numbers"),
            county, cl.ExactMatch("town"), cl.ExactMatch("door"), months, industry,
        ],
        blocking_rules_to_generate_predictions=[
            block_on("uscc"), block_on("reg_no"), block_on("middle", "city"), block_on("core", "county"),
            block_on("door", "county"), block_on("opened", "town"),
            block_on("substr(middle, 1, 1)", "trade", "county"),
            block_on("middle", "opened"),
        ],
        retain_matching_columns=False,
    )  # fmt: skip


def _train(linker: Linker) -> None:
    """Prior from codes, u by sampling, m by two rounds of expectation maximisation."""
    training = linker.training
    training.estimate_probability_two_random_records_match(
        [block_on("uscc"), block_on("reg_no"), block_on("middle", "county")], recall=0.9
    )
    training.estimate_u_using_random_sampling(max_pairs=2e6)
    training.estimate_parameters_using_expectation_maximisation(block_on("middle", "county"))
    training.estimate_parameters_using_expectation_maximisation(block_on("opened", "town"))


def _cpu() -> float:
    times = os.times()
    return times.user + times.system
