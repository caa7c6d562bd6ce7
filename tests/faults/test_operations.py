"""Procedures of docs/operations.md that need no server: restore, reconcile, waiting, trying again."""

import resource
import shutil
import subprocess
import threading
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from prefect._internal.concurrency.cancellation import AlarmCancelScope
from verbs import MONTHS, Ended, run, zoufang

from bench.faults.compare import contents, curated
from flows.batches import curated_files, read_pointers
from flows.home import Home
from flows.journal import journal_path
from flows.reconcile import ReconcileError, reconcile
from reference.errors import EnvironmentProblem
from warehouse.publish import history, published_file

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("runs")]


def test_a_home_put_back_from_its_backup_is_what_it_was(months: Path, tmp_path: Path) -> None:
    backup, home = tmp_path / "backup", tmp_path / "home"
    backup.mkdir()
    for target, source in ((backup, months), (home, backup)):
        target.mkdir(exist_ok=True)
        folders = [source / name for name in ("lake", "warehouse", "keys")]
        subprocess.run(["cp", "-a", *folders, target], check=True)
    assert zoufang("history", "--home", home).out == zoufang("history", "--home", months).out
    assert {row["batch_id"] for row in reconcile(Home(home))} == {f"ZJ-{d[:4]}{d[5:]}" for d in MONTHS}
    assert reconcile(Home(home)) == reconcile(Home(months))
    published = [version for version in history(home) if version.is_current]
    assert published == history(home)[:1]


def test_a_changed_lake_is_found_by_the_reconciliation(copied: Path) -> None:
    newest = read_pointers(Home(copied))[-1]
    path = curated_files(Home(copied), newest)["visit_targets"][0]
    pl.read_parquet(path).head(-1).write_parquet(path)
    with pytest.raises(ReconcileError, match="ZJ-202503-31 targets: published") as told:
        reconcile(Home(copied))
    assert "ZJ-202502-28" not in str(told.value)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(EnvironmentProblem, match=f"{path.name} is damaged"):
        reconcile(Home(copied))
    path.unlink()
    with pytest.raises(EnvironmentProblem, match=f"{path.name} is gone"):
        reconcile(Home(copied))


def test_a_scheduled_run_waits_for_another_one_and_a_person_is_told_at_once(tmp_path: Path) -> None:
    home, taken, done = Home(tmp_path), threading.Event(), threading.Event()

    def other() -> None:
        with home.locked():
            taken.set()
            done.wait(30)

    thread = threading.Thread(target=other)
    thread.start()
    assert taken.wait(30)
    with pytest.raises(EnvironmentProblem, match="another run is writing"), home.locked():
        pass
    threading.Timer(0.2, done.set).start()
    with home.locked(30):
        assert done.is_set()
    thread.join()


def test_a_run_beyond_its_time_is_ended_and_publishes_nothing(
    prefect_server: str, extracts: Path, tmp_path: Path
) -> None:
    from flows.run import run_batch

    hasty = run_batch.with_options(timeout_seconds=0.5)
    with pytest.raises(TimeoutError):
        hasty(str(extracts), str(tmp_path / "home"), date.fromisoformat(MONTHS[0]))
    assert history(tmp_path / "home") == []
    with Home(tmp_path / "home").locked():
        pass
    assert run_batch.timeout_seconds == 12 * 3600


