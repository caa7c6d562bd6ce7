"""Where the faults happen: an inbox, a home that nobody disturbed, and the home every case begins with.

Here: making them once, copies of them for cases, which of them the readers are shown.
Not here: faults (kills.py, disk.py, …), what a home has to hold afterwards (judge.py).
"""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from bench.faults.attempts import Attempt, FileCall
from bench.faults.compare import contents, curated
from bench.kept import measured_with
from warehouse.publish import published_file
from warehouse.read import opened

BEFORE, DAY = date(2025, 2, 28), date(2025, 3, 31)
EXTRACTED, TOLD, TOLD_LATER = date(2025, 1, 31), date(2025, 3, 20), date(2025, 4, 15)
FIRMS, CITIES = 40_000, ("3308", "3309")
"""What a run costs follows from the number of files and cities: two cities of a province, 1,700 subjects."""
KEPT = 3
"""Homes of cases that ended well and may still be read."""


class Broken(Exception):
    """A promise was broken; the text says what differed."""


@dataclass(frozen=True)
class Expected:
    """What an undisturbed run leaves: curated files by content, published rows by table."""

    curated: dict[str, str]
    contents: dict[str, list[tuple[object, ...]]]

    @classmethod
    def of(cls, home: Path) -> "Expected":
        """Return what a home holds."""
        return cls(curated(home), contents(published_file(home)))


