"""The probabilistic round (L5) on what the exact rounds leave: one to one, doubt named as doubt.

Here: compare, score, settle; the table that people review.
Not here: exact rounds (link.py, link_rounds.py), blocks (link_candidates.py), comparisons (link_compare.py).
"""

from dataclasses import dataclass, replace

import polars as pl

from reference.link import LinkTables
from reference.register import RegisterCodes
from transforms.link import Exact
from transforms.link_candidates import find_candidates
from transforms.link_compare import FEATURES, compare_pairs
from transforms.link_doubt import without_codes
from transforms.link_parties import subject_names, subject_parties, unit_parties, with_numbers
from transforms.link_rounds import may_be_row_of
from transforms.link_score import calibrated, log_odds, with_share

METHOD, STRENGTH = "L5_probable", "weak"
PAIRS_AT_ONCE = 1_000_000

REVIEW = pl.Schema(
    {
        "unit_key": pl.String, "rank": pl.Int64, "subject_key": pl.String, "probability": pl.Float64,
        "why": pl.String, "agreement": pl.String,
    }
)  # fmt: skip
"""One row per unit left to people and candidate: rivals (two about as good), contested (another unit fits
its subject better), uncertain (too little agrees), or why its code is not believed (link_doubt.REFUSED; no
probability is stated); `agreement` names every level compared."""

_IS_OPEN = pl.col("outcome").is_in(["ambiguous", "unlinked"])
"""Links of units that the exact rounds leave to this one."""
_LINKS = ("unit_key", "subject_key", "register_city_code", "outcome", "probability", "candidates")


@dataclass(frozen=True)
class Probable:
    """What the round made of the units it was given."""

    links: pl.DataFrame  # one row per unit, of link.LINKS all but method and strength
    review: pl.DataFrame  # REVIEW
    blocks: pl.DataFrame  # one row per blocking rule, see link_candidates.BLOCKS


def link_probable(
    units: pl.LazyFrame, subjects: pl.LazyFrame, codes: RegisterCodes, tables: LinkTables
) -> Probable:
    """Return links of units to subjects, none linked yet; see `prepare_units`, `conform_registry`.

    linked: the pair is the best of both sides and at least `link_from` probable. ambiguous: a candidate is
    at least `review_from` probable. Else unlinked. No subject is linked twice.
    """
    return _probable(units, subject_names(subjects, codes), codes, tables)


def _probable(units: pl.LazyFrame, names: pl.LazyFrame, codes: RegisterCodes, tables: LinkTables) -> Probable:
    """The same of subjects whose names are told."""
    left = unit_parties(units, codes, tables.towns).collect(engine="streaming")
    right = with_numbers(names).collect(engine="streaming").with_columns(*_rarities())
    found = find_candidates(left, right, tables.caps)
    scored = _scored(found.pairs, left, right, tables)
    settled = _settled(scored, tables)
    owners = _owners(left), _owners(right)
    review = _review(settled, scored, tables)
    return Probable(
        links=_links(settled, owners[0], _by_party(right)),
        review=_described(review, found.pairs, left, right, *owners),
        blocks=found.blocks,
    )


def link_left_over(
    done: Exact,
    units: pl.LazyFrame,
    subjects: pl.LazyFrame,
    codes: RegisterCodes,
    tables: LinkTables,
    named: pl.LazyFrame | None = None,
) -> tuple[pl.DataFrame, Probable]:
    """Return all links in the columns of `link_census`, whose result `done` is, and what this round made.

    Units an exact round called ambiguous are tried again, and stay so with its count unless they link now.
    `named`: `subject_names` of any of the subjects, if told before; they need not be told again.
    """
    exact = done.links
    still_open = exact.lazy().filter(_IS_OPEN).select("unit_key")
    taken = exact.lazy().select("subject_key").drop_nulls()
    made = _probable(
        without_codes(
            units.join(still_open, on="unit_key", how="semi", build_side="force_right"), done.refused
        ),
        _free_names(subjects, taken, codes, named),
        codes,
        tables,
    )
    links = joined_links(exact, made)
    return links, replace(made, review=with_refused(made.review, done.refused, links))


def may_be_left_open(links: pl.DataFrame) -> pl.Expr:
    """Whether a census row is, or hashes like, that of a unit left to this round: source_file, row_no.

    `links`: of `link_census`, with the row of each unit beside.
    """
    return may_be_row_of(links.filter(_IS_OPEN))


