"""One row per firm and validity: changes, gaps, returns, and batches that do not cover every city."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

from warehouse_makers import firm, make_batch, rows

JAN, FEB, MAR = date(2025, 1, 31), date(2025, 2, 28), date(2025, 3, 31)
Build = Callable[..., Path]
VALIDITY = "SELECT subject_key, address, valid_from, valid_to FROM dim_enterprise ORDER BY ALL"


def test_one_batch_opens_every_firm(tmp_path: Path, build: Build) -> None:
    path = build(make_batch(tmp_path / "lake", MAR, [firm("A"), firm("B")]))
    assert rows(path, VALIDITY) == [("A", None, MAR, None), ("B", None, MAR, None)]


def test_changes_gaps_and_returns_over_three_batches(tmp_path: Path, build: Build) -> None:
    seen = {
        JAN: [
            firm("kept"),
            firm("moved", address="old"),
            firm("gone"),
            firm("back"),
            firm("there and back", address="1"),
        ],
        FEB: [firm("kept"), firm("moved", address="new"), firm("there and back", address="2"), firm("later")],
        MAR: [
            firm("kept"),
            firm("moved", address="new"),
            firm("back"),
            firm("there and back", address="1"),
            firm("later"),
        ],
    }
    path = build(*(make_batch(tmp_path / "lake", day, firms) for day, firms in seen.items()))
    assert rows(path, VALIDITY) == sorted(
        [
            ("kept", None, JAN, None),
            ("moved", "old", JAN, FEB),
            ("moved", "new", FEB, None),
            ("gone", None, JAN, FEB),
            ("back", None, JAN, FEB),
            ("back", None, MAR, None),
            ("there and back", "1", JAN, FEB),
            ("there and back", "2", FEB, MAR),
            ("there and back", "1", MAR, None),
            ("later", None, FEB, None),
        ],
        key=lambda row: (row[0], row[1] or "~", row[2]),
    )


def test_validity_equals_a_slow_obvious_oracle(tmp_path: Path, build: Build) -> None:
    days = [date(2025, month, 1) for month in range(1, 7)]
    state = {  # firm -> address per batch, None where the batch does not have it
        f"F{i:02d}": [None if (i * 7 + k * 5) % 4 == 0 else str((i + k * k) % 3) for k in range(6)]
        for i in range(40)
    }
    batches = [
        make_batch(
            tmp_path / "lake", day, [firm(k, address=v[n]) for k, v in state.items() if v[n] is not None]
        )
        for n, day in enumerate(days)
    ]
    expected = [(key, *row) for key, values in state.items() for row in stretches(values, days)]
    assert rows(build(*batches), VALIDITY) == sorted(expected)


def stretches(values: list[str | None], days: list[date]) -> list[tuple[str, date, date | None]]:
    found: list[tuple[str, date, date | None]] = []
    for n, value in enumerate(values):
        if n and values[n - 1] is not None and value != values[n - 1]:
            found[-1] = (*found[-1][:2], days[n])
        if value is not None and (n == 0 or value != values[n - 1]):
            found.append((value, days[n], None))
    return found


def test_a_batch_of_one_city_says_nothing_of_the_others(tmp_path: Path, build: Build) -> None:
    ningbo = {"register_city_code": "3302"}
    path = build(
        make_batch(tmp_path / "lake", JAN, [firm("H"), firm("N", **ningbo)]),
        make_batch(tmp_path / "lake", FEB, [firm("H", address="new")], cities=("3301",)),
        make_batch(tmp_path / "lake", MAR, [firm("H", address="new"), firm("N", **ningbo)]),
    )
    assert rows(path, VALIDITY) == [("H", "new", FEB, None), ("H", None, JAN, FEB), ("N", None, JAN, None)]
