"""Real register rows through `place` and through `run`: coverage by method, and the commonest failures.

`python -m bench.real --registrations FILE --dir DIR`. The rows name no status, so every firm is taken for
existing; the gate rightly blocks such a batch, since neither list nor report came along. Printed are names of
places and counts, never a firm.
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl

from flows.place_file import PlaceRequest, place_file
from reference.divisions import load_gazetteer
from reference.places import load_places
from reference.text_tables import load_text_tables
from transforms.place import read_addresses

ADDRESS, CITY = "注册地址", "地区"
SHOWN = 20
HEADERS = {
    "企业名称": "企业名称", "统一社会信用代码": "统一社会信用代码", "注册日期": "成立日期",
    "企业类型": "市场主体类型", "注册资金": "注册资本", "经营范围": "经营范围", CITY: "城市", ADDRESS: "住所",
}  # fmt: skip


def placed(registrations: Path, folder: Path) -> pl.DataFrame:
    """Return the rows as the verb `place` leaves them, with the reasons."""
    out = folder / "placed.parquet"
    place_file(PlaceRequest(registrations, out, ADDRESS, city_column=CITY, explain=True))
    return pl.read_parquet(out)


def report_methods(rows: pl.DataFrame) -> None:
    """Print rows, share and mean confidence by method."""
    counts = rows.group_by("level", "method").agg(pl.len(), pl.col("confidence").mean())
    print(f"\n{'level':12}{'method':18}{'rows':>9}{'share':>8}{'confidence':>12}")
    for level, method, count, confidence in counts.sort("len", descending=True).iter_rows():
        share = count / rows.height
        print(f"{level or '-':12}{method or '-':18}{count:>9,}{share:>8.3f}{confidence or 0:>12.3f}")
    in_town = rows.select(pl.col("level").is_in(["township", "community"]).mean()).item()
    print(f"in a township: {in_town:.4f}")


def report_failures(rows: pl.DataFrame) -> None:
    """Print the commonest beginnings behind the county of addresses without a township."""
    none = pl.lit(None, pl.String)
    unplaced = rows.filter(~pl.col("level").is_in(["township", "community"]))
    asked = unplaced.select(
        row_id=pl.int_range(pl.len()), address=ADDRESS, city_hint=CITY, division_code=none, county_hint=none
    )
    read = read_addresses(asked.lazy(), load_gazetteer(), load_places(), load_text_tables()).collect()
    whole = read.join(
        unplaced.select("place_note", "runner_up", "county", "city").with_row_index("row_id"), on="row_id"
    )
    failures = whole.group_by("city", "county", "start", "place_note_right").agg(
        pl.len(), rival=pl.col("runner_up").is_not_null().mean()
    )
    print(f"\nthe {SHOWN} commonest failures: where, what stands behind it, why, share with a candidate kept")
    for place in failures.sort("len", descending=True).head(SHOWN).iter_rows():
        where = " ".join(value or "-" for value in place[:3])
        print(f"  {where:32}{place[4]:>6,}  {place[3] or '-':20}{place[5]:>6.2f}")


def through_run(registrations: Path, folder: Path) -> None:
    """Write the rows as a bureau's register file, run, and print what became of them."""
    inbox, home = folder / "inbox", folder / "home"
    shutil.rmtree(folder / "home", ignore_errors=True)
    (inbox / "registry").mkdir(parents=True, exist_ok=True)
    register = pl.read_parquet(registrations).select(*HEADERS).rename(HEADERS)
    text = register.with_columns(pl.lit("存续").alias("登记状态")).write_csv()
    (inbox / "registry" / "real_20200101.csv").write_bytes(text.encode("gb18030", "replace"))
    command = [
        str(Path(sys.executable).with_name("zoufang")),
        "run",
        "--inbox",
        str(inbox),
        "--home",
        str(home),
    ]
    ended = subprocess.run([*command, "--as-of", "2020-01-01"], capture_output=True, check=False)
    curated = pl.read_parquet(home / "lake" / "curated" / "enterprises" / "*" / "*" / "*.parquet")
    counts = f"{register.height:,} rows, {curated.height:,} subjects"
    print(f"\nthrough run: exit status {ended.returncode}, {counts}")
    print("\n".join(ended.stderr.decode("utf-8", "replace").splitlines()[-12:]))
    names = {"place_level": "level", "place_method": "method", "place_confidence": "confidence"}
    report_methods(curated.rename(names))


def main() -> None:
    """Print both measurements."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--registrations", type=Path, required=True)
    parser.add_argument("--dir", type=Path, default=Path("bench-data"))
    arguments = parser.parse_args()
    arguments.dir.mkdir(parents=True, exist_ok=True)
    rows = placed(arguments.registrations, arguments.dir)
    report_methods(rows)
    report_failures(rows)
    through_run(arguments.registrations, arguments.dir)


if __name__ == "__main__":
    main()
