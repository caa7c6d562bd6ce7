"""What a run costs whose inputs changed a little, beside the whole run that `bench.run` left there.

`python -m bench.incremental --dir DIR`: nothing changed; then one register file of one city, which lost its
last rows and gets them back afterwards. The last line is one JSON object.
"""

import argparse
import json
import os
from pathlib import Path

from bench.kept import program
from bench.run import RESULT, read_once, run_again

CITY = "3305"
"""Huzhou 湖州: a city of middling size."""
LOST = 5
MOST_SECONDS, MOST_SHARE = 5.0, 1 / 6
"""What is promised: of a run with nothing new, and of one city's file against the whole run."""


def without_last_rows(path: Path, lost: int) -> bytes:
    """Take the last rows off a text file; return what it held. None of them may span lines."""
    content = path.read_bytes()
    lines = content.splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-lost]))
    return content


def main() -> None:
    """Print both costs and their share of the whole run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dir", type=Path, default=Path("bench-data"))
    folder = parser.parse_args().dir
    if not (folder / RESULT).exists():
        raise SystemExit(f"{folder / RESULT} is missing: run python -m bench.run --dir {folder} first")
    told = json.loads((folder / RESULT).read_text(encoding="utf-8"))
    if told.get("program") != program():
        raise SystemExit(f"{folder / RESULT} is of another program: run python -m bench.run again")
    whole = told["seconds"]
    inbox, home = folder / "inbox", folder / "home"
    # What the floor wrote is on the disk first, or the run waits while the system writes it; and what it
    # pushed out of memory, of all that the run before had just left there, is there again.
    os.sync()
    read_once(home)
    nothing, _ = run_again(inbox, home)
    texts = sorted((inbox / "registry").glob("*.csv"))
    # A small inbox may have that city as a workbook.
    changed = next((path for path in texts if path.name.startswith(CITY)), texts[0])
    held = without_last_rows(changed, LOST)
    try:
        city, _ = run_again(inbox, home)
    finally:
        changed.write_bytes(held)
    share = city.wall / whole
    print(f"nothing changed {nothing.wall:.1f} s (at most {MOST_SECONDS:.0f})")
    print(f"{changed.name} changed: {city.wall:.1f} s of {whole:.1f} = 1/{1 / share:.1f} (at most 1/6)")
    print(json.dumps({
        "nothing_seconds": round(nothing.wall, 1), "city_seconds": round(city.wall, 1),
        "whole_seconds": whole, "share": round(share, 3), "peak_rss_mb": round(city.peak_mb),
        "holds": nothing.wall <= MOST_SECONDS and share <= MOST_SHARE,
    }))  # fmt: skip


if __name__ == "__main__":
    main()