def _free_names(
    subjects: pl.LazyFrame, taken: pl.LazyFrame, codes: RegisterCodes, named: pl.LazyFrame | None
) -> pl.LazyFrame:
    """`subject_names` of the subjects that are not taken."""
    free = subjects.join(taken, on="subject_key", how="anti", build_side="force_right")
    if named is None:
        return subject_names(free, codes)
    told = named.select(subject_key="owner")
    rest = free.select("subject_key").join(told, on="subject_key", how="anti").collect(engine="streaming")
    # Other than a join, a filter is asked before the rows are read.
    untold = subjects.filter(pl.col("subject_key").is_in(rest["subject_key"].implode()))
    return pl.concat([still_free(named, taken), subject_names(untold, codes)])


def still_free(named: pl.LazyFrame, taken: pl.LazyFrame) -> pl.LazyFrame:
    """The rows of names whose owner is not taken (subject_key), in their order.

    Of several names that agree equally well the first is compared.
    """
    return named.join(
        taken, left_on="owner", right_on="subject_key", how="anti", build_side="force_right",
        maintain_order="left",
    )  # fmt: skip


def comparable(subjects: pl.LazyFrame, tables: LinkTables) -> pl.LazyFrame:
    """The subjects that the census directory may hold without a code: all but the classes it only samples."""
    return subjects.filter(~pl.col("entity_class").is_in(list(tables.left_out)))


def joined_links(exact: pl.DataFrame, made: Probable) -> pl.DataFrame:
    """The exact links and, where they left a unit open, those of this round: one row per unit."""
    is_linked = pl.col("outcome") == "linked"
    doubted = exact.filter(pl.col("outcome") == "ambiguous").select("unit_key")
    kept = made.links.filter(~is_linked).join(doubted, on="unit_key", how="semi")
    shown = is_linked | (pl.col("outcome") == "ambiguous")
    told = made.links.join(kept, on="unit_key", how="anti").with_columns(
        pl.when(shown).then(pl.lit(METHOD)).alias("method"),
        pl.when(is_linked).then(pl.lit(STRENGTH)).alias("strength"),
    )
    is_told = pl.col("unit_key").is_in(told["unit_key"].implode())
    beside = exact.filter(is_told).select("unit_key", pl.exclude(told.columns))
    return pl.concat([exact.filter(~is_told), told.join(beside, on="unit_key").select(exact.columns)])