class Stage:
    """The folder of one call of the harness; what this very program left there before is used again."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.inbox, self.later = self.root / "inbox", self.root / "inbox-later"
        self.back, self.back_later = self.root / "back", self.root / "back-later"
        self.start, self.whole, self.next = (self.root / name for name in ("start", "whole", "next"))
        self.cases = self.root / "cases"
        self._turn = 0

    def prepare(self) -> None:
        """Make inbox and homes; each is whole or absent, as it is renamed when it is done."""
        self.root.mkdir(parents=True, exist_ok=True)
        self._clear()
        shutil.rmtree(self.cases, ignore_errors=True)
        self.cases.mkdir()
        for place, make in (
            (self.inbox, self._make_inbox), (self.start, self._make_start), (self.whole, self._make_whole),
            (self.later, self._make_later), (self.next, self._make_next),
        ):  # fmt: skip
            if not place.exists():
                draft = place.with_name(f".{place.name}.draft")
                shutil.rmtree(draft, ignore_errors=True)
                make(draft)
                draft.rename(place)
        self._tell_readers()
        self.show(self.start)

    def _clear(self) -> None:
        """Remove what another program made here: its homes are of other runs, nothing would end like them."""
        made_with = self.root / "made_with"
        found = [p for p in (self.inbox, self.start, self.whole, self.later, self.next) if p.exists()]
        if found and not made_with.exists():
            raise SystemExit(f"{found[0]} is not this harness's; give another --dir")
        if not made_with.exists() or made_with.read_text(encoding="utf-8") != measured_with():
            for place in found:
                shutil.rmtree(place)
            made_with.write_text(measured_with(), encoding="utf-8")

    def command(self, home: Path, *more: str, inbox: Path | None = None, day: date = DAY) -> list[str]:
        """Return the arguments of a run of the second batch."""
        return ["run", "--inbox", str(inbox or self.inbox), "--home", str(home), "--as-of", str(day), *more]

    def feedback(self, home: Path, inbox: Path, day: date) -> list[str]:
        """Return the arguments that take feedback in."""
        return ["feedback", "--inbox", str(inbox), "--home", str(home), "--as-of", str(day)]

    def case(self, kind: str, source: Path | None = None, *, shown: bool = True) -> Path:
        """Return a fresh copy of the first home, or of another one; readers turn to it if it is `shown`."""
        self._turn += 1
        folder = self.cases / f"{self._turn:04d}-{kind}"
        folder.mkdir()
        copy_home(source or self.start, folder / "home")
        if shown:
            self.show(folder / "home")
        for old in sorted(self.cases.glob("????-*"))[: -KEPT - 1]:
            if not (old / "keep").exists() and self.shown().parent != old:
                shutil.rmtree(old, ignore_errors=True)
        return folder / "home"

    def show(self, home: Path) -> None:
        """Let the readers read this home from now on."""
        draft = self.root / ".shown"
        draft.unlink(missing_ok=True)
        draft.symlink_to(home)
        draft.replace(self.root / "shown")

    def shown(self) -> Path:
        """Return the home that readers are shown."""
        return (self.root / "shown").readlink()

    def _make_inbox(self, draft: Path) -> None:
        from simulator.simulate import simulate

        simulate(draft, enterprises=FIRMS, households=FIRMS // 20, seed=7, as_of=EXTRACTED)
        shutil.rmtree(draft / "truth")
        for path in draft.glob("*/*"):
            if not path.name.startswith(CITIES):
                path.unlink()

    def _make_start(self, draft: Path) -> None:
        """A batch of one city's files, and what came back on its list, so that the next run has all to do."""
        from simulator.events import load_shares, play, read_list

        one = self.root / "inbox-first"
        shutil.rmtree(one, ignore_errors=True)
        for path in self.inbox.glob(f"*/{CITIES[0]}*"):
            copy = one / path.relative_to(self.inbox)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, copy)
        self.finish(self.command(draft, inbox=one, day=BEFORE))
        firms = read_list(draft, BEFORE)
        for folder, until in ((self.back, TOLD), (self.back_later, TOLD_LATER)):
            shutil.rmtree(folder, ignore_errors=True)
            play(firms, folder, shares=load_shares(BEFORE), seed=5, until=until)
        self.finish(self.feedback(draft, self.back, TOLD))

    def _make_whole(self, draft: Path) -> None:
        copy_home(self.start, draft)
        log = self.root / "whole.log"
        log.with_suffix(".calls").unlink(missing_ok=True)
        attempt = Attempt.forked(self.command(draft), log, FileCall("never", "*"))
        timeline = attempt.timeline()
        if attempt.wait():
            raise SystemExit(f"the undisturbed run failed:\n{attempt.text()}")
        calls = log.with_suffix(".calls").read_text(encoding="utf-8").count("\n")
        told = {"calls": calls, "timeline": timeline}
        (self.root / "measured.json").write_text(json.dumps(told), encoding="utf-8")

    def _make_later(self, draft: Path) -> None:
        """The same inbox, one register a few rows shorter: a run on it takes up most of what is there."""
        shutil.copytree(self.inbox, draft)
        path = next((draft / "registry").glob(f"{CITIES[0]}*.csv"))
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join([lines[0], *lines[4:]]))

    def _make_next(self, draft: Path) -> None:
        copy_home(self.whole, draft)
        self.finish(self.command(draft, inbox=self.later))

    def finish(self, arguments: list[str]) -> str:
        """Run a command that has to succeed, and return what it said."""
        attempt = Attempt.forked(arguments, self.root / "made.log")
        if attempt.wait(300):
            raise SystemExit(f"{' '.join(arguments)} failed:\n{attempt.text()}")
        return attempt.text()

    def measured(self) -> tuple[list[tuple[str | None, float]], int]:
        """Return the undisturbed run: each step with the processor time of its report; renamings."""
        told = json.loads((self.root / "measured.json").read_text(encoding="utf-8"))
        return [(step, at) for step, at in told["timeline"]], int(told["calls"])

    def _tell_readers(self) -> None:
        """Write how many firms each list of an undisturbed home holds, by run."""
        query = (
            "SELECT b.run_id, count(f.batch_id) FROM dim_batch AS b "
            "LEFT JOIN fact_visit_target AS f USING (batch_id) GROUP BY ALL"
        )
        known: dict[str, int] = {}
        for home in (self.start, self.whole, self.next):
            with opened(published_file(home)) as con:
                known |= dict(con.execute(query).fetchall())
        (self.root / "lists.json").write_text(json.dumps(known), encoding="utf-8")


def copy_home(source: Path, target: Path) -> None:
    """Copy a home as a backup does: the published file stays a second name of its version."""
    subprocess.run(["cp", "-a", str(source), str(target)], check=True)


def size_of(folder: Path) -> int:
    """Return the bytes that a folder takes on disk, a file of two names once."""
    told = subprocess.run(["du", "-s", "-B1", str(folder)], check=True, capture_output=True, text=True)
    return int(told.stdout.split()[0])


def is_root() -> bool:
    """Return whether this process may do anything to any file."""
    return os.geteuid() == 0
