"""Placement measured on real addresses it has not seen: right, precision, coverage and calibration by class.

`python -m bench.place --registrations FILE --labelled FILE`: three rows in ten (or `--tenths`) are held back;
what ships is distilled anew from the others, so that no held-back row teaches. Of the held-back rows that
name their town a third stays, a third loses its county, a third its town. One file, the city in a column, as
bureaus know it.
"""

import argparse
import resource
import subprocess
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from bench.distil_places import measure, names_to_ship, roads_to_ship, teaching_rows
from reference.divisions import Gazetteer, load_gazetteer
from reference.places import PlaceKnowledge, load_places
from reference.text_tables import load_text_tables
from transforms.place import CERTAIN, place_read, read_addresses
from transforms.place_heads import decide_heads
from transforms.place_index import (
    common_names,
    known_villages,
    learn_places,
    make_lookup,
    merge_facts,
    shipped_facts,
)
from transforms.place_names import HEAD, with_head
from transforms.place_text import with_main_text

HELD_BACK, OF = 3, 10
"""Tenths of the rows held back unless told: many measure better, few leave more to teach."""
PEER_ROWS = 3_000
CLASSES = ("as written", "county left out", "hidden town", "labelled", "no current town")


@dataclass(frozen=True)
class Sources:
    """Where the real addresses lie, and which of them take part in the measurement; such rows never teach."""

    registrations: Path
    labelled: Path
    seed: int
    tenths: int

    def held_back(self, column: str = "address") -> pl.Expr:
        """Return whether a row takes part."""
        return pl.col(column).hash(self.seed) % OF < self.tenths


def distilled(sources: Sources, gazetteer: Gazetteer) -> PlaceKnowledge:
    """Return the place knowledge as it would ship if only the rows not held back were known."""
    places = load_places()
    rows = teaching_rows(sources.registrations, sources.labelled).filter(~sources.held_back())
    taught = read_addresses(rows, gazetteer, places, load_text_tables()).collect()
    taught = taught.filter(pl.col("method").is_in(CERTAIN))
    villages = known_villages(places, gazetteer.villages.select("township_code", "village"))
    trust, confidence = measure(taught, villages, gazetteer, places)
    facts = learn_places(taught.unique("row_id", maintain_order=True).lazy())
    return replace(
        places,
        trust=trust,
        confidence=confidence.sort("margin"),
        names=names_to_ship(facts, places.kinds),
        roads=roads_to_ship(facts),
    )


def questions(sources: Sources, gazetteer: Gazetteer) -> pl.DataFrame:
    """One row per held-back address: address, city_hint, truth (township code or null), case."""
    rows = teaching_rows(sources.registrations, sources.labelled).filter(sources.held_back()).collect()
    is_real = (
        pl.int_range(pl.len())
        < pl.scan_parquet(sources.registrations)
        .filter(sources.held_back("注册地址"))
        .select(pl.len())
        .collect()
        .item()
    )
    rows = rows.with_columns(is_real=is_real)
    clean = with_main_text(
        rows.with_columns(raw="address").lazy(), gazetteer.province[1], load_text_tables().lookalikes
    )
    headed = with_head(clean.rename({"raw": "address"}), gazetteer).collect()
    told = decide_heads(headed.lazy().select("head", *HEAD).unique("head"), gazetteer)
    named = told.select("head", "text_scope", "alias", "name_town", "is_exact", "city_town").collect()
    read = headed.join(named, on="head", how="left", maintain_order="left")
    written = read.filter(pl.col("is_real") & pl.col("name_town").is_not_null() & pl.col("is_exact"))
    third = pl.col("address").hash(sources.seed + 1) % 3
    without_town = _cut(pl.col("text"), pl.col("alias"))
    without_county = pl.coalesce(
        pl.when(pl.col("text").str.contains(pl.col("text_scope"), literal=True)).then(
            _cut(pl.col("text"), pl.col("text_scope"))
        ),
        "text",
    )
    lost = pl.col("text_scope").is_not_null() & pl.col("text").str.contains(
        pl.col("text_scope"), literal=True
    )
    parts = [
        written.filter(third == 0).select("address", "city_hint", truth="name_town", case=pl.lit(CLASSES[0])),
        written.filter((third == 1) & lost).select(
            "city_hint", address=without_county, truth="name_town", case=pl.lit(CLASSES[1])
        ),
        written.filter(third == 2).select(
            "city_hint", address=without_town, truth="name_town", case=pl.lit(CLASSES[2])
        ),
        read.filter(pl.col("is_real") & pl.coalesce("name_town", "city_town").is_null()).select(
            "address", "city_hint", truth=pl.lit(None, pl.String), case=pl.lit(CLASSES[4])
        ),
    ]
    columns = ["address", "city_hint", "truth", "case"]
    return pl.concat([*(part.select(columns) for part in parts), labelled_questions(sources, gazetteer)])


