"""Personal numbers are staged as keyed hashes: equal stays equal, another key tells nothing of them."""

import hmac
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ingest_makers import KEY, REGISTRY_HEADER, ingest_all, put, put_registry

from flows.hash_key import VARIABLE, hash_key, key_name
from flows.home import Home
from reference.errors import EnvironmentProblem
from transforms.ingest_keys import headcount, keyed

OTHER = b"another key of these tests, 32 bytes"
CITIZEN = "11010119000101123X"  # a day and a place at which nobody alive was born
PHONES = [
    ("13900000000", "13900000000"), ("139-0000-0000", "13900000000"), ("+86 13900000000", "13900000000"),
    ("013900000000", "13900000000"), ("13900000000;13900000001", "13900000000"),
    ("0571-88880000", "057188880000"),
]  # fmt: skip


def _phones(*texts: str | None, key: bytes = KEY) -> list[str | None]:
    return keyed(pl.Series("phone_key", texts, pl.String), "phone_key", key).to_list()


@pytest.mark.parametrize(("written", "plain"), PHONES)
def test_one_number_in_different_writing_has_one_key(written: str, plain: str) -> None:
    first, second = _phones(written, plain)
    assert first == second
    assert first is not None
    assert len(first) == 32


@settings(deadline=None)
@given(st.lists(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), min_size=1, max_size=20))
def test_keys_are_equal_exactly_where_the_numbers_are(numbers: list[str]) -> None:
    keys = _phones(*numbers)
    assert len(set(keys)) == len({n for n in numbers if len(set(n)) > 1})
    assert not set(keys) & set(_phones(*numbers, key=OTHER))


def test_null_masked_and_placeholder_numbers_are_told_apart() -> None:
    told = _phones("13900000000", None, "138****1234", "00000000", "12")
    assert told[1:] == ["", None, "", ""]
    # A bureau that withholds every number does not say that nobody has one.
    assert _phones(None, "0") == [None, None]


def test_plain_numbers_stay_nowhere_in_the_lake(tmp_path: Path) -> None:
    put_registry(
        tmp_path,
        [
            f"9133010000T000001{n},某某{n}公司,存续,2020-01-01,杭州市,13911112222,{CITIZEN.lower()}"
            for n in (1, 2)
        ],
        header=REGISTRY_HEADER + ",联系电话,法定代表人证件号码",
    )
    cases = f"证件号码,案号,发布日期,类型\n{CITIZEN},（2024）浙执1号,2024-05-01,自然人\n"
    put(
        tmp_path,
        "judgment_defaulters",
        "cases_20250331.csv",
        cases.replace("证件号码", "身份证号码/组织机构代码").encode(),
    )
    ingest_all_sources(tmp_path)
    whole = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file() and "inbox" not in p.parts)
    assert not any(word in whole for word in (b"13911112222", CITIZEN.encode(), CITIZEN.lower().encode()))
    register, persons = (
        pl.read_parquet(tmp_path / "staged" / source / "file=*" / "*.parquet", hive_partitioning=False)
        for source in ("registry", "judgment_defaulters")
    )
    assert register["phone"].to_list() == ["139****2222"] * 2
    assert register["phone_key"].n_unique() == 1
    assert persons["uscc"].to_list() == [None]
    assert persons["person_id_key"].to_list() == register["legal_rep_id_key"].to_list()[:1]


def ingest_all_sources(folder: Path) -> None:
    from flows.ingest import check_inbox, ingest_file

    for file in check_inbox(folder / "inbox"):
        ingest_file(file, folder / "staged", folder / "quarantine", hash_key=KEY)


def test_another_key_stages_anew(tmp_path: Path) -> None:
    put_registry(tmp_path, ["9133010000T0000011,某某公司,存续,2020-01-01,杭州市"])
    [report], _, _ = ingest_all(tmp_path)
    from flows.ingest import check_inbox, ingest_file

    lakes = (tmp_path / "staged", tmp_path / "quarantine")
    assert ingest_file(check_inbox(tmp_path / "inbox")[0], *lakes, hash_key=OTHER).key != report.key


@pytest.mark.parametrize(
    ("cell", "count"),
    [("张某", 1), ("张某、李某", 2), ("张某 李某,王某", 3), ("张某和李某", 2), (None, None)],
)
def test_visitors_are_counted(cell: str | None, count: int | None) -> None:
    assert pl.select(headcount(pl.lit(cell, pl.String))).item() == count


def test_a_home_without_a_given_key_makes_its_own_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    home = Home(tmp_path)
    key = hash_key(home)
    assert hash_key(home) == key
    assert stat.S_IMODE(home.hash_key.stat().st_mode) == 0o600
    assert hash_key(Home(tmp_path / "other")) != key
    home.hash_key.chmod(0o644)
    with pytest.raises(EnvironmentProblem, match="chmod 600"):
        hash_key(home)


def test_the_environment_gives_the_key_before_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, OTHER.decode())
    assert hash_key(Home(tmp_path)) == OTHER
    assert not Home(tmp_path).hash_key.exists()
    assert key_name(OTHER) != key_name(KEY)
    monkeypatch.setenv(VARIABLE, "short")
    with pytest.raises(EnvironmentProblem, match="32 bytes"):
        hash_key(Home(tmp_path))


@pytest.mark.parametrize("loss", ["changed", "short", "gone"])
def test_another_key_than_the_one_a_home_began_with_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loss: str
) -> None:
    """It would hash everybody anew, and no person would be the one of the batch before."""
    monkeypatch.delenv(VARIABLE, raising=False)
    home = Home(tmp_path)
    key = hash_key(home)
    home.hash_key.write_bytes({"changed": key[:-1] + b"-", "short": b"", "gone": b""}[loss])
    if loss == "gone":
        home.hash_key.unlink()
    with pytest.raises(EnvironmentProblem, match="put keys/ back from the backup"):
        hash_key(home)
    home.hash_key.write_bytes(key)
    home.hash_key.chmod(0o600)
    assert hash_key(home) == key


def test_a_key_of_bytes_that_are_no_text_is_refused_and_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    home = Home(tmp_path)
    home.hash_key.parent.mkdir(parents=True)
    home.hash_key.write_bytes(b"\xff" * 32)
    home.hash_key.chmod(0o600)
    with pytest.raises(EnvironmentProblem, match="no text; put 64 random hex digits") as caught:
        hash_key(home)
    assert "xff" not in str(caught.value)


def test_threads_that_need_a_first_key_at_once_get_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files are read side by side: two keys would tell one person's numbers apart for ever."""
    monkeypatch.delenv(VARIABLE, raising=False)
    with ThreadPoolExecutor(max_workers=8) as threads:
        for number in range(30):
            home, start = Home(tmp_path / str(number)), Barrier(8)

            def ask(home: Home = home, start: Barrier = start) -> bytes:
                start.wait()
                return hash_key(home)

            keys = {future.result() for future in [threads.submit(ask) for _ in range(8)]}
            assert keys == {home.hash_key.read_bytes()}


@pytest.mark.parametrize(
    "key", [KEY, b"longer than a block of the hash: " * 3, "三十二字节以上的密钥".encode() * 2]
)
def test_a_key_is_the_hmac_of_kind_and_number(key: bytes) -> None:
    """As docs/overrides.md tells whoever has to find the same person in another system."""
    number = "13812345678"
    told = hmac.digest(key, f"phone_key:{number}".encode(), "sha256").hex()[:32]
    assert _phones(number, "138 1234 5678", None, key=key) == [told, told, ""]
