"""Dispatching again: after a kill, after a lost file, for some counties, for a list published anew."""

import hashlib
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest
from dispatch_makers import firm, home_of, list_sheets, workbooks

from flows.dispatch import dispatch
from reference.errors import InputProblem

ZOUFANG = Path(sys.executable).with_name("zoufang")
TOWNS = ["330106002000", "330106003000", "330106004000", "330106005000", "330106007000", "330108001000"]


def contents(home: Path) -> dict[str, str]:
    folder = home / "dispatch"
    files = (p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def some_firms(each: int = 3) -> list[dict[str, object]]:
    return [firm(10_000 * t + i, town) for t, town in enumerate(TOWNS) for i in range(each)]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return home_of(tmp_path, some_firms())


def test_the_same_list_gives_the_same_bytes_and_again_nothing_new(home: Path, tmp_path: Path) -> None:
    first = dispatch(home, workers=1)
    files, stamps = contents(home), [p.stat().st_mtime_ns for p in sorted((home / "dispatch").rglob("*.*"))]
    assert first.written == len(TOWNS)
    time.sleep(0.05)
    assert dispatch(home, workers=1).written == 0
    assert [p.stat().st_mtime_ns for p in sorted((home / "dispatch").rglob("*.*"))] == stamps
    other = home_of(tmp_path / "other", reversed(some_firms()))
    dispatch(other, workers=2)
    assert contents(other) == files


def test_a_kill_in_the_middle_costs_only_what_was_not_finished(tmp_path: Path) -> None:
    # Four thousand firms a town: long enough for the kill to find some files written and some not.
    firms = some_firms(4000)
    home, whole = home_of(tmp_path, firms), home_of(tmp_path / "whole", firms)
    journal = home / "dispatch" / "ZJ-202503-31" / "journal.jsonl"
    with subprocess.Popen([ZOUFANG, "dispatch", "--home", str(home)]) as process:
        deadline = time.monotonic() + 60
        while not (journal.exists() and journal.read_bytes().count(b"\n") >= 1):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    time.sleep(1)
    finished = {json.loads(line)["file"] for line in journal.read_text().splitlines()}
    assert 1 <= len(finished) < len(TOWNS)
    assert not (journal.parent / "manifest.json").exists()
    stamps = {file: (journal.parent / file).stat().st_mtime_ns for file in finished}
    with journal.open("a") as torn:
        torn.write('{"key": "tor')
    assert dispatch(home).written == len(TOWNS) - len(finished)
    assert {file: (journal.parent / file).stat().st_mtime_ns for file in finished} == stamps
    dispatch(whole)
    assert contents(home) == contents(whole)


@pytest.mark.parametrize("damage", ["cut", "remove", "remove summary"])
def test_a_damaged_or_lost_file_is_written_again(home: Path, damage: str) -> None:
    dispatch(home, workers=1)
    files = contents(home)
    victim = workbooks(home)["330106003"]
    if damage == "remove summary":
        victim = next(victim.parent.glob("*汇总*"))
    victim.unlink() if damage != "cut" else victim.write_bytes(victim.read_bytes()[:100])
    assert dispatch(home, workers=1).written == (0 if damage == "remove summary" else 1)
    assert contents(home) == files


def test_some_counties_first_then_all_is_all_at_once(home: Path, tmp_path: Path) -> None:
    some = dispatch(home, counties=["330108"], workers=1)
    assert set(workbooks(home)) == {"330108001"}
    assert not list((home / "dispatch").glob("*/*/*汇总*")), "a city is summed up when it is whole"
    assert (some.written, some.manifest["rows"]) == (1, 3)
    assert dispatch(home, counties=["330108"], workers=1).written == 0
    assert dispatch(home, workers=1).written == len(TOWNS) - 1
    at_once = home_of(tmp_path / "other", some_firms())
    dispatch(at_once, workers=1)
    assert contents(home) == contents(at_once)


def test_a_list_published_anew_is_the_next_version(home: Path) -> None:
    dispatch(home, workers=1)
    before = contents(home)
    kept_firms = some_firms()[1:]
    renamed = {**kept_firms[0], "name": "改名有限公司"}
    home_of(home.parent, [renamed, *kept_firms[1:], firm(77)], run="bbbbbbbbbbbb")
    again = dispatch(home, workers=1)
    assert again.manifest["version"] == 2
    after = contents(home)
    kept = {name: sha for name, sha in before.items() if not name.endswith("manifest.json")}
    assert kept.items() <= after.items()
    assert after["ZJ-202503-31/manifest_v1.json"] == before["ZJ-202503-31/manifest.json"]
    assert all("_v2" in entry["file"] for entry in again.manifest["files"])
    assert again.manifest["rows"] == len(some_firms())
    changes = pl.read_excel(workbooks(home)["330106002"], sheet_name="更正对照", infer_schema_length=0)
    assert changes.select("变化", "统一社会信用代码", "变更的列").rows() == [
        ("变更", "913301060000000001", "主体名称"),
        ("新增", "913301060000000077", None),
        ("移出", "913301060000000000", None),
    ]
    assert pl.read_excel(workbooks(home)["330106003"], sheet_name="更正对照", raise_if_empty=False).is_empty()


def test_a_corrected_workbook_that_got_lost_is_made_again_as_it_was(home: Path) -> None:
    dispatch(home, workers=1)
    home_of(home.parent, some_firms()[1:], run="bbbbbbbbbbbb")
    dispatch(home, workers=1)
    files = contents(home)
    workbooks(home)["330106002"].unlink()
    assert dispatch(home, workers=1).written == 1
    assert contents(home) == files


def test_what_is_new_since_the_batch_before_is_marked(tmp_path: Path) -> None:
    from datetime import date

    home = home_of(tmp_path, some_firms(1), as_of=date(2025, 2, 28))
    home_of(tmp_path, [*some_firms(1), firm(99)], as_of=date(2025, 3, 31))
    dispatch(home, workers=1)
    (rows,) = list_sheets(workbooks(home)["330106002"]).values()
    marks = dict(rows.select("统一社会信用代码", "是否新增").iter_rows())
    assert marks == {"913301060000000000": "否", "913301060000000099": "是"}
    dispatch(home, "ZJ-202502-28", workers=1)
    assert (home / "dispatch" / "ZJ-202502-28" / "manifest.json").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"batch_id": "ZJ-209901-01"}, "ZJ-202503-31"),
        ({"counties": ["330999"]}, "330999"),
    ],
)
def test_a_wrong_argument_is_named_with_what_there_is(
    home: Path, arguments: dict[str, object], told: str
) -> None:
    with pytest.raises(InputProblem, match=told):
        dispatch(home, **arguments)  # type: ignore[arg-type]
    assert not list((home / "dispatch").glob("**/*.xlsx"))


def test_a_home_without_a_batch_is_the_users_mistake(tmp_path: Path) -> None:
    done = subprocess.run(
        [ZOUFANG, "dispatch", "--home", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "zoufang" in done.stderr or "run a batch" in done.stderr


def test_the_command_prints_one_json_object(home: Path) -> None:
    command = [ZOUFANG, "dispatch", "--home", str(home), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    assert (told["workbooks"], told["rows"], told["written"]) == (len(TOWNS), 3 * len(TOWNS), len(TOWNS))
