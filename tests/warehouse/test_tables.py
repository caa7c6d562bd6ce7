"""The table declarations: consistent with themselves and with the committed dictionary."""

from pathlib import Path

import pytest

from reference.tables import Table, load_tables, read_table
from warehouse.dictionary import DICTIONARY, KPIS, render_dictionary, render_kpis


def test_committed_dictionary_equals_the_generated_one() -> None:
    assert DICTIONARY.read_text(encoding="utf-8") == render_dictionary(), "run: make dictionary"
    assert KPIS.read_text(encoding="utf-8") == render_kpis(), "run: make dictionary"


@pytest.mark.parametrize("table", load_tables().values(), ids=lambda table: table.name)
def test_every_table_has_grain_key_and_both_languages(table: Table) -> None:
    assert table.grain.startswith("One row per ")
    assert table.key
    for column in table.columns:
        assert column.zh, column.name
        assert column.en, column.name


def test_a_column_means_the_same_type_in_curated_and_warehouse() -> None:
    types: dict[str, set[str]] = {}
    for table in load_tables().values():
        for column in table.columns:
            types.setdefault(column.name, set()).add(column.type)
    assert not {name: kinds for name, kinds in types.items() if len(kinds) > 1}


def test_a_declaration_that_contradicts_itself_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "firms.yml"
    column = "{name: uscc, type: text, zh: 码, en: code}"
    head = "name: firms\nlayer: curated\nzh: 企业\nen: Firms\ngrain: One row per firm.\n"
    path.write_text(f"{head}key: [reg_no]\ncolumns:\n- {column}\n", encoding="utf-8")
    with pytest.raises(ValueError, match="do not agree"):
        read_table(path)
