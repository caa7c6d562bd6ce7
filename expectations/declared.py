"""Expectations that follow from a table's declaration alone.

Here: columns, required cells, key and code lists of reference/tables.  Not here: what only the suites know.
"""

from collections.abc import Mapping

from expectations.checks import columns, filled, one_of, unique, violations
from expectations.library import Expectation
from expectations.request import quoted
from reference.gates import Gate
from reference.tables import load_tables


def as_declared(gates: Mapping[str, Gate], name: str, within: str = "true") -> list[Expectation]:
    """Return the expectations that the table is as declared, its key unique among the rows `within`."""
    table = load_tables()[name]
    coded = [column for column in table.columns if column.values]
    return [
        *columns(gates["columns_present"], table.column_names),
        *filled(gates["key_filled"], *(column.name for column in table.columns if column.required)),
        *unique(gates["key_unique"], *table.key, within=within),
        *(e for column in coded for e in one_of(gates["known_values"], column.name, column.values)),
    ]


def briefly_declared(gates: Mapping[str, Gate], name: str) -> list[Expectation]:
    """Return the same in three expectations, for tables whose DDL enforces cells anyway and for their views.

    What is measured a column at a time costs a query a column, and the marts have hundreds.
    """
    table = load_tables()[name]
    empty = [f"{column.name} is null" for column in table.columns if column.required]
    coded = [
        (column.name, ", ".join(map(quoted, column.values))) for column in table.columns if column.values
    ]
    broken = " or ".join([*empty, *(f"{column} not in ({values})" for column, values in coded)])
    return [
        *columns(gates["columns_present"], table.column_names),
        *violations(gates["values_in_range"], broken, "required and coded"),
        *unique(gates["key_unique"], *table.key),
    ]
