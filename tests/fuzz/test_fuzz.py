"""A seeded part of the corpus of malformed files, and that its judge and its limits can find fault."""

import random
from pathlib import Path

import pytest

from bench.fuzz import corpus, run_cases
from bench.fuzz_case import Case, contents, good_text
from bench.fuzz_judge import FuzzFault, judge

SEED = 3
PART = 150


def test_malformed_files_are_refused_clearly_or_their_rows_add_up() -> None:
    light = [case.name for case in corpus(SEED) if not case.heavy]
    assert len(light) > 1_000
    names = random.Random(SEED).sample(light, PART)
    verdicts = run_cases(names, SEED, processes=1)
    assert [verdict for verdict in verdicts if verdict.outcome == "fault"] == []
    assert sorted(verdict.name for verdict in verdicts) == sorted(names)
    assert {verdict.outcome for verdict in verdicts} == {"read", "refused"}


def test_a_workbook_that_ends_its_reader_is_refused_and_the_next_one_is_read() -> None:
    names = ["bomb-far-corner-ingest", "part-traversal", "bomb-far-corner-place", "sheet-formulas-ingest"]
    verdicts = run_cases(names, SEED, processes=1)
    assert [(verdict.name, verdict.outcome) for verdict in verdicts] == [
        ("sheet-formulas-ingest", "read"),
        ("bomb-far-corner-place", "refused"),
        ("part-traversal", "read"),
        ("bomb-far-corner-ingest", "refused"),
    ][::-1]


def test_the_judge_finds_fault_with_what_is_refused_and_should_be_read(tmp_path: Path) -> None:
    made = contents(good_text().encode())
    assert judge(Case("good", "a.csv", made, outcome="read"), tmp_path / "case") == "read"
    with pytest.raises(FuzzFault, match="refused, and should be read"):
        judge(Case("empty", "a.csv", contents(b""), outcome="read"), tmp_path / "case")
    with pytest.raises(FuzzFault, match="passed over in silence"):
        judge(Case("hidden", ".a.csv", made, "annual_reports"), tmp_path / "case")
