from pathlib import Path

from flows.manifest import resume_or_run


def test_a_finished_step_is_reused_until_its_inputs_or_files_change(tmp_path: Path) -> None:
    runs: list[int] = []

    def body() -> tuple[list[Path], dict[str, int]]:
        runs.append(1)
        file = tmp_path / "out.txt"
        file.write_text("same")
        return [file], {"rows": len(runs)}

    def step(inputs: str) -> int:
        return int(resume_or_run(tmp_path / "run", tmp_path, "conform", inputs, body).figures["rows"])

    assert [step("a"), step("a"), step("b"), step("b")] == [1, 1, 2, 2]
    (tmp_path / "out.txt").write_text("spoilt")
    assert step("b") == 3
    (tmp_path / "out.txt").unlink()
    assert step("b") == 4
    (tmp_path / "run" / "steps" / "conform.json").write_text("{ half a manif")
    assert step("b") == 5
