"""Expectations that follow from a table's declaration alone.

Here: columns, required cells, key and code lists of reference/tables.  Not here: what only the suites know.
"""

from collections.abc import Mapping

from expectations.checks import columns, filled, one_of, unique
from expectations.library import Expectation
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
