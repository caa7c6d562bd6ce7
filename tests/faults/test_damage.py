"""Files of a home changed behind its back, and an inbox that moves: named or made anew, never published.

`python -m bench.faults` tries every class of file in every way, beside kills, full disks and clocks.
"""

import json
import os
import shutil
from pathlib import Path

import pytest
from test_incremental import drop_rows
from verbs import MONTHS, run, zoufang

from bench.faults.compare import contents
from flows import run as run_module
from flows.batches import curated_files, read_pointers
from flows.home import Home
from flows.known_bytes import hash_file
from warehouse.publish import published_file

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("runs")]
JAN, _, MAR = MONTHS


def change_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def test_a_damaged_file_of_an_earlier_batch_is_named_and_running_that_batch_again_mends_it(
    copied: Path, extracts: Path, tmp_path: Path
) -> None:
    """The warehouse is built anew of every batch: what was changed in January's files would be published."""
    before, home = contents(published_file(copied)), Home(copied)
    damaged = curated_files(home, read_pointers(home)[0])["visit_targets"][0]
    whole = damaged.read_bytes()
    change_a_byte(damaged)
    pointer = home.batches / f"{JAN}.json"
    pointer.write_text(pointer.read_text(encoding="utf-8").replace('"version": 1', '"version": 7'))
    asked = zoufang("screen", "--explain", "91330000000000000X", "--home", copied)
    assert asked.status == 3, asked.err
    assert f"{pointer} is damaged; the next run or feedback writes it anew" in asked.err
    inbox = tmp_path / "inbox"
    shutil.copytree(extracts, inbox)
    drop_rows(next((inbox / "registry").glob("*.csv")), 5)
    published = hash_file(published_file(copied))
    refused = run(inbox, copied, MAR)
    assert refused.status == 3, refused.err
    assert f"{damaged} is damaged" in refused.err
    assert f"run batch ZJ-{JAN[:4]}{JAN[5:]} again" in refused.err
    assert "Traceback" not in refused.err
    assert hash_file(published_file(copied)) == published
    assert json.loads(pointer.read_text(encoding="utf-8"))["record"]["version"] == 1
    stopped = home.staged / "customs" / ".file=0.tmp" / "part-00000.parquet"
    stopped.parent.mkdir(parents=True)
    for draft in (stopped, home.steps / "0.tmp"):
        draft.touch()
    mended = run(extracts, copied, JAN)
    assert mended.status == 0, mended.err
    assert "nothing to do" not in mended.err
    assert damaged.read_bytes() == whole
    assert list(home.root.rglob("*.tmp")) == []
    after = contents(published_file(copied))
    # What the gate measured of January is of the warehouse that it was made for this time.
    assert {table for table in before if after[table] != before[table]} <= {"meta_quality"}


def test_a_damaged_published_file_is_named_before_anything_is_built_on_it(
    copied: Path, extracts: Path
) -> None:
    path = published_file(copied)
    path.chmod(0o600)
    # Its headers alone: in a larger part what tells its batches might still be read.
    os.truncate(path, 3 * 4096)
    refused = run(extracts, copied, MAR)
    assert refused.status == 3, refused.err
    assert "is damaged" in refused.err
    assert "zoufang rollback" in refused.err
    assert zoufang("rollback", "--home", copied, "--to", f"ZJ-{JAN[:4]}{JAN[5:]}").status == 0
    again = run(extracts, copied, MAR)
    assert again.status == 0, again.err
    assert "none is removed" in again.err
    assert [str(p.record.as_of) for p in read_pointers(Home(copied))] == [JAN, MAR]


@pytest.mark.parametrize("change", ["added", "gone"])
def test_a_file_that_comes_or_goes_while_a_run_starts_is_refused(
    prefect_server: str, one_city: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    inbox = tmp_path / "inbox"
    shutil.copytree(one_city, inbox)
    path = next((inbox / "customs").glob("*"))
    name = f"customs/more_{path.name}" if change == "added" else f"customs/{path.name}"
    real = run_module.identify

    def moved(*given: object) -> object:
        found = real(*given)  # type: ignore[arg-type]
        if change == "added":
            shutil.copyfile(path, inbox / name)
        else:
            path.unlink()
        return found

    monkeypatch.setattr(run_module, "identify", moved)
    ended = run(inbox, tmp_path / "home", JAN)
    assert ended.status == 2, ended.err
    assert f"{name}: came or went while the run was starting" in ended.err
    assert "Traceback" not in ended.err
