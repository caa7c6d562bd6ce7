"""Benches of hours take up where they were left, and never show another program's figures."""

import json
from pathlib import Path

import pytest

from bench import everything, run
from bench.everything import benches, outcome
from bench.growth import SEED, Point, measured
from bench.kept import keep, kept


def test_what_was_kept_is_found_for_the_same_arguments_only(tmp_path: Path) -> None:
    file = tmp_path / "figures" / "run.json"
    assert kept(file, ["a"]) is None
    keep(file, ["a"], {"seconds": 1.5})
    assert kept(file, ["a"]) == {"seconds": 1.5}
    assert kept(file, ["b"]) is None


def test_figures_of_another_program_are_not_shown(tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    keep(file, [], {"seconds": 1.5})
    told = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({**told, "measured_with": "0.0.0+other"}), encoding="utf-8")
    assert kept(file, []) is None


def test_a_bench_that_ended_well_is_run_once_and_one_that_failed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([(1, {}), (0, {"holds": False})])
    monkeypatch.setattr(everything, "run_bench", lambda arguments: next(answers))
    told = [outcome("run", ["bench.run"], tmp_path) for _ in range(3)]
    assert [(one["how"], one["when"]) for one in told] == [
        ("failed", "now"), ("missed", "now"), ("missed", "before"),
    ]  # fmt: skip


def test_what_stands_beside_the_run_is_measured_again_when_the_run_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(everything, "run_bench", lambda arguments: (0, {"of": arguments[0]}))

    def ended() -> list[str]:
        return [outcome(name, [name], tmp_path)["when"] for name in ("run", "incremental", "fuzz")]

    assert (ended(), ended()) == (["now"] * 3, ["before"] * 3)
    keep(tmp_path / "run.json", ["run"], {"how": "done", "seconds": 2, "figures": {}})
    assert ended() == ["before", "now", "before"]


def test_a_size_that_was_measured_is_neither_simulated_nor_run_again(tmp_path: Path) -> None:
    point = Point(10, 1.0, 2.0, 3.0)
    keep(tmp_path / f"{SEED}-10.json", ["6", "4", str(SEED)], vars(point))
    assert measured(tmp_path, 6, 4, SEED) == point
    assert [path.name for path in tmp_path.iterdir()] == [f"{SEED}-10.json"]


def test_a_simulation_that_was_stopped_is_no_inbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def simulate(out: Path, **_: object) -> str:
        calls.append(out)
        (out / "registry").mkdir(parents=True)
        if len(calls) == 1:
            raise KeyboardInterrupt
        return "simulated"

    monkeypatch.setattr(run, "simulate", simulate)
    with pytest.raises(KeyboardInterrupt):
        run.simulated(tmp_path, {"seed": 1})
    assert run.simulated(tmp_path, {"seed": 1}) == tmp_path / "inbox"
    assert run.simulated(tmp_path, {"seed": 1}) == tmp_path / "inbox"
    assert len(calls) == 2
    with pytest.raises(SystemExit, match="another draw"):
        run.simulated(tmp_path, {"seed": 2})


def test_every_bench_is_of_one_folder_and_the_small_ones_are_some_of_them(tmp_path: Path) -> None:
    whole, small = benches(tmp_path, small=False), benches(tmp_path, small=True)
    assert set(small) < set(whole)
    assert whole["run"][whole["run"].index("--dir") + 1] == whole["incremental"][-1]
    assert whole["growth"][whole["growth"].index("--whole") + 1] == whole["incremental"][-1]
