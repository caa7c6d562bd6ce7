"""Peers on a sample of addresses: jionlp (to the town) and cpca (to the county), in their environment.

`python bench/peers.py SAMPLE.csv OUT.csv`: SAMPLE has a column address; OUT gets county and town by each, and
the seconds each took. Nothing of the project is imported, so that their environment needs nothing of ours.
"""

import csv
import sys
import time
from pathlib import Path


def by_jionlp(addresses: list[str]) -> tuple[list[tuple[str, str]], float]:
    """Return (county, town) per address and the seconds it took."""
    import jionlp  # type: ignore[import-not-found]

    jionlp.parse_location("浙江省杭州市余杭区五常街道", town_village=True)
    started = time.monotonic()
    parsed = [jionlp.parse_location(address, town_village=True) for address in addresses]
    return [(p["county"] or "", p["town"] or "") for p in parsed], time.monotonic() - started


def by_cpca(addresses: list[str]) -> tuple[list[tuple[str, str]], float]:
    """Return (county, "") per address and the seconds it took; it knows no towns."""
    import cpca  # type: ignore[import-not-found]

    started = time.monotonic()
    frame = cpca.transform(addresses)
    return [(county or "", "") for county in frame["区"]], time.monotonic() - started


def main() -> None:
    """Write what the peers found."""
    source, target = map(Path, sys.argv[1:3])
    with source.open(encoding="utf-8", newline="") as handle:
        addresses = [row["address"] for row in csv.DictReader(handle)]
    (jionlp, jionlp_s), (cpca, cpca_s) = by_jionlp(addresses), by_cpca(addresses)
    with target.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(["jionlp_county", "jionlp_town", "cpca_county", "jionlp_seconds", "cpca_seconds"])
        for one, other in zip(jionlp, cpca, strict=True):
            writer.writerow([*one, other[0], jionlp_s, cpca_s])


if __name__ == "__main__":
    main()
