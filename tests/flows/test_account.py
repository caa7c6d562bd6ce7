import pytest

from flows.account import AccountError, row_account
from flows.ingest import FileReport


def report(source: str, rows_in: int, quarantined: int) -> FileReport:
    return FileReport(
        source, f"{source}/a.csv", "0" * 64, "k", rows_in, rows_in - quarantined, quarantined, ()
    )


FIGURES = {
    "conform": {"superseded": 2, "out_of_scope": 1},
    "census": {"outcomes": {"linked": 3, "secondary": 1, "ambiguous": 1, "unlinked": 4}},
}
CITIES = [
    {"dispositions": {"target": 4, "excluded": 1}},
    {"dispositions": {"target": 1, "superseded": 1, "out_of_scope": 2}},
]


def test_every_row_ends_in_one_place() -> None:
    account = row_account(
        "ZJ-202503-31", [report("registry", 13, 1), report("census", 9, 0)], FIGURES, CITIES
    )
    assert account.to_dicts() == [
        {"batch_id": "ZJ-202503-31", "source": "census", "rows_in": 9, "used": 3, "superseded": 1,
         "out_of_scope": 5, "excluded": 0, "quarantined": 0},
        {"batch_id": "ZJ-202503-31", "source": "registry", "rows_in": 13, "used": 5, "superseded": 3,
         "out_of_scope": 3, "excluded": 1, "quarantined": 1},
    ]  # fmt: skip


def test_a_lost_row_stops_the_run() -> None:
    with pytest.raises(AccountError, match="registry: 14 rows came in but 13"):
        row_account("ZJ-202503-31", [report("registry", 14, 1)], FIGURES, CITIES)
