"""What is known of the shapes of an inbox is believed only while file and program are the same."""

import os
from pathlib import Path

import pytest

from flows import fingerprints, ingest, known_shapes
from flows.fingerprints import read_fingerprint
from flows.home import Home
from flows.ingest import SourceFile, check_inbox
from flows.known_shapes import NONE_KNOWN, Shapes, keep_shapes, read_shapes
from flows.readers import FileShape, inspect_file
from reference.contracts import Contract
from reference.errors import InputProblem

LATER = "zhejiang_3302.csv"


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files count as settled at once: else a test had to wait for two seconds."""
    monkeypatch.setattr(fingerprints, "SETTLED_NS", -1)


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox" / "registry"
    folder.mkdir(parents=True)
    for name in ("zhejiang_3301.csv", LATER):
        (folder / name).write_text(HEADER + ROW)
    return folder.parent


HEADER = "统一社会信用代码,企业名称,企业类型,成立日期,住所,登记状态\n"
OTHER_ORDER = "企业名称,统一社会信用代码,企业类型,成立日期,住所,登记状态\n"
ROW = "91330100MA00000000,某公司,有限责任公司,2020-01-01,杭州市西湖区,存续\n"


def opened(inbox: Path, known: Shapes, monkeypatch: pytest.MonkeyPatch) -> tuple[list[SourceFile], list[str]]:
    """Check an inbox as a new process does; return what was found, and the files that were looked into."""
    asked: list[str] = []
    ingest._check_file.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(
            ingest, "inspect_file", lambda path, *a: asked.append(path.name) or inspect_file(path, *a)
        )
        return check_inbox(inbox, known), asked


def keep(home: Home, files: list[SourceFile], known: Shapes = NONE_KNOWN) -> None:
    keep_shapes(home, known, [(file, read_fingerprint(file.path)) for file in files])


def test_only_a_file_that_changed_is_looked_into(
    inbox: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settled: None
) -> None:
    home = Home(tmp_path / "home")
    first, asked = opened(inbox, read_shapes(home), monkeypatch)
    assert len(asked) == 2
    keep(home, first)
    again, asked = opened(inbox, read_shapes(home), monkeypatch)
    assert (again, asked) == (first, [])
    path = inbox / "registry" / LATER
    stat = path.stat()
    path.write_text((HEADER + ROW).replace(",", ";"))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    changed, asked = opened(inbox, read_shapes(home), monkeypatch)
    assert asked == [LATER], "same size, same time of change, another separator"
    assert [file.shape.text.separator for file in changed if file.shape.text] == [",", ";"]
    path.write_text("")
    with pytest.raises(InputProblem, match=LATER):
        opened(inbox, read_shapes(home), monkeypatch)


def test_what_another_program_found_is_not_believed(
    inbox: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settled: None
) -> None:
    home = Home(tmp_path / "home")
    keep(home, check_inbox(inbox))
    assert len(read_shapes(home)) == 2
    with monkeypatch.context() as patch:
        patch.setattr(known_shapes, "code_version", lambda: "another")
        assert not read_shapes(home)
    kept = home.root / "lake" / "shapes.json"
    kept.write_text(kept.read_text().replace('"utf-8"', '"utf-9"'))
    assert not read_shapes(home), "another encoding, in a file that is JSON still"


def test_a_file_written_just_now_is_looked_into_the_next_time(inbox: Path, tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    keep(home, check_inbox(inbox))
    assert not read_shapes(home)


def test_a_folder_exchanged_and_put_back_is_not_read_by_the_headers_of_the_other(
    inbox: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settled: None
) -> None:
    """Renaming a folder changes nothing of the files in it: their states are those of the fingerprints."""
    home = Home(tmp_path / "home")
    here, aside, other = inbox / "registry", tmp_path / "aside", tmp_path / "other"
    prints = [read_fingerprint(path) for path in sorted(here.iterdir())]
    other.mkdir()
    for one in prints:
        (other / one.path.name).write_text(
            (HEADER + ROW).replace("统一社会信用代码,企业名称", "企业名称,统一社会信用代码")
        )
    here.rename(aside)
    other.rename(here)
    exchanged, _ = opened(inbox, NONE_KNOWN, monkeypatch)
    here.rename(other)
    aside.rename(here)
    keep_shapes(home, NONE_KNOWN, list(zip(exchanged, prints, strict=True)))
    assert not read_shapes(home)


def test_a_file_that_changes_while_it_is_looked_into_is_refused(
    inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest._check_file.cache_clear()

    def changed(path: Path, name: str, contract: Contract) -> FileShape:
        shape = inspect_file(path, name, contract)
        path.write_text(HEADER + ROW + ROW)
        return shape

    monkeypatch.setattr(ingest, "inspect_file", changed)
    with pytest.raises(InputProblem, match="changed while the run was reading it"):
        check_inbox(inbox)
