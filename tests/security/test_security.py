"""What keeps strangers out: SQL, file modes, loopback, licences."""

import os
import re
import stat
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from bench import licences
from expectations.request import files_as_sql, quoted
from flows.home import Home
from warehouse.schema import quote

ROOT = Path(__file__).parents[2]
PRODUCT = ("cli", "dashboard", "flows", "transforms", "expectations", "warehouse", "reference")
HOSTILE = ["'; DROP TABLE t; --", "''", "a'b''c", "\\'", 'x"y', "名单'); ATTACH 'x"]
REVIEWED = {
    # Names of tables and columns from declarations; values are bound, or literals of `quoted`.
    "expectations/cities.py": 2,
    "expectations/counting.py": 5,
    "expectations/gate.py": 2,
    "expectations/gxduck.py": 1,
    "expectations/suite_account.py": 4,
    "expectations/suite_feedback.py": 2,
    "expectations/suites_candidate.py": 7,
    "expectations/suites_curated.py": 2,
    "expectations/suites_staged.py": 5,
    "warehouse/feedback.py": 1,
    "warehouse/items.py": 5,
    "warehouse/schema.py": 5,
}
"""Statements put together from text, by file; whoever adds one looks at what goes in and counts it here."""


def test_every_statement_put_together_from_text_was_looked_at() -> None:
    built = re.compile(r"noqa: S608|(?:execute|sql|exec_driver_sql)\(\s*f[\"']")
    found = Counter(
        path.relative_to(ROOT).as_posix()
        for folder in PRODUCT
        for path in (ROOT / folder).rglob("*.py")
        for _ in built.finditer(path.read_text(encoding="utf-8"))
    )
    assert dict(found) == REVIEWED


@pytest.mark.parametrize("text", HOSTILE)
def test_a_literal_is_only_ever_its_text(text: str) -> None:
    with duckdb.connect() as con:
        con.execute("CREATE TABLE t (x INTEGER)")
        assert con.execute(f"SELECT {quoted(text)}, {quote(text)}").fetchall() == [(text, text)]
        assert con.execute(f"SELECT {files_as_sql([Path(text)])}[1]").fetchall() == [(str(Path(text)),)]
        assert con.execute("SELECT count(*) FROM t").fetchall() == [(0,)]


@pytest.fixture
def umask() -> Iterator[None]:
    """Whatever the process's umask becomes, put it back."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.parametrize(
    ("before", "file", "folder"), [(0o022, 0o640, 0o750), (0, 0o640, 0o750), (0o077, 0o600, 0o700)]
)
@pytest.mark.usefixtures("umask")
def test_whoever_holds_a_home_writes_for_owner_and_group_alone(
    tmp_path: Path, before: int, file: int, folder: int
) -> None:
    os.umask(before)
    home = Home(tmp_path / "home")
    with home.locked():
        (home.runs / "made").write_text("x", encoding="utf-8")
    assert stat.S_IMODE((home.runs / "made").stat().st_mode) == file
    assert stat.S_IMODE(home.runs.stat().st_mode) == folder


def test_servers_listen_on_loopback_unless_told() -> None:
    from prefect.settings import Settings

    assert Settings.model_fields["server"].annotation is not None
    assert type(Settings().server).model_fields["api"].annotation.model_fields["host"].default == "127.0.0.1"  # type: ignore[union-attr]
    told = [
        ROOT / "prefect.yaml",
        ROOT / "README.md",
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "flows").rglob("*.py"),
    ]
    assert [path.name for path in told if "0.0.0.0" in path.read_text(encoding="utf-8")] == []


def test_the_licence_list_is_current() -> None:
    assert licences.FILE.read_text(encoding="utf-8") == licences.text(), "run make audit"
