"""The wall as a folder: whole, self-contained, cut to its scope."""

import json
import re
from pathlib import Path

import pytest

from dashboard.editions import read_edition
from dashboard.export import export
from reference.errors import InputProblem


def delivered(folder: Path) -> dict[str, object]:
    """Read back what the scripts deliver, by the name they deliver it under."""
    found: dict[str, object] = {}
    for path in (folder / "facts").rglob("*.js"):
        text = path.read_text(encoding="utf-8").removeprefix("Wall.deliver(").removesuffix(");\n")
        name, document = json.loads(f"[{text}]")
        found[name] = document
    return found


def test_the_folder_delivers_what_the_server_answers(home: Path, tmp_path: Path) -> None:
    edition = read_edition(home)
    page = export(edition, tmp_path / "out", "33")
    assert page.exists()
    found = delivered(tmp_path / "out")
    assert found.pop("now") == {"edition": edition.id, "scope": "33"}
    assert set(found.pop("outlines")) == {"width", "height", "cities", "counties"}  # type: ignore[call-overload]
    assert found == edition.documents


def test_no_file_of_the_folder_names_another_host(home: Path, tmp_path: Path) -> None:
    export(read_edition(home), tmp_path / "out", "33")
    # The name of SVG's namespace and of its licence is no address that is asked.
    named = re.compile(r"https?://(?!www\.w3\.org/2000/svg)|[\"'(]//\w|wss?://|@import")
    files = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert len(files) > 12
    assert [path.name for path in files if named.search(path.read_text(encoding="utf-8"))] == []


def test_everything_the_page_names_lies_beside_it(home: Path, tmp_path: Path) -> None:
    page = export(read_edition(home), tmp_path / "out", "33")
    named = re.findall(r'(?:src|href)="([^"#]+)"', page.read_text(encoding="utf-8"))
    assert "static/wall.js" in named
    assert [name for name in named if not (page.parent / name).exists()] == []
    assert 'content="folder"' in page.read_text(encoding="utf-8")


def test_a_folder_of_a_county_holds_only_its_own(home: Path, tmp_path: Path) -> None:
    export(read_edition(home), tmp_path / "out", "330106")
    text = "".join(path.read_text(encoding="utf-8") for path in (tmp_path / "out" / "facts").rglob("*.js"))
    assert "西湖区" in text
    assert not [name for name in ("拱墅区", "海曙区", "宁波市") if name in text]
    assert [path.name for path in (tmp_path / "out" / "facts" / "county").iterdir()] == ["330106.js"]


def test_an_export_is_replaced_and_nothing_else_is(home: Path, tmp_path: Path) -> None:
    edition = read_edition(home)
    export(edition, tmp_path / "out", "330106")
    export(edition, tmp_path / "out", "33")
    assert (tmp_path / "out" / "facts" / "county" / "330203.js").exists()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("keep")
    with pytest.raises(InputProblem, match="is no export"):
        export(edition, tmp_path / "mine", "33")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "out"]