def with_refused(review: pl.DataFrame, refused: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """The review and, of units still without a subject, the codes not believed, after their candidates."""
    unlinked = links.filter(pl.col("outcome") != "linked").select("unit_key")
    doubts = refused.join(unlinked, on="unit_key", how="semi").select(
        "unit_key", "subject_key", "why", "agreement"
    )
    both = pl.concat([review, doubts], how="diagonal").unique(
        ["unit_key", "subject_key"], keep="first", maintain_order=True
    )
    ranked = both.sort("unit_key", pl.col("rank").fill_null(review.height + 1), "subject_key")
    return ranked.with_columns(rank=pl.int_range(1, pl.len() + 1).over("unit_key")).cast(REVIEW)


def compared_pairs(
    units: pl.LazyFrame, subjects: pl.LazyFrame, codes: RegisterCodes, tables: LinkTables
) -> tuple[pl.DataFrame, pl.Series, pl.Series]:
    """Return the compared pairs, and the keys of units and subjects by number: what weights are fit on."""
    left = unit_parties(units, codes, tables.towns).collect()
    right = subject_parties(subjects, codes).collect().with_columns(*_rarities())
    pairs = find_candidates(left, right, tables.caps).pairs
    return compare_pairs(pairs, left, right), _owners(left), _owners(right)


def _by_party(side: pl.DataFrame) -> pl.DataFrame:
    return side.unique("party").sort("party")


def _owners(side: pl.DataFrame) -> pl.Series:
    return _by_party(side)["owner"]


def _rarities() -> list[pl.Expr]:
    """In bits, how few of the subjects bear the same 字号 and trade, or the same 字号."""
    everyone = pl.len().cast(pl.Float64)
    return [
        (everyone / pl.len().over(column)).log(2).alias(f"{name}_rarity")
        for name, column in (("words", "middle"), ("core", "core"))
    ]


def _scored(pairs: pl.DataFrame, left: pl.DataFrame, right: pl.DataFrame, tables: LinkTables) -> pl.DataFrame:
    """One row per unit and subject that meet: unit, subject, log_odds, share, probability; in slices."""
    parts = []
    for part in _slices(pairs):
        compared = compare_pairs(part, left, right)
        odds = log_odds(compared, tables.weights)
        parts.append(compared.select("unit", "subject").with_columns(odds))
    shared = with_share(pl.concat(parts))
    return shared.with_columns(calibrated(shared["share"], tables.calibration))


def _slices(pairs: pl.DataFrame) -> list[pl.DataFrame]:
    """The pairs, sorted by unit, in slices that never cut a unit in two."""
    slice_no = (pl.int_range(pl.len()) // PAIRS_AT_ONCE).min().over("u")
    return pairs.with_columns(slice_no.alias("_slice")).partition_by(
        "_slice", maintain_order=True, include_key=False
    ) or [pairs]


def _settled(scored: pl.DataFrame, tables: LinkTables) -> pl.DataFrame:
    """One row per unit with a candidate: its best subject, probability, candidates and outcome."""
    best, share = pl.col("probability"), pl.col("share")
    ranked = scored.sort("unit", "share", "subject", descending=[False, True, False])
    own = ranked.group_by("unit", maintain_order=True).agg(
        pl.col("subject").first(), best.first(), share.first(),
        (best >= tables.show_from).sum().alias("candidates"), share.get(1, null_on_oob=True).alias("second"),
    )  # fmt: skip
    wanted = scored.group_by("subject").agg(share.max().alias("best_of_subject"))
    is_mutual = share >= pl.col("best_of_subject")
    # A share beyond a half has no equal on either side, so that no subject is linked twice.
    outcome = (
        pl.when(is_mutual & (share >= 0.51) & (best >= tables.link_from)).then(pl.lit("linked"))
        .when(best >= tables.review_from).then(pl.lit("ambiguous"))
        .otherwise(pl.lit("unlinked"))
    )  # fmt: skip
    why = (
        pl.when(~is_mutual).then(pl.lit("contested"))
        .when(pl.col("second") >= share / 4).then(pl.lit("rivals"))
        .otherwise(pl.lit("uncertain"))
    )  # fmt: skip
    return own.join(wanted, on="subject").with_columns(outcome.alias("outcome"), why.alias("why"))


def _links(settled: pl.DataFrame, units: pl.Series, subjects: pl.DataFrame) -> pl.DataFrame:
    """One row per unit of the round, those without any candidate too."""
    is_linked = pl.col("outcome") == "linked"
    keys = {"subject_key": "owner", "register_city_code": "register_city_code"}
    found = settled.select(
        pl.col("unit"),
        *(
            pl.when(is_linked).then(subjects[name].gather(settled["subject"])).alias(key)
            for key, name in keys.items()
        ),
        "outcome",
        pl.when(is_linked).then("probability").alias("probability"),
        pl.when(pl.col("outcome") == "unlinked").then(0).otherwise("candidates").cast(pl.Int64)
        .alias("candidates"),
    )  # fmt: skip
    every = units.alias("unit_key").to_frame().with_row_index("unit")
    return every.join(found, on="unit", how="left", maintain_order="left").select(
        "unit_key", *keys, pl.col("outcome").fill_null("unlinked"), "probability",
        pl.col("candidates").fill_null(0),
    ).select(_LINKS)  # fmt: skip


def _review(settled: pl.DataFrame, scored: pl.DataFrame, tables: LinkTables) -> pl.DataFrame:
    """One row per ambiguous unit and candidate worth showing: unit, subject, probability, rank, why."""
    open_units = settled.filter(pl.col("outcome") == "ambiguous").select("unit", "why")
    shown = scored.filter(pl.col("probability") >= tables.show_from).join(open_units, on="unit")
    ranked = shown.sort("unit", "share", "subject", descending=[False, True, False])
    return ranked.with_columns(rank=pl.int_range(1, pl.len() + 1).over("unit")).filter(
        pl.col("rank") <= tables.show_most
    )


def _described(
    review: pl.DataFrame, pairs: pl.DataFrame, left: pl.DataFrame, right: pl.DataFrame,
    units: pl.Series, subjects: pl.Series,
) -> pl.DataFrame:  # fmt: skip
    """The review with keys and, per pair, every level that was compared."""
    wanted = review.select("unit", "subject")
    parties = pairs.with_columns(
        unit=left["party"].gather(pairs["u"]), subject=right["party"].gather(pairs["s"])
    )
    compared = compare_pairs(
        parties.join(wanted, on=["unit", "subject"], how="semi", maintain_order="left").select(pairs.columns),
        left, right,
    )  # fmt: skip
    told = pl.concat_str([pl.lit(f"{feature}=") + pl.col(feature) for feature in FEATURES], separator=" ")
    return review.join(
        compared.select("unit", "subject", told.alias("agreement")), on=["unit", "subject"], how="left",
        maintain_order="left",
    ).select(
        units.gather(review["unit"]).alias("unit_key"), "rank",
        subjects.gather(review["subject"]).alias("subject_key"), "probability", "why", "agreement",
    ).cast(REVIEW)  # fmt: skip
