"""Fit the map from the share of the odds to how often such pairs are right, on cases no weight was fitted on.

Here: an isotonic curve over the best candidates of units, pooled over seeds, under every mask.
Not here: the weights (link_fit.py), reading the curve (transforms/link_score.py).
Run as `python -m simulator.link_calibrate` after link_fit: rewrites reference/link/calibration.csv.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import polars as pl

from reference.link import CALIBRATION_FILE, LinkTables, load_link_tables
from simulator.link_case import MASKS, Prepared, link_case, prepare_case
from simulator.link_damage import damaged_case
from simulator.link_firms import make_firms

Floats = npt.NDArray[np.float64]

SIZES = {21: 300_000, 22: 100_000}
"""Firms by seed: larger registers hold more rivals. Seeds 1 to 3 fit the weights, 100 on are held out."""

LINES = 30
LEAST = 400
"""The curve has at most so many lines, each of at least so many pairs."""


def calibrate() -> pl.DataFrame:
    """Return share and right, both rising from 0 to 1: the isotonic fit by pools of neighbours."""
    cases = []
    for seed, size in SIZES.items():
        case = damaged_case(make_firms(size, seed), seed)
        cases += [best_candidates(prepare_case(case, mask)) for mask in MASKS]
    return isotonic_curve(pl.concat(cases))


def best_candidates(prepared: Prepared) -> pl.DataFrame:
    """One row per unit whose best candidate is its subject's best too: share, is_true."""
    found = link_case(prepared, uncalibrated(load_link_tables())).links.drop_nulls("subject_key")
    judged = found.join(prepared.truth, on="unit_key")
    is_true = (pl.col("subject_key") == pl.col("true_key")).fill_null(False)
    return judged.select(share="probability", is_true=is_true)


def uncalibrated(tables: LinkTables) -> LinkTables:
    """The tables with the share itself as the probability, everything beyond a half linked."""
    straight = pl.DataFrame({"share": [0.0, 1.0], "right": [0.0, 1.0]})
    return replace(tables, calibration=straight, link_from=0.0)


def isotonic_curve(pairs: pl.DataFrame) -> pl.DataFrame:
    """The rising curve nearest to the pairs (share, is_true), pooled where it would fall."""
    ranked = pairs.sort("share")
    lines = max(1, min(LINES, ranked.height // LEAST))
    # Most pairs are nearly certain: lines of equal count in the doubtful part, some beyond .99.
    doubtful = ranked.filter(pl.col("share") < 0.99)
    sure = ranked.filter(pl.col("share") >= 0.99)
    parts = [
        frame.with_columns(line=pl.int_range(pl.len()) * count // pl.max_horizontal(pl.len(), 1) + start)
        for frame, count, start in ((doubtful, lines - lines // 5, 0), (sure, lines // 5, lines))
    ]
    points = (
        pl.concat(parts)
        .group_by("line")
        .agg(pl.col("share").mean(), right=pl.col("is_true").mean(), n=pl.len())
        .sort("line")
    )
    right = pooled(points["right"].to_numpy(), points["n"].to_numpy().astype(np.float64))
    curve = points.select("share", right=pl.Series(right)).with_columns(pl.all().round(5))
    ends = [pl.DataFrame({"share": [at], "right": [at]}) for at in (0.0, 1.0)]
    return pl.concat([ends[0], curve, ends[1]]).unique("share", keep="first", maintain_order=True)


def pooled(right: Floats, weight: Floats) -> Floats:
    """The rising sequence nearest to `right` (least squares): neighbours that fall share their mean."""
    blocks: list[tuple[float, float, int]] = []
    for value, mass in zip(right.tolist(), weight.tolist(), strict=True):
        blocks.append((value, mass, 1))
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
            (low, m, n), (high, k, j) = blocks[-2:]
            blocks[-2:] = [((low * m + high * k) / (m + k), m + k, n + j)]
    return np.concatenate([np.full(n, value) for value, _, n in blocks])


if __name__ == "__main__":
    calibrate().write_csv(CALIBRATION_FILE)
