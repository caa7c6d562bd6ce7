"""Publishing: atomic for readers, completed after any interruption, reversible, and bounded in disk space."""

import subprocess
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest
from warehouse_makers import make_batch, record_of

from reference.errors import EnvironmentProblem, InputProblem
from warehouse import publish as publishing
from warehouse.build import BatchFiles
from warehouse.candidate import AccountProblem
from warehouse.publish import history, publish, published_file, rollback
from warehouse.read import read_batches, read_headlines

MAR = date(2025, 3, 31)
REPOSITORY = Path(__file__).parents[2]
Publish = Callable[..., publishing.Version]


def day(number: int) -> date:
    return MAR + timedelta(days=number)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def candidate_of(home: Path, build: Callable[..., Path]) -> Callable[..., Path]:
    """Build a candidate of `size` targets for the batch of that day, in the home's run folder."""

    def _candidate(number: int, size: int = 1, run: str = "aaaaaaaaaaaa") -> Path:
        firms = [{"subject_key": f"F{n}", "division_code": "330106001000"} for n in range(size)]
        batch: BatchFiles = make_batch(home / "lake", day(number), firms, run=run)
        made = build(batch, name=f"{batch.record.run_id}")
        folder = home / "runs" / batch.record.run_id
        folder.mkdir(parents=True, exist_ok=True)
        return made.rename(folder / "candidate.duckdb")

    return _candidate


@pytest.fixture
def publish_day(home: Path, candidate_of: Callable[..., Path]) -> Publish:
    def _publish(number: int, size: int = 1, run: str = "aaaaaaaaaaaa", **more: int) -> publishing.Version:
        return publish(candidate_of(number, size, run), home, record_of(day(number), run=run), **more)

    return _publish


def targets(home: Path) -> int:
    count: int = read_headlines(published_file(home))[0]["targets"]
    return count


def test_published_file_is_the_candidate_and_cannot_be_written(home: Path, publish_day: Publish) -> None:
    version = publish_day(0, size=3)
    assert targets(home) == 3
    assert version.is_current
    assert version.path.name == "0001-ZJ-202503-31-20250331-aaaaaaaaaaaa.duckdb"
    assert published_file(home).stat().st_mode & 0o222 == 0
    assert not list(home.glob("runs/*/candidate.duckdb*"))


READER = """
import sys, duckdb
con = duckdb.connect(sys.argv[1], read_only=True)
ask = lambda: con.execute("SELECT targets FROM mart_headlines WHERE region = 'province'").fetchall()[0][0]
print(ask(), flush=True)
sys.stdin.readline()
print(ask(), flush=True)
"""


def test_an_open_reader_keeps_the_old_file_and_a_new_one_sees_the_new(
    home: Path, publish_day: Publish
) -> None:
    publish_day(0, size=1)
    command = [sys.executable, "-c", READER, str(published_file(home))]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as old:  # type: ignore[call-overload]
        assert old.stdout.readline() == "1\n"
        publish_day(1, size=2)
        fresh = subprocess.run(command, input="\n", capture_output=True, text=True, check=True)
        after, _ = old.communicate("\n", timeout=60)
    assert after == "1\n"
    assert fresh.stdout == "2\n2\n"


def test_a_connection_of_this_process_to_the_old_file_does_not_hide_the_new(
    home: Path, publish_day: Publish
) -> None:
    publish_day(0, size=1)
    with duckdb.connect(str(published_file(home)), read_only=True) as held:
        publish_day(1, size=2)
        assert targets(home) == 2
        assert held.execute("SELECT count(*) FROM fact_visit_target").fetchall() == [(1,)]


