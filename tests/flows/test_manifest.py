from pathlib import Path
from typing import Any

import pytest

from flows.home import Home
from flows.manifest import StepStore, read_sealed, write_sealed

Steps = list[int]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def take(home: Home, run_id: str, inputs: str, made: Steps) -> int:
    """Take the step "conform", whose body counts how often it is asked, and return what it told."""
    out = home.run(run_id) / "work" / "out.txt"

    def body() -> tuple[list[Path], dict[str, Any]]:
        made.append(1)
        out.parent.mkdir(parents=True, exist_ok=True)
        out.unlink(missing_ok=True)
        out.write_text(f"made {len(made)}")
        return [out], {"rows": len(made)}

    told = StepStore(home, run_id).take("conform", inputs, body)
    assert out.read_text() == f"made {told.figures['rows']}"
    return int(told.figures["rows"])


def test_a_finished_step_is_reused_until_its_inputs_or_files_change(home: Home) -> None:
    made: Steps = []
    assert [take(home, "one", inputs, made) for inputs in ("a", "a", "b", "b")] == [1, 1, 2, 2]
    out = home.run("one") / "work" / "out.txt"
    out.write_text("spoilt")
    assert take(home, "one", "b", made) == 3
    out.unlink()
    assert take(home, "one", "b", made) == 4
    (home.run("one") / "steps" / "conform.json").write_text("{ half a manif")
    assert take(home, "one", "b", made) == 5


def test_what_an_earlier_run_made_of_the_same_inputs_is_linked_not_made_again(home: Home) -> None:
    made: Steps = []
    assert take(home, "one", "a", made) == 1
    assert take(home, "two", "a", made) == 1
    assert take(home, "two", "b", made) == 2
    theirs = home.run("one") / "work" / "out.txt"
    assert theirs.read_text() == "made 1", "a run wrote into another's file"
    assert take(home, "three", "b", made) == 2


@pytest.mark.parametrize("loss", ["spoilt", "gone", "entry"])
def test_what_an_earlier_run_made_counts_only_while_it_is_whole(home: Home, loss: str) -> None:
    made: Steps = []
    take(home, "one", "a", made)
    theirs = home.run("one") / "work" / "out.txt"
    if loss == "spoilt":
        theirs.write_text("spoilt")
    elif loss == "gone":
        theirs.unlink()
    else:
        [entry] = home.steps.glob("*.json")
        entry.write_text("{ half an ent")
    assert take(home, "two", "a", made) == 2
    assert take(home, "three", "a", made) == 2


def test_a_step_tells_whether_it_was_made_kept_or_linked_and_does_not_record_it(home: Home) -> None:
    def how(run_id: str, inputs: str) -> str:
        body: tuple[list[Path], dict[str, Any]] = ([], {"rows": 1})
        return StepStore(home, run_id).take("conform", inputs, lambda: body).how

    asked = [("one", "a"), ("one", "a"), ("two", "a"), ("two", "b"), ("two", "b")]
    assert [how(*one) for one in asked] == ["made", "resumed", "linked", "made", "resumed"]
    assert "how" not in (home.run("two") / "steps" / "conform.json").read_text()


@pytest.mark.parametrize("place", ["run", "lake"])
def test_a_record_with_a_changed_figure_counts_as_none(home: Home, place: str) -> None:
    """Valid JSON still, and every file it names is whole: nothing but the record itself can tell."""
    made: Steps = []
    assert take(home, "one", "a", made) == 1
    records = {"run": home.run("one") / "steps" / "conform.json", "lake": next(home.steps.glob("*.json"))}
    text = records[place].read_text()
    assert '"rows": 1' in text
    records[place].write_text(text.replace('"rows": 1', '"rows": 3'))
    assert take(home, "one" if place == "run" else "two", "a", made) == 2


def test_what_is_sealed_is_read_back_or_not_at_all(tmp_path: Path) -> None:
    path, told = tmp_path / "one.json", {"a": [1, 2.5, None], "zh": "基准日"}
    write_sealed(path, told)
    assert read_sealed(path) == told
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert read_sealed(path) in (None, told), at
        path.write_bytes(whole[:at])
        assert read_sealed(path) is None, at
    path.unlink()
    assert read_sealed(path) is None
