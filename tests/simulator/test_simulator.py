"""The synthetic province: same bytes for the same seed, sound codes, truth that agrees with its own rows."""

import hashlib
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from stdnum.cn import uscc

from flows.ingest import check_inbox, ingest_file
from simulator.simulate import SimulationReport, simulate
from simulator.truth import FOR_HOUSEHOLDS, months_passed
from simulator.truth_records import months_back

KEY = b"a key of these tests, of 32 bytes"
AS_OF = date(2025, 3, 31)
RULES = {
    *(f"C0{number}" for number in range(1, 8)), *(f"P0{number}" for number in range(1, 6)), "P02f",
    "D01", "D02", "D04", "D05", "D06", "D07", "D07f", "D08",
    "Z01", "Z02", "Z02h", "Z02hx", "Z03", "Z05", "Z05c", "Z07", "F01", "F03", "F04", "F09", "K8",
    "S01", "S02", "S03", "S03f", "S04", "S05", "S06", "D03", "O01", "O02", "O03",
}  # fmt: skip


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("province")
    simulate(out, enterprises=4_000, households=400, seed=11, as_of=AS_OF)
    return out


def truth(inbox: Path, table: str) -> pl.DataFrame:
    return pl.read_parquet(inbox / "truth" / table / "*.parquet")


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_same_seed_same_bytes(tmp_path: Path) -> None:
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        simulate(tmp_path / name, enterprises=900, households=100, seed=seed, as_of=AS_OF)
    assert digests(tmp_path / "a") == digests(tmp_path / "b")
    assert digests(tmp_path / "a") != digests(tmp_path / "c")


def test_counts_are_what_was_asked(tmp_path: Path) -> None:
    report = simulate(tmp_path, enterprises=1_000, households=37, seed=1, as_of=AS_OF)
    assert isinstance(report, SimulationReport)
    assert report.subjects == 1_037
    classes = truth(tmp_path, "subjects")["entity_class"].value_counts()
    assert dict(classes.iter_rows())["household"] == 37


def test_codes_are_valid_and_unique_and_name_no_living_firm(inbox: Path) -> None:
    subjects = truth(inbox, "subjects")
    keys = subjects["subject_key_true"]
    assert keys.n_unique() == len(keys)
    assert keys.str.slice(8, 3).eq("00T").all()
    is_wrong = pl.col("defects").list.contains("wrong_check")
    assert all(uscc.is_valid(key) for key in subjects.filter(~is_wrong)["subject_key_true"])
    assert not any(uscc.is_valid(key) for key in subjects.filter(is_wrong)["subject_key_true"])


def test_every_rule_fires_somewhere_and_the_excluded_share_is_domestic(inbox: Path) -> None:
    fired = truth(inbox, "rules")
    assert fired.is_duplicated().sum() == 0
    assert set(fired["rule_id"]) == RULES
    firms = truth(inbox, "subjects").filter(pl.col("entity_class") != "household")
    share = (firms["expected_disposition"] == "excluded").mean()
    assert share is not None
    assert 0.13 < float(str(share)) < 0.20


def test_households_only_meet_the_rules_that_look_at_them(inbox: Path) -> None:
    households = truth(inbox, "subjects").filter(entity_class="household")
    hits = truth(inbox, "rules").join(households, on="subject_key_true", how="semi")
    assert set(hits["rule_id"]) <= set(FOR_HOUSEHOLDS)
    assert set(households["expected_disposition"]) == {"out_of_scope"}


def test_ingest_quarantines_exactly_the_planted_rows(inbox: Path, tmp_path: Path) -> None:
    files = check_inbox(inbox)
    assert {Path(f.file).suffix for f in files} == {".csv", ".xlsx"}
    for file in files:
        ingest_file(file, tmp_path / "staged", tmp_path / "quarantine", hash_key=KEY)
    found = pl.read_parquet(tmp_path / "quarantine" / "*" / "*" / "*.parquet")
    planted = truth(inbox, "defects").filter(expected="quarantined")
    rows = ["source_file", "row_no"]
    assert set(found.select(rows).iter_rows()) == set(planted.select(rows).iter_rows())


def test_links_name_each_subject_once(inbox: Path) -> None:
    links = truth(inbox, "links").filter(pl.col("subject_key_true").is_not_null())
    assert links["subject_key_true"].is_duplicated().sum() == 0
    assert set(links["round"]) == {"L1", "L2", "L3", "L4"}


def test_months_count_whole_calendar_months() -> None:
    starts = pl.DataFrame({"start": [date(2024, 3, 31), date(2024, 4, 1), date(2023, 3, 30)]})
    assert starts.select(months_passed(pl.col("start"), AS_OF)).to_series().to_list() == [12, 11, 24]
    assert months_back(date(2025, 3, 31), 1) == date(2025, 2, 28)
