"""What is counted file by file, and remembered, is what the database answers of the whole tables."""

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from gate_makers import copy_sql, make_batch

from expectations import counting
from expectations.ahead import Ahead
from expectations.asking import as_asked
from expectations.checks import ExpectMeasureToBeBetween, Suites
from expectations.gate import run_gate
from expectations.report import GateReport, GateResult
from expectations.request import GateRequest, Tally, files_as_sql, view_name
from expectations.suites_curated import curated_suites
from expectations.suites_staged import staged_suites
from flows.gate_memory import COUNTED, name_content, recall_counts, remember
from flows.home import Home
from flows.known_bytes import hash_file
from reference.gates import load_gates

CITIES = range(3)
TABLES = ("staged.registry", "curated.enterprises", "curated.rule_hits", "curated.visit_targets",
          "curated.link_conflicts")  # fmt: skip
STRANGERS = "select * replace ({key} || '0' as {key}) from t limit 300"
CHANGES = (
    "from t limit 200",
    "from t where false",
    # A row twice, rows of another city too, and instead.
    "from t union all by name (from t limit 3)",
    "from t union all by name (from other limit 2)",
    "from (from t limit 100) union all by name (from other offset 900)",
    # A row without key.
    "select * replace (if(rowid_ = 5, null, {key}) as {key}) from (select *, row_number() over () as "
    "rowid_ from t)",
    STRANGERS,
)
KEYS = {"staged.registry": "source_file"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> GateRequest:
    folder = tmp_path_factory.mktemp("by city")
    made = make_batch(folder, 3000)
    tables = {
        table: [_city(folder, table, made.tables[table][0], city) for city in CITIES] for table in TABLES
    }
    return replace(made, tables=tables, candidate=None, content=hash_file)


@pytest.fixture(scope="module")
def remembered(whole: GateRequest) -> dict[str, Tally]:
    return json.loads(json.dumps(counted(whole)[1]))


def _city(folder: Path, table: str, source: Path, city: int) -> Path:
    place = folder / table / f"city={city}"
    place.mkdir(parents=True)
    own = "coalesce(subject_key, unit_key)" if table == "curated.link_conflicts" else "subject_key"
    if table == "staged.registry":
        delivered = f"'registry/{city}.csv' as source_file"
        rows = f"select * replace ({delivered}) from '{source}' where row_no % 3 = {city}"
    else:
        rows = f"select * from '{source}' where hash({own}) % 3 = {city}"
    return copy_sql(rows, place / "run.parquet")


def suites_of(request: GateRequest) -> Suites:
    suites = staged_suites(load_gates(), request) | curated_suites(load_gates(), request)
    return {suite: checks for suite, checks in suites.items() if request.tables.get(suite)}


def adding_up(request: GateRequest) -> dict[str, tuple[str, str]]:
    """Table and query, by the text as the library asks it, of everything that may add up over files."""
    return {
        as_asked(check.unexpected_rows_query, view_name(suite)): (suite, check.unexpected_rows_query)
        for suite, checks in suites_of(request).items()
        for check in checks
        if isinstance(check, ExpectMeasureToBeBetween) and check.additive
    }


def counted(request: GateRequest) -> tuple[dict[str, list[dict[str, object]] | None], dict[str, Tally]]:
    ahead = Ahead(request, suites_of(request))
    answers = {query: ahead.records(query) for query in adding_up(request)}
    return answers, ahead.close()


def asked_of_all(request: GateRequest) -> dict[str, list[dict[str, object]]]:
    with duckdb.connect() as connection:
        for table, files in request.tables.items():
            connection.execute(f"create view {view_name(table)} as from read_parquet({files_as_sql(files)})")
        answers = {}
        for text, (table, query) in adding_up(request).items():
            [(value, rows)] = connection.execute(query.format(batch=view_name(table))).fetchall()
            answers[text] = [{"value": value, "rows": rows}]
    return answers


def change(request: GateRequest, table: str, city: int, query: str, folder: Path) -> GateRequest:
    """Return the request with one city's file of a table made anew from its rows and another city's."""
    files = list(request.tables[table])
    key = KEYS.get(table, "subject_key")
    place = folder / f"city={city}"
    place.mkdir(parents=True)
    text = query.format(key=key).replace("from other", f"from '{files[(city + 1) % 3]}'")
    rows = f"select * exclude ({'rowid_' if 'rowid_' in text else ''}) from ({text})"
    text = rows if "rowid_" in text else text
    files[city] = copy_sql(text.replace("from t", f"from '{files[city]}'"), place / "run.parquet")
    return replace(request, tables={**request.tables, table: files})


def test_on_clean_data_everything_that_adds_up_is_answered_without_the_database(whole: GateRequest) -> None:
    answers, _ = counted(whole)
    assert len(answers) > 25
    assert answers == asked_of_all(whole)


def test_the_library_asks_for_every_answer_that_was_counted(
    whole: GateRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: dict[str, object] = {}
    records = Ahead.records

    def watched(ahead: Ahead, query: str) -> object:
        taken[query] = records(ahead, query)
        return taken[query]

    monkeypatch.setattr(Ahead, "records", watched)
    run_gate(replace(whole, folder=tmp_path))
    assert {query: taken.get(query) for query in adding_up(whole)} == asked_of_all(whole)


def test_files_counted_before_are_not_read_again(
    whole: GateRequest, remembered: dict[str, Tally], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = change(whole, "curated.rule_hits", 1, CHANGES[0], tmp_path)
    read: list[Path] = []
    ask = counting._asked

    def watched(connection: object, files: Sequence[Path], questions: Sequence[str]) -> object:
        read.extend(files)
        return ask(connection, files, questions)  # type: ignore[arg-type]

    monkeypatch.setattr(counting, "_asked", watched)
    answers, later = counted(replace(request, tallies=remembered))
    assert read == [request.tables["curated.rule_hits"][1]]
    assert answers == asked_of_all(request)
    assert later["staged.registry"] == remembered["staged.registry"]
    assert later["curated.rule_hits"] != remembered["curated.rule_hits"]


@pytest.mark.parametrize("seed", range(8))
def test_a_change_of_one_city_is_answered_as_if_all_were_counted_anew(
    whole: GateRequest, remembered: dict[str, Tally], tmp_path: Path, seed: int
) -> None:
    dice = random.Random(seed)
    table, city, query = dice.choice(TABLES), dice.choice(CITIES), dice.choice(CHANGES)
    request = change(whole, table, city, query, tmp_path)
    answers, _ = counted(replace(request, tallies=remembered))
    expected = asked_of_all(request)
    assert {q: a for q, a in answers.items() if a is not None} == {
        q: a for q, a in expected.items() if answers[q] is not None
    }
    assert answers == counted(request)[0]


@pytest.mark.parametrize(
    ("table", "query"),
    [
        ("curated.enterprises", "from t union all by name (from other limit 2)"),
        ("curated.rule_hits", "from t union all by name (from other limit 2)"),
        ("curated.visit_targets", STRANGERS),
        ("curated.link_conflicts", "from t union all by name (from other limit 60)"),
        ("staged.registry", "from t union all by name (from other limit 2)"),
    ],
)
def test_where_cities_or_files_do_not_keep_apart_the_database_is_asked(
    whole: GateRequest, remembered: dict[str, Tally], tmp_path: Path, table: str, query: str
) -> None:
    request = replace(change(whole, table, 0, query, tmp_path), tallies=remembered)
    answers, _ = counted(request)
    assert None in answers.values()


@pytest.fixture
def in_home(whole: GateRequest, tmp_path: Path) -> tuple[Home, GateRequest]:
    """The clean batch, its answers remembered in a home."""
    home = Home(tmp_path / "home")
    content: Callable[[Path], str] = lambda path: name_content(home, path)  # noqa: E731
    tables = {t: [_copied(path, tmp_path / t) for path in files] for t, files in whole.tables.items()}
    request = replace(whole, folder=tmp_path / "first", tables=tables, content=content)
    report = run_gate(request)
    assert report.publishable
    remember(home, {}, report, request.folder)
    return home, replace(request, tallies=recall_counts(home), folder=tmp_path / "second")


def _copied(path: Path, folder: Path) -> Path:
    place = folder / path.parent.name / path.name
    place.parent.mkdir(parents=True)
    place.write_bytes(path.read_bytes())
    return place


def told(request: GateRequest, report: GateReport) -> tuple[object, object]:
    """Return what was found, the library's documents without the names it draws for each run."""
    documents = {p.name: json.loads(p.read_text()) for p in (request.folder / "gate").glob("*.json")}
    for answer in (answer for document in documents.values() for answer in document["results"]):
        del answer["expectation_config"]["id"]
    return report.results, {name: document["results"] for name, document in documents.items()}


def test_a_damaged_file_is_not_answered_from_memory(
    in_home: tuple[Home, GateRequest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, request = in_home
    damaged = request.tables["curated.enterprises"][2]
    copy_sql(f"select * replace ('?' as status, null as name) from '{damaged}'", damaged)
    report = run_gate(request)
    assert "error" in {r.severity for r in report.results if r.outcome == "failed"}
    monkeypatch.setattr(Ahead, "records", lambda *_: None)
    anew = replace(request, tallies={}, folder=tmp_path / "anew")
    assert told(request, report) == told(anew, run_gate(anew))


def test_nothing_is_remembered_if_something_could_not_be_measured(
    in_home: tuple[Home, GateRequest],
) -> None:
    home, request = in_home
    before = recall_counts(home)
    damaged = request.tables["curated.rule_hits"][1]
    copy_sql(f"from '{damaged}' limit 5", damaged)
    report = run_gate(request)
    assert report.tallies != before
    remember(home, {}, replace(report, results=[_errored(report.results[0])]), request.folder)
    assert recall_counts(home) == before


def _errored(result: GateResult) -> GateResult:
    return replace(result, outcome="errored")


def test_counts_of_other_code_or_of_a_damaged_record_are_not_used(
    in_home: tuple[Home, GateRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    home, _ = in_home
    assert {"staged.registry", "curated.enterprises", "curated"} <= recall_counts(home).keys()
    record = home.root / "lake" / "gates" / f"{COUNTED}staged.registry.json"
    record.write_text(record.read_text().replace("registry/1.csv", "registry/9.csv"))
    assert "staged.registry" not in recall_counts(home)
    monkeypatch.setattr("flows.gate_memory.code_version", lambda: "another")
    assert recall_counts(home) == {}