def labelled_questions(sources: Sources, gazetteer: Gazetteer) -> pl.DataFrame:
    """The hand-labelled addresses whose labelled county and town name one township of the division table."""
    towns = gazetteer.towns.select(district="scope", town="alias", truth="township_code")
    return (
        pl.read_parquet(sources.labelled)
        .filter(pl.col("prov").str.contains("浙江") & sources.held_back())
        .join(towns, on=["district", "town"])
        .select("address", "truth", city_hint="city", case=pl.lit(CLASSES[3]))
        .select("address", "city_hint", "truth", "case")
    )


def _cut(text: pl.Expr, name: pl.Expr) -> pl.Expr:
    parts = text.str.splitn(name, 2).struct
    return pl.concat_str(parts.field("field_0"), parts.field("field_1").fill_null(""))


def answers(asked: pl.DataFrame, gazetteer: Gazetteer, places: PlaceKnowledge) -> pl.DataFrame:
    """The questions as one file through the ladder, the file itself teaching beside what ships."""
    none = pl.lit(None, pl.String)
    rows = asked.lazy().with_row_index("row_id").with_columns(division_code=none, county_hint=none)
    columns = ("row_id", "address", "division_code", "city_hint", "county_hint")
    read = read_addresses(rows.select(columns), gazetteer, places, load_text_tables()).collect()
    taught = learn_places(read.lazy().filter(pl.col("method").is_in(CERTAIN)))
    known = shipped_facts(places, gazetteer.villages.select("township_code", "village"))
    common = common_names(known, places.limits)
    lookup = make_lookup(merge_facts([known, taught]), gazetteer.units, places.trust, common, places.limits)
    placed = place_read(read.lazy(), gazetteer, places, lookup).collect()
    return asked.with_row_index("row_id").join(placed, on="row_id", how="left")


def report(answered: pl.DataFrame) -> None:
    """Print right, precision and coverage by class, and stated against found confidence."""
    in_town = pl.col("level").is_in(["township", "community"])
    town = pl.when(in_town).then(pl.col("division_code").str.slice(0, 9))
    judged = answered.with_columns(
        is_placed=town.is_not_null(), is_right=(town == pl.col("truth")).fill_null(False)
    )
    _report_classes(judged)
    _report_calibration(judged.filter(pl.col("truth").is_not_null() & pl.col("is_placed")))
    methods = judged.group_by("case", "method").agg(pl.len(), pl.col("is_right").mean())
    print("\nmethod by class, share right where the town is known")
    for case, method, rows, right in methods.sort("case", "len", descending=[False, True]).iter_rows():
        print(f"  {case:18}{method or '-':18}{rows:>8,}{right:>8.3f}")


def _report_classes(judged: pl.DataFrame) -> None:
    right, placed = pl.col("is_right"), pl.col("is_placed")
    stated = pl.col("confidence").filter(placed).mean()
    print(f"{'class':18}{'rows':>8}{'placed':>9}{'right':>9}{'precision':>11}{'stated':>9}")
    for case in CLASSES:
        part = judged.filter(pl.col("case") == case)
        row = part.select(pl.len(), placed.mean(), right.mean(), r=right.sum() / placed.sum(), c=stated).row(
            0
        )
        known = part["truth"].null_count() < part.height
        shown = f"{row[2]:>9.4f}{row[3]:>11.4f}" if known else f"{'':>20}"
        print(f"{case:18}{row[0]:>8,}{row[1]:>9.4f}{shown}{row[4]:>9.4f}")


