"""Lines: rows and broken lines partition the text, wherever blocks are cut, and agree with a plain parser."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.ingest_lines import MAX_SPAN, LineSplit, split_lines

WIDTH = 3
cells = st.text(st.sampled_from('ab中，, "\n'), max_size=6)
rows = st.lists(st.lists(cells, min_size=WIDTH, max_size=WIDTH), min_size=1, max_size=12)
any_cell = st.sampled_from(["", "a", "中 b", " ", '"q"', '"q~r"', '"q""r"', "s't"])
some_lines = st.lists(st.lists(any_cell, min_size=1, max_size=5), min_size=1, max_size=8)
mess = st.text(st.sampled_from('ab中,," \n\n'), max_size=200)


def _split(text: str) -> LineSplit:
    return split_lines(text.encode(), ",", WIDTH, 1, final=True)


def _in_blocks(text: str, size: int) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    """Feed the text in blocks of `size` lines, carrying over as the reader does."""
    lines = text.splitlines(keepends=True)
    fields, broken, carry, first = [], [], b"", 1
    for start in range(0, len(lines), size):
        block = carry + "".join(lines[start : start + size]).encode()
        split = split_lines(block, ",", WIDTH, first, final=start + size >= len(lines))
        fields += split.fields.rows()
        broken += split.broken.rows()
        carry, first = split.carry, first + split.lines
    assert not carry
    return fields, broken


@settings(deadline=None)
@given(rows)
def test_well_formed_text_reads_as_the_standard_library_reads_it(table: list[list[str]]) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(table)
    split = _split(out.getvalue())
    expected = [row for row in table if "".join(row).strip('" \n,')]
    assert split.broken.is_empty()
    assert [[cell or "" for cell in row[1:]] for row in split.fields.rows()] == expected


@settings(deadline=None)
@given(mess, st.integers(1, 5))
def test_where_blocks_end_changes_nothing(text: str, size: int) -> None:
    split = _split(text)
    assert _in_blocks(text, size) == (split.fields.rows(), split.broken.rows())


@settings(deadline=None)
@given(mess)
def test_every_line_with_text_is_in_one_row_or_broken(text: str) -> None:
    split = _split(text)
    starts = split.fields["row_no"].to_list() + split.broken["row_no"].to_list()
    assert len(starts) == len(set(starts))
    spans = {row[0]: sum(str(cell or "").count("\n") for cell in row[1:]) for row in split.fields.rows()}
    covered = set(split.broken["row_no"]).union(*(range(at, at + span + 1) for at, span in spans.items()))
    written = {number for number, line in enumerate(text.split("\n"), 1) if line.strip('," ')}
    assert written <= covered


@pytest.mark.parametrize("separator", [",", "\t", ";", "|"])
@settings(deadline=None)
@given(lines=some_lines)
def test_a_line_is_a_row_exactly_if_it_has_so_many_fields(separator: str, lines: list[list[str]]) -> None:
    written = [[cell.replace("~", separator) for cell in line] for line in lines]
    text = "\n".join(separator.join(line) for line in written)
    split = split_lines(text.encode(), separator, WIDTH, 1, final=True)
    filled = [(at, line) for at, line in enumerate(written, 1) if "".join(line).strip()]
    assert split.broken.rows() == [
        (at, None, f"{len(line)} fields, {WIDTH} expected", "broken_line")
        for at, line in filled if len(line) != WIDTH
    ]  # fmt: skip
    read = [(row[0], [cell or "" for cell in row[1:]]) for row in split.fields.rows()]
    assert read == [(at, [_meant(cell) for cell in line]) for at, line in filled if len(line) == WIDTH]


def _meant(cell: str) -> str:
    return cell[1:-1].replace('""', '"') if cell.startswith('"') else cell


def test_more_fields_than_a_pattern_counts_are_read_as_well() -> None:
    row = ",".join(['"a,b"', *("c" for _ in range(149))])
    split = split_lines(f"{row}\n{row},d\n{row}\n".encode(), ",", 150, 1, final=True)
    assert split.fields["row_no"].to_list() == [1, 3]
    assert split.fields["f0"].to_list() == ["a,b", "a,b"]
    assert split.broken.rows() == [(2, None, "151 fields, 150 expected", "broken_line")]


def test_an_unclosed_quote_costs_its_line_only() -> None:
    lines = ["1,2,3"] * 500
    lines[100] = '1,"2,3'
    lines[200] = '1,"two\nlines",3'
    split = _split("\n".join(lines))
    assert split.broken.rows() == [(101, None, "open quote", "broken_line")]
    assert split.fields.height == 499
    assert split.fields.filter(f1="two\nlines")["row_no"].to_list() == [201]


def test_a_quote_that_closes_too_late_is_a_stray_one() -> None:
    text = '1,"2,3\n' + "a,b,c\n" * MAX_SPAN + 'x",y,z\n'
    assert _split(text).broken["row_no"].to_list() == [1]
    assert _in_blocks(text, 7)[1] == _split(text).broken.rows()


def test_quotes_inside_a_field_are_text() -> None:
    split = _split('宁波"小"店,"a ""b"", c",5" 管\n"引号"开头,2,3\n')
    assert [row[1:] for row in split.fields.rows()] == [
        ('宁波"小"店', 'a "b", c', '5" 管'),
        ('"引号"开头', "2", "3"),
    ]
