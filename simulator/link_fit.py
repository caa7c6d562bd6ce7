"""Fit the weights of the probabilistic link on damaged cases whose truth is known.

Here: a conditional logit, one choice a unit: the subject that is truly its own, or nobody. What it states as
0.95 is therefore right 95 times in 100 on cases like these, rivals included.
Run as `python -m simulator.link_fit`: rewrites reference/link/weights.csv. Seeds from 100 on are held out.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import polars as pl

from reference.link import WEIGHTS_FILE, load_link_tables
from reference.register import load_register_codes
from simulator.link_case import MASKS, Prepared, prepare_case
from simulator.link_damage import damaged_case
from simulator.link_firms import make_firms
from transforms.link_compare import FEATURES, RARITIES
from transforms.link_probable import compared_pairs

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Levels the cases hardly show, set by hand.
GIVEN = {("reg_no", "same"): 4.0, ("door", "road"): 0.5}
SIZES = {1: 40_000, 2: 120_000, 3: 40_000}
_RIDGE = 1.0


def fit() -> pl.DataFrame:
    """Return feature, level, weight from the seeds of `SIZES`, each under every mask of `MASKS`."""
    frames = []
    for seed, size in SIZES.items():
        case = damaged_case(make_firms(size, seed), seed)
        frames += [_choices(prepare_case(case, mask)) for mask in MASKS]
    offsets = np.cumsum([0, *(frame.select(pl.col("unit").max() + 1).item() for frame in frames)])
    rows = pl.concat(
        frame.with_columns(pl.col("unit").cast(pl.Int64) + int(offset))
        for frame, offset in zip(frames, offsets, strict=False)
    ).sort("unit")
    names = _columns(rows)
    weights = _maximise(
        _design(rows, names), rows["is_true"].cast(pl.Float64).to_numpy(), rows["unit"].to_numpy()
    )
    fitted = dict(zip(names, np.round(weights, 3).tolist(), strict=True)) | GIVEN
    rows_of = [(feature, level, weight) for (feature, level), weight in fitted.items()]
    return pl.DataFrame(rows_of, schema=["feature", "level", "weight"], orient="row")


def _choices(prepared: Prepared) -> pl.DataFrame:
    """The compared pairs of one case, and which of them are true."""
    tables = load_link_tables()
    compared, units, subjects = compared_pairs(
        prepared.rest.lazy(), prepared.free.lazy(), load_register_codes(), replace(tables)
    )
    keys = compared.select(
        unit_key=units.gather(compared["unit"]), subject_key=subjects.gather(compared["subject"])
    )
    truth = keys.join(prepared.truth, on="unit_key", how="left", maintain_order="left")
    is_true = (truth["subject_key"] == truth["true_key"]).fill_null(value=False)
    return compared.with_columns(is_true.alias("is_true"))


def _columns(rows: pl.DataFrame) -> list[tuple[str, str]]:
    levels = [(f, v) for f in FEATURES for v in rows[f].unique().sort().to_list()]
    return [("bias", ""), *levels, *((rarity, "") for rarity in RARITIES.values())]


def _design(rows: pl.DataFrame, names: list[tuple[str, str]]) -> Floats:
    design = np.empty((rows.height, len(names)))
    for at, (feature, level) in enumerate(names):
        if feature == "bias":
            design[:, at] = 1.0
        elif level:
            design[:, at] = (rows[feature] == level).to_numpy()
        else:
            design[:, at] = rows[feature].clip(0.0, 20.0).to_numpy()
    return design


def _maximise(design: Floats, chosen: Floats, unit: Ints) -> Floats:
    """Newton's steps on the penalised log likelihood; `unit` is sorted."""
    starts = np.flatnonzero(np.r_[True, unit[1:] != unit[:-1]])
    group = np.cumsum(np.r_[False, unit[1:] != unit[:-1]])
    weights = np.zeros(design.shape[1])
    height, shares = _likelihood(design, chosen, starts, group, weights)
    for _ in range(50):
        slope = design.T @ (chosen - shares) - _RIDGE * weights
        shared = design * shares[:, None]
        sums = np.add.reduceat(shared, starts, axis=0)
        curve = design.T @ shared - sums.T @ sums + _RIDGE * np.eye(len(weights))
        step, size = np.linalg.solve(curve, slope), 1.0
        while True:
            new, new_shares = _likelihood(design, chosen, starts, group, weights + size * step)
            if new >= height or size < 1e-4:
                break
            size /= 2
        weights, gain, height, shares = weights + size * step, new - height, new, new_shares
        if gain < 1e-3:
            break
    return weights


def _likelihood(
    design: Floats, chosen: Floats, starts: Ints, group: Ints, weights: Floats
) -> tuple[float, Floats]:
    odds = design @ weights
    most = np.maximum(np.maximum.reduceat(odds, starts), 0.0)
    shares = np.exp(odds - most[group])
    total = np.exp(-most) + np.add.reduceat(shares, starts)
    height = (chosen * odds).sum() - (most + np.log(total)).sum() - _RIDGE / 2 * (weights**2).sum()
    return float(height), shares / total[group]


if __name__ == "__main__":
    fit().write_csv(WEIGHTS_FILE)
