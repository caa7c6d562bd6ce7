"""A damaged case as the link sees it: staged rows, exact rounds, what they leave, and the truth by key.

Here: the same steps that a run takes, for fitting, tests and benchmarks.
Not here: the damage (link_damage.py).
"""

from dataclasses import dataclass
from datetime import date

import polars as pl

from reference.contracts import load_contracts
from reference.link import LinkTables, load_link_tables
from reference.register import load_register_codes
from simulator.link_damage import LinkCase
from transforms.conform import conform_registry
from transforms.ingest import staged_schema
from transforms.link import Exact, link_census, prepare_units
from transforms.link_doubt import without_codes
from transforms.link_probable import Probable, joined_links, link_probable

AS_OF = date(2025, 3, 31)
MASKS: dict[str, tuple[str, ...]] = {
    "all": (),
    "no_dates": ("est_date", "open_ym"),
    "no_addresses": ("dom_addr", "loc_addr"),
    "no_industry": ("industry_code", "ind_code"),
    "no_dates_no_industry": ("est_date", "open_ym", "industry_code", "ind_code"),
    "names_and_counties": ("est_date", "open_ym", "industry_code", "ind_code", "dom_addr", "loc_addr"),
}
"""What a pair of files may leave out: the columns set to null."""


@dataclass(frozen=True)
class Prepared:
    """Both sides conformed, the exact links, and what is left for the probabilistic round."""

    subjects: pl.DataFrame
    units: pl.DataFrame
    exact: Exact
    rest: pl.DataFrame  # units neither linked nor secondary
    free: pl.DataFrame  # subjects not linked
    truth: pl.DataFrame  # unit_key, true_key (null: nobody), kind, sibling


def prepare_case(case: LinkCase, mask: str = "all") -> Prepared:
    """Return the case after the exact rounds, without the columns that the mask leaves out."""
    codes = load_register_codes()
    registry = _staged("registry", case.subjects, "subject_id", MASKS[mask])
    census = _staged("census", case.units, "unit_id", MASKS[mask])
    subjects = conform_registry(registry, codes, AS_OF).subjects.collect()
    units = prepare_units(census, codes).collect()
    exact = link_census(units.lazy(), subjects.lazy(), codes, load_link_tables())
    open_units = exact.links.filter(pl.col("outcome").is_in(["ambiguous", "unlinked"]))
    linked = exact.links.filter(pl.col("outcome") == "linked")
    keys = subjects.select(true_key="subject_key", subject_id="row_no")
    truth = case.truth.with_columns(pl.col("unit_id", "subject_id").cast(pl.Int64))
    numbered = units.select("unit_key", unit_id="row_no").join(truth, on="unit_id")
    return Prepared(
        subjects, units, exact,
        without_codes(units.join(open_units, on="unit_key", how="semi").lazy(), exact.refused).collect(),
        subjects.join(linked, on="subject_key", how="anti"),
        numbered.join(keys, on="subject_id", how="left").drop("unit_id", "subject_id"),
    )  # fmt: skip


def link_case(prepared: Prepared, tables: LinkTables) -> Probable:
    """Return the probabilistic round of the case."""
    return link_probable(prepared.rest.lazy(), prepared.free.lazy(), load_register_codes(), tables)


def all_links(prepared: Prepared, probable: Probable | None) -> pl.DataFrame:
    """One row per unit: unit_key, subject_key, outcome, probability of both halves of the link together."""
    columns = ["unit_key", "subject_key", "outcome", "probability"]
    exact = prepared.exact.links
    return (exact if probable is None else joined_links(exact, probable)).select(columns)


def score_links(links: pl.DataFrame, truth: pl.DataFrame, by: str | None = None) -> pl.DataFrame:
    """One row per group of `by`, or one in all: units, true, linked, right, precision, recall, f1."""
    is_right = (pl.col("subject_key") == pl.col("true_key")).fill_null(False)
    judged = truth.join(links, on="unit_key", how="left").with_columns(is_right=is_right)
    key = [pl.col(by)] if by else [pl.lit("all").alias("group")]
    counted = judged.group_by(key).agg(
        units=pl.len(), true=pl.col("true_key").count(), linked=pl.col("subject_key").count(),
        right=pl.col("is_right").sum(),
    )  # fmt: skip
    return counted.with_columns(
        precision=pl.col("right") / pl.col("linked"), recall=pl.col("right") / pl.col("true"),
        f1=2 * pl.col("right") / (pl.col("linked") + pl.col("true")),
    ).sort(pl.first())  # fmt: skip


def _staged(source: str, rows: pl.DataFrame, id_column: str, without: tuple[str, ...]) -> pl.LazyFrame:
    schema = staged_schema(load_contracts()[source])
    named = rows.drop(without, strict=False).with_columns(
        source_file=pl.lit("case"), row_no=pl.col(id_column).cast(pl.Int64)
    )
    return named.select(
        (pl.col(name) if name in named.columns else pl.lit(None)).cast(kind).alias(name)
        for name, kind in schema.items()
    ).lazy()
