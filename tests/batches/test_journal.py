"""The journal: append-only, whole after a power cut, and always what the published warehouse says."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from flows.home import Home
from flows.journal import follow, journal_path, last_states, read_journal, record, version_of, versions_of
from reference.errors import EnvironmentProblem
from warehouse.build import BatchRecord


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def batch(run: str, version: int = 1, batch_id: str = "ZJ-202503-31") -> BatchRecord:
    zone = datetime(2025, 4, 1, tzinfo=UTC)
    return BatchRecord(batch_id, date(2025, 3, 31), run, "c", "r", "d", "0" * 64, zone, "all", (), version)


def publish(home: Home, one: BatchRecord) -> None:
    for state in ("draft", "gated"):
        record(home, one, state, "a run")  # type: ignore[arg-type]
    follow(home, [one], "swapped")


def states(home: Home) -> list[tuple[str, str]]:
    return [(line.run_id, line.state) for line in read_journal(home)]


def test_a_line_cut_short_loses_only_itself(home: Home) -> None:
    publish(home, batch("one"))
    path = journal_path(home)
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"batch_id": "ZJ-2025')
    record(home, batch("one"), "closed", "over")
    assert states(home) == [("one", s) for s in ("draft", "gated", "published", "closed")]
    assert path.read_bytes().startswith(whole)


def test_a_state_is_written_once_and_what_bi_sees_is_no_draft(home: Home) -> None:
    publish(home, batch("one"))
    publish(home, batch("one"))
    assert states(home) == [("one", s) for s in ("draft", "gated", "published")]


def test_versions_count_what_was_published_only(home: Home) -> None:
    assert version_of(home, "ZJ-202503-31", "one") == 1
    record(home, batch("one"), "draft", "blocked later")
    assert version_of(home, "ZJ-202503-31", "two") == 1
    publish(home, batch("two"))
    assert version_of(home, "ZJ-202503-31", "one") == 2
    assert version_of(home, "ZJ-202503-31", "two") == 1
    assert version_of(home, "ZJ-202504-30", "one") == 1
    publish(home, batch("one", 2))
    assert versions_of(home, "ZJ-202503-31") == {1: "two", 2: "one"}


def test_a_replaced_version_stays_published_and_a_rollback_takes_the_later_one_back(home: Home) -> None:
    publish(home, batch("one"))
    publish(home, batch("two", 2))
    assert last_states(home) == {"one": "published", "two": "published"}
    follow(home, [batch("one")], "rollback")
    assert last_states(home) == {"one": "published", "two": "gated"}
    assert version_of(home, "ZJ-202503-31", "three") == 3
    follow(home, [batch("two", 2)], "rollback")
    assert last_states(home) == {"one": "published", "two": "published"}
    follow(home, [], "rollback")
    assert last_states(home) == {"one": "gated", "two": "gated"}


def test_after_a_kill_before_its_line_the_warehouse_decides(home: Home) -> None:
    follow(home, [batch("one")], "the published warehouse holds it")
    assert states(home) == [("one", "published")]
    follow(home, [batch("one")], "the published warehouse holds it")
    assert states(home) == [("one", "published")]


def test_a_journal_that_was_lost_is_found_again_from_the_warehouse(home: Home) -> None:
    publish(home, batch("two", 2))
    journal_path(home).unlink()
    follow(home, [batch("two", 2)], "the published warehouse holds it")
    assert version_of(home, "ZJ-202503-31", "three") == 3


@pytest.mark.parametrize(("old", "new"), [("published", "publishEd"), ('"version": 1', '"version": 3')])
def test_a_line_that_was_changed_is_named_and_not_passed_over(home: Home, old: str, new: str) -> None:
    """Else a published version's number could be given again, and its files be removed."""
    publish(home, batch("one"))
    path = journal_path(home)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(EnvironmentProblem, match=r"line \d is damaged; put the file back"):
        read_journal(home)
    path.write_bytes(text.encode().replace(b"swapped", b"sw\xffpped"))
    with pytest.raises(EnvironmentProblem, match="line 3 is damaged"):
        read_journal(home)