def _report_calibration(known: pl.DataFrame) -> None:
    bands = (
        known.group_by(band=(pl.col("confidence") * 20).floor() / 20)
        .agg(pl.len(), stated=pl.col("confidence").mean(), found=pl.col("is_right").mean())
        .sort("band")
    )
    print("\ncalibration (rows with a known town)\n    band    rows  stated   found")
    for band, count, stated, found in bands.iter_rows():
        print(f"  {band:>6.2f}{count:>8,}{stated:>8.3f}{found:>8.3f}")
    off = (pl.col("stated") - pl.col("found")).abs() * pl.col("len")
    print(f"  expected calibration error {bands.select(off.sum() / pl.col('len').sum()).item():.4f}")


def report_peers(answered: pl.DataFrame, interpreter: Path, gazetteer: Gazetteer) -> None:
    """Print how many towns ours and the peers name rightly on one sample, and the peers' rates.

    `interpreter`: a Python that has what bench/peers.txt lists. A town is right if its name is.
    """
    known = answered.filter(pl.col("truth").is_not_null())
    sample = known.sample(min(PEER_ROWS, known.height), seed=1, shuffle=True)
    with tempfile.TemporaryDirectory() as folder:
        asked, found = Path(folder) / "asked.csv", Path(folder) / "found.csv"
        sample.select("address").write_csv(asked)
        script = Path(__file__).with_name("peers.py")
        subprocess.run([interpreter, script, asked, found], check=True, stdout=subprocess.DEVNULL)
        peers = pl.read_csv(found)
    names = gazetteer.divisions.select(truth="code", town="name")
    counties = gazetteer.divisions.select(_county="code", county_name="name")
    both = pl.concat([sample, peers], how="horizontal").join(names, on="truth").join(
        counties, left_on=pl.col("truth").str.slice(0, 6), right_on="_county"
    )  # fmt: skip
    right = both.group_by("case").agg(
        pl.len(),
        ours=(pl.col("division_code").str.slice(0, 9) == pl.col("truth")).fill_null(False).mean(),
        jionlp=(pl.col("jionlp_town") == pl.col("town")).fill_null(False).mean(),
        our_county=(pl.col("division_code").str.slice(0, 6) == pl.col("truth").str.slice(0, 6)).mean(),
        cpca=(pl.col("cpca_county") == pl.col("county_name")).fill_null(False).mean(),
    )
    heads = f"{'rows':>7}{'town: ours':>12}{'jionlp':>9}{'county: ours':>14}{'cpca':>8}"
    print(f"\n{'sample: share right':22}{heads}")
    for case, rows, ours, jionlp, our_county, cpca in right.sort("case").iter_rows():
        print(f"{case:22}{rows:>7,}{ours:>12.3f}{jionlp:>9.3f}{our_county:>14.3f}{cpca:>8.3f}")
    seconds = peers.select("jionlp_seconds", "cpca_seconds").row(0)
    print(f"a second: jionlp {sample.height / seconds[0]:,.0f}, cpca {sample.height / seconds[1]:,.0f}")


def main() -> None:
    """Print the measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--registrations", type=Path, required=True)
    parser.add_argument("--labelled", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--tenths", type=int, default=HELD_BACK, help="how many tenths are held back")
    parser.add_argument("--peers", type=Path, help="a Python with bench/peers.txt installed, to compare")
    parser.add_argument("--out", type=Path, help="keep the answers as Parquet, to look at")
    arguments = parser.parse_args()
    sources = Sources(arguments.registrations, arguments.labelled, arguments.seed, arguments.tenths)
    gazetteer = load_gazetteer()
    places, asked = distilled(sources, gazetteer), questions(sources, gazetteer)
    started = time.process_time()
    answered = answers(asked, gazetteer, places)
    spent = time.process_time() - started
    report(answered)
    if arguments.peers:
        report_peers(answered, arguments.peers, gazetteer)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"\n{answered.height:,} addresses, {spent:.1f} processor seconds with learning, peak {peak:,.0f} MB"
    )
    if arguments.out:
        answered.write_parquet(arguments.out)


if __name__ == "__main__":
    main()