STEPS = ["seal", "store", "switch", "prune"]


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_stopped_at_any_step_the_published_file_is_whole_and_the_next_call_completes(
    *,
    step: str,
    moment: str,
    home: Path,
    publish_day: Publish,
    candidate_of: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    publish_day(0, size=1)
    candidate, record = candidate_of(1, size=2), record_of(day(1))
    original = getattr(publishing, step)

    def stopped(*args: object) -> None:
        if moment == "after":
            original(*args)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(publishing, step, stopped)
        with pytest.raises(KeyboardInterrupt):
            publish(candidate, home, record)
    done = (step, moment) in {("switch", "after"), ("prune", "before"), ("prune", "after")}
    assert targets(home) == (2 if done else 1)
    publish(candidate, home, record)
    assert targets(home) == 2
    assert [(v.number, v.is_current) for v in history(home)] == [(2, True), (1, False)]
    assert not list((home / "warehouse").glob(".next*"))


KILLED = """
import os, sys
from pathlib import Path
sys.path[:0] = [sys.argv[1], sys.argv[2]]
from datetime import date
from warehouse_makers import record_of
from warehouse.publish import publish
calls = 0
def die_at(name, original, limit=int(sys.argv[5])):
    def call(*args, **kwargs):
        global calls
        calls += 1
        if calls == limit:
            os._exit(9)
        return original(*args, **kwargs)
    return call
os.fsync = die_at("fsync", os.fsync)
for name in ("rename", "replace", "hardlink_to", "chmod"):
    setattr(Path, name, die_at(name, getattr(Path, name)))
publish(Path(sys.argv[3]), Path(sys.argv[4]), record_of(date(2025, 4, 1)))
"""


@pytest.mark.parametrize("call", range(1, 9))
def test_killed_before_any_file_operation_it_recovers(
    call: int, home: Path, publish_day: Publish, candidate_of: Callable[..., Path]
) -> None:
    publish_day(0, size=1)
    candidate = candidate_of(1, size=2)
    arguments = [str(REPOSITORY), str(Path(__file__).parent), str(candidate), str(home), str(call)]
    killed = subprocess.run([sys.executable, "-c", KILLED, *arguments], check=False)
    assert killed.returncode == 9
    assert targets(home) in {1, 2}
    publish(candidate, home, record_of(day(1)))
    assert targets(home) == 2
    assert [(v.number, v.is_current) for v in history(home)] == [(2, True), (1, False)]


def test_only_the_last_versions_are_kept_and_always_the_published_one(
    home: Path, publish_day: Publish
) -> None:
    for number in range(7):
        publish_day(number, size=number + 1)
    assert [version.number for version in history(home)] == [7, 6, 5, 4, 3]
    rollback(home, "ZJ-202504-02")
    publishing.prune(home, keep=1)
    assert [(version.number, version.is_current) for version in history(home)] == [(7, False), (3, True)]
    assert targets(home) == 3


def test_rollback_and_forward_again(home: Path, publish_day: Publish) -> None:
    publish_day(0, size=1)
    publish_day(1, size=2)
    assert rollback(home, "ZJ-202503-31").is_current
    assert (targets(home), read_batches(published_file(home))[0]["batch_id"]) == (1, "ZJ-202503-31")
    rollback(home, "ZJ-202504-01")
    assert targets(home) == 2
    assert publish_day(2, size=5).number == 3


def test_rollback_to_an_earlier_run_of_the_same_batch(home: Path, publish_day: Publish) -> None:
    publish_day(0, size=1, run="first")
    publish_day(0, size=2, run="second")
    assert rollback(home, "ZJ-202503-31").run_id == "20250331-second"
    assert rollback(home, "20250331-first").is_current
    assert targets(home) == 1


def test_rollback_to_an_unknown_batch_lists_what_is_kept(home: Path, publish_day: Publish) -> None:
    publish_day(0)
    with pytest.raises(InputProblem, match=r"ZJ-202503-31  run 20250331-aaaaaaaaaaaa"):
        rollback(home, "ZJ-209901-31")


def test_an_unbalanced_account_cannot_be_published(home: Path, build: Callable[..., Path]) -> None:
    lost = {"batch_id": "ZJ-202503-31", "source": "registry", "rows_in": 7, "used": 5}
    lost |= dict.fromkeys(("superseded", "out_of_scope", "excluded", "quarantined"), 0)
    candidate = build(make_batch(home / "lake", MAR, [{"subject_key": "A"}], account=[lost]))
    with pytest.raises(AccountProblem):
        publish(candidate, home, record_of(MAR))
    assert candidate.exists()
    assert history(home) == []


def test_nothing_to_publish_is_said_so(home: Path) -> None:
    with pytest.raises(EnvironmentProblem, match="run the batch again"):
        publish(home / "runs" / "x" / "candidate.duckdb", home, record_of(MAR))


def test_a_damaged_version_is_never_published_again(home: Path, publish_day: Publish) -> None:
    older = publish_day(0, size=1)
    publish_day(1, size=2)
    change_a_byte(older.path)
    with pytest.raises(EnvironmentProblem, match=r"is damaged .* zoufang rollback"):
        rollback(home, older.batch_id)
    assert targets(home) == 2
    publishing.require_published_whole(home)


def test_a_published_file_that_was_damaged_is_told_from_a_whole_one(home: Path, publish_day: Publish) -> None:
    version = publish_day(0)
    change_a_byte(published_file(home))
    with pytest.raises(EnvironmentProblem, match=version.path.name):
        publishing.require_published_whole(home)


def test_one_process_reads_a_published_file_again_only_if_it_changed(
    home: Path, publish_day: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_day(0)
    publishing.require_published_whole(home)
    with monkeypatch.context() as patch:
        patch.setattr(publishing.hashlib, "file_digest", lambda *_: pytest.fail("read again"))
        publishing.require_published_whole(home)
    change_a_byte(published_file(home))
    with pytest.raises(EnvironmentProblem, match="is damaged"):
        publishing.require_published_whole(home)


def test_the_sum_of_a_version_is_the_one_that_sha256sum_knows_and_goes_with_it(
    home: Path, publish_day: Publish
) -> None:
    folder = publish_day(0).path.parent
    [told] = folder.glob("*.sha256")
    subprocess.run(["sha256sum", "-c", told.name], check=True, cwd=folder)
    publish_day(1, keep=1)
    assert sorted(path.suffix for path in folder.iterdir()) == [".duckdb", ".sha256"]


def test_a_file_that_is_no_database_any_more_is_said_so(home: Path, publish_day: Publish) -> None:
    path = publish_day(0).path
    path.chmod(0o600)
    path.write_bytes(bytes(path.stat().st_size))
    with pytest.raises(EnvironmentProblem, match=r"cannot be opened for reading: .* zoufang rollback"):
        read_batches(published_file(home))


def change_a_byte(path: Path) -> None:
    """Change the file where it lies, under every name it has."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(bytes(content))
