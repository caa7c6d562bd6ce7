"""Curated tables counted city by city.

Here: what adds up over a province because its cities keep apart, and whether they do.
Not here: counting in files (counting.py), the checks (suites_curated.py).

Cities keep apart if no subject is in two of them, and every row of a table beside the enterprises is about
one of its own city's. A row's subject is then found in the tables of the province exactly if it is found in
those of its city. Where they do not, nothing is answered here.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from expectations.additive import Asked, Key, OfSubject, Rows, added
from expectations.asking import Answers, as_asked
from expectations.checks import VIOLATIONS, surplus
from expectations.counting import Counter, Counts
from expectations.request import files_as_sql, view_name
from expectations.suites_curated import NAMED, NO_TARGET, STRANGER

SUBJECT = "subject_key"
ENTERPRISES = "curated.enterprises"
STRANGERS = {
    "curated.rule_hits": VIOLATIONS.substitute(broken=STRANGER, within="true"),
    "curated.visit_targets": VIOLATIONS.substitute(broken=NO_TARGET, within="true"),
    "curated.link_conflicts": VIOLATIONS.substitute(broken=STRANGER, within=NAMED),
}
"""Tables about enterprises, and the query for rows about none of the city's."""
CONFLICTS = "curated.link_conflicts"
"""The table that may be there or not, and may tell of what no register names."""
NAMELESS = f"{SUBJECT} is null"
MET_AGAIN = f"select count(*) from {{others}} where {SUBJECT} in (select {SUBJECT} from curated_enterprises)"  # noqa: S608
ONCE = "every subject is in one of these files, once"

Tables = Mapping[str, Sequence[Path]]
Question = tuple[str, str]
"""A table and a query over `{batch}` of it for `value` and `rows`."""


def count_cities(counter: Counter, tables: Tables, asked: Mapping[str, Sequence[Asked]]) -> Answers:
    """Return the answers to what is asked of curated tables, as far as they add up over files and cities."""
    counts = {
        table: counter.count(table, tables[table], _conditions(table, asked[table])) for table in tables
    }
    answers = _of_rows(counts, asked)
    if not STRANGERS.keys() - {CONFLICTS} <= tables.keys() or not _named(counts):
        return answers
    with counter.connect() as connection:
        cities = _Cities(counter, connection, tables, [q for t in tables for q in _questions(t, asked[t])])
        if cities.apart():
            for table in tables:
                for one in asked[table]:
                    record = _of_key(cities, table, one.how, counts[table].values())
                    if isinstance(one.how, OfSubject):
                        record = cities.total((table, one.query))
                    answers |= {as_asked(one.query, view_name(table)): [record]} if record else {}
    return answers


def _conditions(table: str, asked: Iterable[Asked]) -> list[str]:
    conditions = [NAMELESS]
    for one in asked:
        if isinstance(one.how, Rows):
            conditions += one.how.counted
        elif isinstance(one.how, Key):
            conditions += [
                f"({one.how.within})",
                *([_unlike_subject(one.how)] if table == ENTERPRISES else []),
            ]
    return conditions


def _unlike_subject(key: Key) -> str:
    """The rows whose key is another than their subject; none if the key is unique as the subjects are."""
    return f"({key.within}) and ({', '.join(key.columns)}) is distinct from ({SUBJECT})"


def _of_rows(counts: Mapping[str, Mapping[Path, Counts]], asked: Mapping[str, Sequence[Asked]]) -> Answers:
    return {
        as_asked(one.query, view_name(table)): [added(one.how, counts[table].values())]
        for table in counts
        for one in asked[table]
        if isinstance(one.how, Rows)
    }


def _named(counts: Mapping[str, Mapping[Path, Counts]]) -> bool:
    """Whether every row has a subject where it must."""
    return not any(one[NAMELESS] for table in counts.keys() - {CONFLICTS} for one in counts[table].values())


def _questions(table: str, asked: Iterable[Asked]) -> list[Question]:
    """Return what is asked of a table in every city."""
    found = [(table, STRANGERS[table])] if table in STRANGERS else []
    for one in asked:
        if isinstance(one.how, OfSubject):
            found.append((table, one.query))
        elif isinstance(one.how, Key) and table in STRANGERS:
            found.append((table, _repeated(one.how, NAMED)))
    return found