def test_a_run_whose_alarm_was_lost_is_ended_before_its_next_step(
    prefect_server: str, extracts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python swallows what is raised in a weak reference's callback, also Prefect's only alarm."""
    from flows.run import run_batch

    monkeypatch.setattr(AlarmCancelScope, "_sigalarm_to_error", lambda *_: None)
    hasty = run_batch.with_options(timeout_seconds=0.5)
    with pytest.raises(TimeoutError, match="its limit is"):
        hasty(str(extracts), str(tmp_path / "home"), date.fromisoformat(MONTHS[0]))
    assert history(tmp_path / "home") == []


def test_a_full_disk_publishes_nothing_and_the_run_goes_on_when_there_is_room(
    prefect_server: str, one_city: Path, tmp_path: Path
) -> None:
    """No file may grow beyond a limit: first none of the lake's, then not the warehouse."""
    home = tmp_path / "home"
    for room in (20_000, 400_000):
        full = run_within(room, one_city, home)
        assert full.status == 3, full.err
        assert "Traceback" not in full.err
        assert "File too large" in full.err or "is the disk full" in full.err
        assert history(home) == []
    ended = run(one_city, home, MONTHS[0], "--resume")
    assert ended.status == 0, ended.err
    assert [version.batch_id for version in history(home)] == ["ZJ-202501-31"]


def test_what_may_go_to_free_a_disk_is_made_again_from_the_inbox(
    copied: Path, months: Path, extracts: Path
) -> None:
    """The newest batch, taken back and without any of it, comes to what it was; old batches still explain."""
    home = Home(copied)
    assert zoufang("rollback", "--home", copied, "--to", "ZJ-202502-28").status == 0
    gone = [*home.runs.glob("*/work"), home.staged, home.split, home.steps]
    assert len(gone) > 3
    for folder in gone:
        shutil.rmtree(folder)
    firm = pl.read_parquet(curated_files(home, read_pointers(home)[0])["visit_targets"][0])["uscc"][0]
    for batch in ("ZJ-202501-31", "ZJ-202502-28"):
        asked = ["screen", "--explain", firm, "--batch", batch, "--home"]
        assert zoufang(*asked, copied) == zoufang(*asked, months)
    ended = run(extracts, copied, MONTHS[-1], "--resume")
    assert ended.status == 0, ended.err
    assert "nothing to do" not in ended.err
    assert curated(copied) == curated(months)
    assert contents(published_file(copied)) == contents(published_file(months))


def run_within(room: int, inbox: Path, home: Path) -> Ended:
    """Run a batch while no file may grow beyond so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
    try:
        return run(inbox, home, MONTHS[0], "--resume")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_only_faults_of_reading_and_writing_are_tried_again(prefect_server: str) -> None:
    from prefect import flow

    from flows.tasks import io_task

    tries: list[str] = []

    def read(name: str) -> str:
        tries.append(name)
        if name == "broken" or tries.count(name) < 3:
            raise OSError(5, "Input/output error", name) if name == "disk" else ValueError(name)
        return name

    @flow
    def reading(name: str) -> str:
        return io_task(read).with_options(retry_delay_seconds=0)(name)

    assert io_task(read).retry_delay_seconds == [1, 2, 4]
    assert reading("disk") == "disk"
    assert tries == ["disk"] * 3
    with pytest.raises(ValueError, match="broken"):
        reading("broken")
    assert tries == [*["disk"] * 3, "broken"]


def test_a_damaged_line_of_the_journal_is_named_and_may_be_taken_out(copied: Path, extracts: Path) -> None:
    path = journal_path(Home(copied))
    lines = path.read_bytes().splitlines(keepends=True)
    before = zoufang("history", "--home", copied).out.splitlines()
    path.write_bytes(b"".join([lines[0].replace(b"draft", b"drift"), *lines[1:]]))
    for told in (zoufang("history", "--home", copied), run(extracts, copied, MONTHS[-1])):
        assert told.status == 3, told.err
        assert f"{path}: line 1 is damaged" in told.err
    path.write_bytes(b"".join(lines[1:]))
    after = zoufang("history", "--home", copied).out.splitlines()
    [lost] = [line for line in before if line not in after]
    assert "ZJ-202501-31 v1  draft" in lost
    assert after == [line for line in before if line != lost]
    assert "nothing to do" in run(extracts, copied, MONTHS[-1]).err


def test_a_damaged_warehouse_without_another_version_is_built_again(
    copied: Path, months: Path, extracts: Path, tmp_path: Path
) -> None:
    versions = history(copied)
    for version in versions[1:]:
        version.path.unlink()
    path, only = published_file(copied), versions[0].path
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(content)
    refused = run(extracts, copied, MONTHS[-1])
    assert refused.status == 3, refused.err
    assert f"{only} is damaged" in refused.err
    for file in (path, only):
        file.rename(tmp_path / file.name)
    again = run(extracts, copied, MONTHS[-1])
    assert again.status == 0, again.err
    assert contents(path) == contents(published_file(months))
