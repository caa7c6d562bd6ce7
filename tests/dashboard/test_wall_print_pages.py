"""The wall on paper: what any page must bear, and the folder of them whole or not there."""

import copy
import re
from pathlib import Path

import pypdfium2
import pytest
from print_case import Page, pages
from wall_case import HOSTILE, PERSON

from cli.dashboard import print_wall
from dashboard.editions import Edition
from dashboard.facts import Document
from dashboard.paper import MISSING
from dashboard.prints import MARK, print_pages
from dashboard.words import Words
from reference.errors import EnvironmentProblem, InputProblem

ZH = Words("zh")


def test_the_same_batch_gives_the_same_bytes(
    edition: Edition, printed: dict[str, Page], tmp_path: Path
) -> None:
    print_pages(edition, tmp_path / "out", "3301", ZH)
    again = {file.stem: file.read_bytes() for file in (tmp_path / "out").glob("*.pdf")}
    assert set(again) == {name for name in printed if name.startswith("3301")}
    assert again == {name: printed[name].file.read_bytes() for name in again}


def changed(edition: Edition, **figures: object) -> Edition:
    """The edition with other facts of the first township of 西湖区."""
    documents = copy.deepcopy(edition.documents)
    documents["county/330106"]["townships"][0].update(figures)
    return Edition(edition.id, documents)


def page_of(edition: Edition, folder: Path, scope: str = "330106") -> Page:
    print_pages(edition, folder, scope, ZH)
    (page,) = pages(folder).values()
    return page


def test_a_hostile_name_is_printed_as_text(
    edition: Edition, printed: dict[str, Page], tmp_path: Path
) -> None:
    assert [line for line in printed["330000_浙江省"].lines if line.startswith(HOSTILE)]
    assert PERSON not in "".join(line for page in printed.values() for line in page.lines)
    name = "a\n\u202eb(\\)\U0001f600"
    told = print_pages(changed(edition, name=name), tmp_path / "out", "330106", ZH)
    (page,) = pages(tmp_path / "out").values()
    assert [line for line in page.lines if line.startswith(f"a\\u000a\\u202eb(\\){MISSING} ")]
    assert told.missing == {"\U0001f600"}


def test_places_moved_within_a_week_are_told(edition: Edition, tmp_path: Path) -> None:
    moves = ((1, 4, "1 ▲3"), (1, 1, "1"), (1, None, "1"), (3, 1, "3 ▼2"))
    for at, (now, before, shown) in enumerate(moves):
        figures = {"name": "某某街道", "rank": now, "rank_week_ago": before}
        page = page_of(changed(edition, **figures), tmp_path / str(at))
        (line,) = [line for line in page.lines if line.startswith("某某街道 ")]
        assert re.match(f"某某街道 {shown} [红黄绿] ", line)


@pytest.mark.parametrize(("more", "fits"), [(31, True), (80, False)])
def test_a_county_of_many_townships_still_takes_one_page(
    edition: Edition, tmp_path: Path, more: int, fits: bool
) -> None:
    documents = copy.deepcopy(edition.documents)
    towns: list[Document] = documents["county/330106"]["townships"]
    towns += [
        towns[1] | {"name": f"某某{n}街道", "code": f"3301069{n:02}", "rank": None} for n in range(more)
    ]
    page = page_of(Edition(edition.id, documents), tmp_path / "out")
    shown = [line for line in page.lines if re.match(r"\S+ \S+ [红黄绿] \d", line)]
    told = [line for line in page.lines if "其余" in line]
    if fits:
        assert (len(shown), told) == (len(towns), [])
    else:
        assert told == [f"表中列前 {len(shown)} 个，其余 {len(towns) - len(shown)} 个见挂图作战"]
        assert len(shown) > 30
    assert len(pypdfium2.PdfDocument(page.file)) == 1
    assert page.lines[-1].startswith("批次")


def test_english(edition: Edition, tmp_path: Path) -> None:
    print_pages(edition, tmp_path / "out", "33", Words("en"))
    found = pages(tmp_path / "out")
    page = found["330000_Zhejiang"]
    assert page.lines[0] == "Zhejiang · Visit campaign briefing"
    assert page.after("Target firms") == "1,401"
    assert page.after("Loan amount") == "0 m CNY"
    names = re.compile("杭州市|宁波市")
    assert not [line for line in page.lines if re.search("[一-鿿]", names.sub("", line))]


def test_a_page_of_a_county_holds_only_its_own(printed: dict[str, Page]) -> None:
    text = "".join(printed["330106_西湖区"].lines)
    assert not [name for name in ("拱墅区", "海曙区", "宁波市", "<script>") if name in text]


def test_the_folder_is_whole_or_not_there(
    edition: Edition, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    print_pages(edition, out, "33", ZH)
    before = sorted(out.iterdir())
    assert {oct(file.stat().st_mode & 0o777) for file in before} <= {"0o640", "0o600"}
    print_pages(edition, out, "33", ZH)
    assert sorted(out.iterdir()) == before
    assert (out / MARK).read_text() == f"{edition.id}\n"

    def full(path: Path, _: bytes) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr("dashboard.prints.put_file", full)
    with pytest.raises(OSError, match="No space"):
        print_pages(edition, out, "33", ZH)
    assert sorted(out.iterdir()) == before
    assert list(tmp_path.iterdir()) == [out]


def test_mistakes_are_told(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputProblem, match="publish a batch first"):
        print_wall(tmp_path / "none", tmp_path / "out")
    with pytest.raises(InputProblem, match="holds no place 3399; its cities: 3301 杭州市, 3302 宁波市"):
        print_wall(home, tmp_path / "out", scope="3399")
    with pytest.raises(InputProblem, match="330106 a county"):
        print_wall(home, tmp_path / "out", scope="杭州")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("keep")
    with pytest.raises(InputProblem, match="choose another folder"):
        print_wall(home, tmp_path / "mine")
    with pytest.raises(EnvironmentProblem, match="cannot write"):
        print_wall(home, tmp_path / "mine" / "letter.txt" / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    print_wall(home, tmp_path / "out", scope="330106")
    assert "1 pages in" in capsys.readouterr().out
