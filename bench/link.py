"""Linkage on damaged records whose truth is known: exact rounds, exact and probabilistic, Splink alone.

Run as `python -m bench.link --firms 100000 --seed 101 102 103 [--no-splink] [--mask no_dates]`: one table per
kind of damage, time, pairs, the ratio to Splink on the same data in the same process, peak memory; and
calibration over all seeds. Splink runs over the first seed only.
"""

import argparse
import json
import os
import resource
import time
from pathlib import Path
from typing import Any

import polars as pl

from reference.link import load_link_tables
from reference.register import load_register_codes
from simulator.link_case import MASKS, Prepared, all_links, link_case, prepare_case, score_links
from simulator.link_damage import WITH_CODE, damaged_case
from simulator.link_firms import make_firms
from simulator.link_real import firms_of
from transforms.link_parties import subject_parties, unit_parties


def main() -> None:
    """Measure and print; `--json FILE` also writes the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--firms", type=int, default=100_000)
    parser.add_argument(
        "--seed", type=int, nargs="+", default=[101], help="seeds from 100 on were never fitted on"
    )
    parser.add_argument("--mask", choices=list(MASKS), default="all")
    parser.add_argument("--no-splink", action="store_true")
    parser.add_argument("--json", type=Path)
    parser.add_argument(
        "--register", type=Path, help="Parquet of real rows: their names instead of invented ones"
    )
    asked = parser.parse_args()
    runs: list[dict[str, Any]] = []
    for seed in asked.seed:
        splink = not asked.no_splink and not runs
        runs.append(measure(_firms(asked.register, asked.firms, seed), seed, asked.mask, splink=splink))
        print(_text(runs[-1]))
    pooled = pool_calibration([row for run in runs for row in run["calibration"]])
    print(_calibration_text(pooled))
    if asked.json:
        figures = {"runs": runs, "calibration": pooled}
        asked.json.write_text(json.dumps(figures, ensure_ascii=False, indent=1), encoding="utf-8")


def _firms(register: Path | None, firms: int, seed: int) -> pl.DataFrame:
    if register is None:
        return make_firms(firms, seed)
    rows = pl.read_parquet(register).select(
        uscc="统一社会信用代码", name="企业名称", address="注册地址",
        est_date=pl.col("注册日期").cast(pl.String).str.to_date("%Y-%m-%d", strict=False),
    )  # fmt: skip
    real = firms_of(rows)
    return real.sample(min(firms, real.height), seed=seed)


def measure(firms: pl.DataFrame, seed: int, mask: str = "all", *, splink: bool = True) -> dict[str, Any]:
    """Return precision, recall, F1 and time of each way: over all units, by kind, without a usable code."""
    case = damaged_case(firms, seed)
    began, cpu = time.perf_counter(), _cpu()
    prepared = prepare_case(case, mask)
    middle, middle_cpu = time.perf_counter(), _cpu()
    probable = link_case(prepared, load_link_tables())
    ended, ended_cpu = time.perf_counter(), _cpu()
    links = all_links(prepared, probable)
    figures: dict[str, Any] = {
        "firms": firms.height, "seed": seed, "mask": mask,
        "subjects": prepared.subjects.height, "units": prepared.units.height,
        "pairs": int(probable.blocks["pairs"].sum()),
        "left_out_pairs": int(probable.blocks["left_out_pairs"].sum()),
        "worst_block": probable.blocks.sort("worst_pairs").tail(1).to_dicts()[0],
        "exact": {"seconds": middle - began, "cpu_seconds": middle_cpu - cpu}
        | _scores(all_links(prepared, None), prepared),
        "exact_and_probable": {"seconds": ended - began, "cpu_seconds": ended_cpu - cpu}
        | _scores(links, prepared),
        "outcomes": dict(links.group_by("outcome").len().sort("outcome").iter_rows()),
        "calibration": _calibration(probable.links, prepared.truth),
        "peak_mb_without_splink": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }  # fmt: skip
    if splink:
        figures["splink"] = _splink(prepared)
    return figures


def _splink(prepared: Prepared) -> dict[str, Any]:
    from bench.link_splink import best_pairs, run_splink

    codes, tables = load_register_codes(), load_link_tables()
    units = _plain(unit_parties(prepared.units.lazy(), codes, tables.towns).collect())
    subjects = _plain(subject_parties(prepared.subjects.lazy(), codes).collect())
    done = run_splink(units, subjects)
    tried = {}
    for link_from in (0.5, 0.8, 0.9, 0.95, 0.99, 0.999):
        chosen = best_pairs(done.pairs, link_from)
        tried[link_from] = _scores(chosen, prepared)
    best = max(tried, key=lambda at: tried[at]["all"]["f1"])
    return {
        "seconds": done.seconds, "cpu_seconds": done.cpu_seconds, "pairs_above_floor": done.pairs.height,
        "best_threshold": best, **tried[best],
    }  # fmt: skip


def _plain(parties: pl.DataFrame) -> pl.DataFrame:
    """The parties in the columns Splink gets: one row each (its current name), empty text as null."""
    first = parties.unique("owner", keep="first", maintain_order=True)
    words = [
        pl.when(pl.col(name) != "").then(name).alias(name)
        for name in ("middle", "core", "trade", "place", "form", "branch", "numbers")
    ]
    return first.with_columns(*words, unique_id="owner", uscc="code", city=pl.col("county").str.slice(0, 4))


def _scores(links: pl.DataFrame, prepared: Prepared) -> dict[str, Any]:
    """Scores over all units, over those without a usable code, and by kind of damage."""
    truth = prepared.truth
    chosen = links.select("unit_key", "subject_key")
    no_code = truth.filter(~pl.col("kind").is_in(list(WITH_CODE)))
    shown = ("units", "precision", "recall", "f1")
    return {
        "all": score_links(chosen, truth).select(shown).to_dicts()[0],
        "no_usable_code": score_links(chosen, no_code).select(shown).to_dicts()[0],
        "by_kind": score_links(chosen, truth, "kind").select("kind", *shown).to_dicts(),
        "by_sibling": score_links(chosen, truth, "sibling").select("sibling", *shown).to_dicts(),
    }


def _calibration(links: pl.DataFrame, truth: pl.DataFrame) -> list[dict[str, Any]]:
    """Per range of stated probability: links, what was stated, what was right."""
    made = links.filter(pl.col("outcome") == "linked").join(truth, on="unit_key")
    right = (pl.col("subject_key") == pl.col("true_key")).fill_null(value=False)
    edges = pl.col("probability").mul(20).floor().truediv(20)
    return (
        made.group_by(edges.alias("from"))
        .agg(links=pl.len(), stated=pl.col("probability").mean(), right=right.mean())
        .sort("from")
        .to_dicts()
    )


def pool_calibration(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the ranges of several runs as one: from, links, stated and right on average."""
    weight = pl.col("links") / pl.col("links").sum()
    shares = [(pl.col(name) * weight).sum().alias(name) for name in ("stated", "right")]
    pooled = pl.DataFrame(rows).group_by("from").agg(*shares, pl.col("links").sum()).sort("from")
    return pooled.select("from", "links", "stated", "right").to_dicts()


