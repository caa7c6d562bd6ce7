"""The declaration of the list: what a reader of filled workbooks may rely on, and what is refused."""

from pathlib import Path

import pytest
import yaml

from reference.dispatch import CODES_FILE, COLUMNS_FILE, load_list_layout, read_list_layout

FEEDBACK = {
    "visitor", "visit_date", "method", "outcome", "need", "need_amt", "need_term_m", "purpose_code",
    "bank_wish", "op_verified", "addr_verified", "new_addr", "new_tel", "note",
}  # fmt: skip
"""Fields of domain.md §7.4 that a township fills in."""
NEVER = ("id_number", "tax", "revenue", "employees", "insur", "legal_rep", "phone")


def test_the_township_fills_the_fields_of_the_feedback_file() -> None:
    assert {column.field for column in load_list_layout().filled_by("township")} == FEEDBACK


def test_personal_and_census_columns_are_not_on_the_list() -> None:
    fields = {column.field for column in load_list_layout().columns}
    assert not fields & set(NEVER)
    assert {"legal_rep_masked", "phone_masked"} <= fields


def test_a_cell_of_a_drop_down_gives_its_code_back() -> None:
    for known in load_list_layout().lists.values():
        assert [cell.split(" ", 1) for cell in known.cells] == [
            [c, label] for c, label in known.codes.items()
        ]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"field": "uscc", "zh": "另一列"}, "field is declared twice"),
        ({"field": "other", "zh": "备注"}, "zh is declared twice"),
        ({"field": "other", "zh": "另一列", "codes": "nowhere"}, "nowhere"),
        ({"field": "other", "zh": "另一列", "type": "code"}, "other"),
    ],
)
def test_a_declaration_that_contradicts_itself_is_refused(
    tmp_path: Path, change: dict[str, str], told: str
) -> None:
    declared = yaml.safe_load(COLUMNS_FILE.read_text())
    declared["columns"].append({"filled_by": "township", "type": "text", "width": 9} | change)
    path = tmp_path / "columns.yml"
    path.write_text(yaml.safe_dump(declared, allow_unicode=True))
    with pytest.raises(ValueError, match=told):
        read_list_layout(path, CODES_FILE)