def _repeated(key: Key, among: str) -> str:
    return surplus(*key.columns, within=f"({key.within}) and {among}")


def _of_key(cities: "_Cities", table: str, how: object, counts: Iterable[Counts]) -> dict[str, int] | None:
    """Return the answer to a key of a table, given that cities keep apart; None if it does not follow."""
    if not isinstance(how, Key):
        return None
    listed = list(counts)
    rows = sum(one[f"({how.within})"] for one in listed)
    if table == ENTERPRISES:
        return None if any(one[_unlike_subject(how)] for one in listed) else {"value": 0, "rows": rows}
    if SUBJECT not in how.columns or table not in STRANGERS:
        return None
    twice = cities.total((table, _repeated(how, NAMED)))["value"]
    if any(one[NAMELESS] for one in listed):
        # No city of its own keeps these apart from another's.
        twice += cities.whole(table, _repeated(how, NAMELESS))
    return {"value": twice, "rows": rows}


class _Cities:
    """The cities' answers to some questions, those of before and those asked now."""

    def __init__(
        self,
        counter: Counter,
        connection: duckdb.DuckDBPyConnection,
        tables: Tables,
        questions: Sequence[Question],
    ) -> None:
        self._counter, self._connection, self._tables = counter, connection, tables
        self._questions = list(dict.fromkeys(questions))
        names = [f"{table}: {query}" for table, query in self._questions]
        known = counter.known("curated", names)
        self._parts: dict[str, list[Any]] = {}
        self._answers: list[list[Any]] = []
        for city in self._split():
            name = " ".join(f"{table} {counter.name(*files)}" for table, files in city.items())
            self._parts[name] = known.get(name) or self._ask(city)
            self._answers.append(self._parts[name])
        counter.keep("curated", names, self._parts)

    def apart(self) -> bool:
        """Return whether the cities keep apart."""
        strangers = [self.total(q)["value"] for q in self._questions if q[1] == STRANGERS.get(q[0])]
        return not any(strangers) and self._once()

    def total(self, question: Question) -> dict[str, int]:
        """Return `value` and `rows` over all cities."""
        position = self._questions.index(question)
        values, rows = zip(*(answers[position] for answers in self._answers), strict=True)
        return {"value": sum(values), "rows": sum(rows)}

    def whole(self, table: str, query: str) -> int:
        """Return the `value` of a query over the whole table."""
        self._view(table, self._tables[table])
        return int(self._value(table, query)[0])

    def _split(self) -> list[dict[str, list[Path]]]:
        cities: dict[str, dict[str, list[Path]]] = defaultdict(lambda: {table: [] for table in self._tables})
        for table, files in self._tables.items():
            for path in sorted(files):
                cities[path.parent.name][table].append(path)
        return list(cities.values())

    def _ask(self, city: Mapping[str, Sequence[Path]]) -> list[Any]:
        for table, files in city.items():
            self._view(table, files)
        return [self._value(table, query) for table, query in self._questions]

    def _view(self, table: str, files: Sequence[Path]) -> None:
        source = f"from read_parquet({files_as_sql(files or self._tables[table][:1])}, union_by_name = true)"
        nothing = "" if files else " where false"
        self._connection.execute(f"create or replace view {view_name(table)} as {source}{nothing}")

    def _value(self, table: str, query: str) -> list[int]:
        [(value, rows)] = self._connection.execute(query.format(batch=view_name(table))).fetchall()
        return [int(value), int(rows)]

    def _once(self) -> bool:
        """Whether no subject is there twice: among the new files, or in one of them and one known before."""
        files = self._tables[ENTERPRISES]
        names = [self._counter.name(path) for path in files]
        known = self._counter.known("curated.apart", [ONCE]) if len(set(names)) == len(names) else {}
        old = [path for path, name in zip(files, names, strict=True) if name in known]
        new = [path for path, name in zip(files, names, strict=True) if name not in known]
        if new:
            self._view(ENTERPRISES, new)
            if self._value(ENTERPRISES, surplus(SUBJECT))[0]:
                return False
            others = f"read_parquet({files_as_sql(old)}, union_by_name = true)"
            if old and self._connection.execute(MET_AGAIN.format(others=others)).fetchall()[0][0]:
                return False
        self._counter.keep("curated.apart", [ONCE], {name: [] for name in names})
        return True