def calibration_error(rows: list[dict[str, Any]], below: float = 2.0) -> float:
    """Return how far stated and right lie apart in a range, averaged over links stated below a bound."""
    counted = [row for row in rows if row["from"] < below - 1e-9]
    links = sum(row["links"] for row in counted)
    apart = sum(abs(row["stated"] - row["right"]) * row["links"] for row in counted)
    return float(apart / max(links, 1))


def _calibration_text(rows: list[dict[str, Any]]) -> str:
    lines = ["", "| stated from | links | stated | right |", "|---|---|---|---|"]
    lines += [
        f"| {row['from']:.2f} | {row['links']:,} | {row['stated']:.3f} | {row['right']:.3f} |" for row in rows
    ]
    errors = f"{calibration_error(rows):.4f}; of those stated below .95: {calibration_error(rows, 0.95):.4f}"
    return "\n".join([*lines, f"calibration error, weighted by links: {errors}"])


def _text(figures: dict[str, Any]) -> str:
    ways = [way for way in ("exact", "exact_and_probable", "splink") if way in figures]
    lines = [
        f"{figures['subjects']:,} subjects × {figures['units']:,} units, seed {figures['seed']}, "
        f"{figures['mask']}: {figures['pairs']:,} pairs compared, {figures['left_out_pairs']:,} left out",
        f"worst block: {figures['worst_block']}",
        f"outcomes: {figures['outcomes']}",
        f"peak memory before Splink: {figures['peak_mb_without_splink']} MB", "",
        "| way | seconds | CPU s | precision | recall | F1 | no code: precision | recall | F1 |",
        "|---|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for way in ways:
        own = figures[way]
        scores = [
            own[group][name] for group in ("all", "no_usable_code") for name in ("precision", "recall", "f1")
        ]
        lines.append(
            f"| {way} | {own['seconds']:.1f} | {own['cpu_seconds']:.1f} | "
            + " | ".join(f"{score:.4f}" for score in scores)
            + " |"
        )
    if "splink" in figures:
        ratio = figures["exact_and_probable"]["cpu_seconds"] / figures["splink"]["cpu_seconds"]
        lines.append(
            f"\nours / Splink, CPU: {ratio:.2f} (Splink links from {figures['splink']['best_threshold']})"
        )
    lines += ["", "| damage | units | " + " | ".join(f"{way} P / R" for way in ways) + " |"]
    lines.append("|---|---|" + "---|" * len(ways))
    for rows in zip(*(figures[way]["by_kind"] for way in ways), strict=True):
        cells = [f"{(row['precision'] or 0):.4f} / {(row['recall'] or 0):.4f}" for row in rows]
        lines.append(f"| {rows[0]['kind']} | {rows[0]['units']:,} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cpu() -> float:
    times = os.times()
    return times.user + times.system


if __name__ == "__main__":
    main()
