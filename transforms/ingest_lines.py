"""Text of a delimited file → rows of fields, one bad line never costing its neighbours.

Here: which physical lines make a row, which are broken, their fields as text.
Not here: bytes and encodings (flows/readers.py), what a field means (ingest.py).
"""

import re
from dataclasses import dataclass

import polars as pl

from reference.errors import InputProblem

# A quoted field may span this many physical lines; a quote not closed by then is a stray one.
MAX_SPAN = 50
# A table has a few lines with a stray quote; with more in one block than this, reading takes hours.
MOST_STRAY = 100_000
# Readers put this noncharacter where bytes could not be decoded; nothing else begins with its first byte.
UNDECODABLE = "\U0010ffff"
REJECTED = pl.Schema(
    {"row_no": pl.Int64, "column_name": pl.String, "value": pl.String, "reason_code": pl.String}
)
_NEVER_IN_TEXT = "\x1e"
# Stands for a quoted field where fields are counted; a quote right behind it means it was not the end.
_QUOTED = "\x1f"
_MOST_IN_PATTERN = 100
"""Fields that one pattern can count: it grows with them."""
# Field count of a line that is part of a record with quotes, and is judged as such.
_TAKEN = -2


@dataclass(frozen=True)
class LineSplit:
    """Rows of one block: fields `f0…` with `row_no`, the broken lines; lines used up, text to carry over."""

    fields: pl.DataFrame
    broken: pl.DataFrame
    lines: int
    carry: bytes


@dataclass(frozen=True)
class _Quoted:
    """Rows that hold quoted fields, the line numbers they take, stray lines, where to stop.

    `is_plain`: every row is one line, and any reader of CSV agrees on its fields.
    """

    records: pl.DataFrame
    taken: pl.Series
    end: int
    is_plain: bool


def split_lines(block: bytes, separator: str, width: int, first_row: int, *, final: bool) -> LineSplit:
    """Return the rows of a block of whole UTF-8 lines; each non-blank line is a row, in a row, or broken.

    `first_row` is the physical line number of the block's first line. Unless `final`, a quoted field still
    open at the end of the block is carried over, so that where blocks end changes nothing.
    """
    block = block.replace(_NEVER_IN_TEXT.encode(), b" ") if _NEVER_IN_TEXT.encode() in block else block
    lines = _read(block, _NEVER_IN_TEXT, 1).select(
        pl.int_range(pl.len(), dtype=pl.Int64).alias("at"), pl.col("f0").alias("line")
    )
    doubtful = lines.filter(_is_doubtful(separator, width))
    quoted = _single_records(doubtful, separator, lines.height)
    if not quoted.is_plain:
        # A row may take several lines, also such as are whole rows by themselves.
        doubtful, quoted = lines, _quoted_records(lines, separator, width, final=final)
    counts = doubtful["line"].str.count_matches(separator, literal=True).cast(pl.Int64) + 1
    is_taken = doubtful["at"].is_in(quoted.taken.implode())
    counted = doubtful.with_columns(count=pl.when(is_taken).then(_TAKEN).otherwise(counts)).filter(
        pl.col("at") < quoted.end
    )
    is_good, broken = _judge(counted, separator, width, block)
    is_good_record, more = _judge(quoted.records, separator, width, block)
    records = quoted.records.filter(is_good_record)
    if quoted.is_plain:
        fields = _read(block, separator, width, quote='"').with_columns(lines["at"])
        bad = doubtful["at"].filter(~is_good)
        is_row = pl.repeat(True, lines.height, eager=True).scatter(bad, False).scatter(records["at"], True)
        fields = fields.filter(is_row)
    else:
        fields = _plain_fields(block, separator, width, lines["at"], is_good)
        fields = pl.concat([fields, _quoted_fields(records, separator, width)]).sort("at")
    broken = pl.concat([broken, more]).sort("at")
    return LineSplit(
        _numbered(fields, first_row),
        _numbered(broken, first_row).cast(REJECTED),
        quoted.end,
        _tail(block, lines.height - quoted.end),
    )


def _read(block: bytes, separator: str, width: int, quote: str | None = None) -> pl.DataFrame:
    """Return one row per physical line, cut at every separator; without `quote`, quotes are ordinary."""
    header = separator.join(f"f{number}" for number in range(width)).encode()
    return pl.read_csv(
        header + b"\n" + block,
        separator=separator,
        infer_schema=False,
        quote_char=quote,
        truncate_ragged_lines=True,
    )


def _is_doubtful(separator: str, width: int) -> pl.Expr:
    """Boolean per line: not simply so many fields, each bare or quoted as a whole, with something in them.

    Few lines are doubtful, and looking closely at a line takes as long as reading its fields. One that holds
    what stands for a quoted field where fields are counted is doubtful too.
    """
    if width > _MOST_IN_PATTERN:
        return pl.lit(value=True)
    field, between = f'(?:[^"{separator}{_QUOTED}]*|"(?:[^"{_QUOTED}]|"")*")', re.escape(separator)
    is_row = pl.col("line").str.contains(f"^(?:{field}{between}){{{width - 1}}}{field}$")
    is_sound = is_row & ~pl.col("line").str.contains(UNDECODABLE, literal=True)
    return ~(is_sound & ~_is_blank(separator)).fill_null(value=False)


def _is_blank(separator: str) -> pl.Expr:
    """Boolean per line: blanks, quotes and separators only."""
    return pl.col("line").is_null() | pl.col("line").str.contains(rf'^[{separator}"\s]*$')


def _plain_fields(
    block: bytes, separator: str, width: int, at: pl.Series, is_good: pl.Series
) -> pl.DataFrame:
    """Return `at` and the fields of the good lines; a block whose lines all hold quotes is not read again."""
    if not is_good.any():
        return pl.DataFrame(schema={**{f"f{number}": pl.String for number in range(width)}, "at": pl.Int64})
    return _read(block, separator, width).with_columns(at).head(len(is_good)).filter(is_good)


def _single_records(lines: pl.DataFrame, separator: str, end: int) -> _Quoted:
    """Return the lines in which some field begins with a quote, each taken for a row of its own.

    `end`: of the block, of which these lines may be some.
    """
    marked = lines.filter(pl.col("line").str.contains('"', literal=True))
    begins = pl.col("line").str.starts_with('"') | pl.col("line").str.contains(separator + '"', literal=True)
    single = _with_count(marked.filter(begins), separator)
    is_plain = single.height == marked.height and bool(single["is_regular"].all())
    return _Quoted(single, single["at"], end, is_plain=is_plain)


def _quoted_records(lines: pl.DataFrame, separator: str, width: int, *, final: bool) -> _Quoted:
    """Return the rows in which some field begins with a quote; several lines long where the quote says so."""
    single = _single_records(lines, separator, lines.height)
    opened = single.records.filter(pl.col("count") < 0)
    joined, covered, end = _stitch(opened["at"].to_list(), lines["line"], separator, width, final=final)
    multi = pl.DataFrame({"at": list(joined), "line": list(joined.values())}, schema=lines.schema)
    alone = single.records.filter(~pl.col("at").is_in([*joined, *covered]) & (pl.col("at") < end))
    records = pl.concat([alone, _with_count(multi, separator)])
    taken = pl.concat([records["at"], pl.Series("at", covered, dtype=pl.Int64)])
    return _Quoted(records, taken, end, is_plain=False)


def _with_count(records: pl.DataFrame, separator: str) -> pl.DataFrame:
    """Add `count`: fields of each record, separators inside quotes not counted; -1 if a quote stays open.

    And `is_regular`: quotes stand around whole fields only, so that any reader of CSV agrees on it.
    """
    skeleton = (separator + pl.col("line")).str.replace_all(_quoted_field(separator), separator + _QUOTED)
    is_open = pl.col("_skeleton").str.contains(f'[{separator}{_QUOTED}]"')
    count = pl.col("_skeleton").str.count_matches(separator, literal=True).cast(pl.Int64)
    irregular = pl.col("_skeleton").str.contains(f'"|{_QUOTED}[^{separator}]')
    return (
        records.with_columns(_skeleton=skeleton)
        .with_columns(count=pl.when(is_open).then(-1).otherwise(count), is_regular=~irregular)
        .drop("_skeleton")
    )


def _quoted_field(separator: str) -> str:
    return f'[{separator}]"(?:[^"]|"")*"'


def _stitch(
    opened: list[int], lines: pl.Series, separator: str, width: int, *, final: bool
) -> tuple[dict[int, str], list[int], int]:
    """Return the multi-line records by first line, the lines they swallow, and where the block must end.

    Loops over lines with an open quote only, not over rows.
    """
    joined: dict[int, str] = {}
    covered: list[int] = []
    stray = 0
    for start in opened:
        if covered and start <= covered[-1]:
            continue
        last = min(start + MAX_SPAN, lines.len() - 1)
        text, stop = _close(lines, start, last, separator, width)
        if text is not None:
            joined[start] = text
            covered.extend(range(start + 1, stop + 1))
        elif stop > last and last < start + MAX_SPAN and not final:
            return joined, covered, start
        elif (stray := stray + 1) > MOST_STRAY:
            raise InputProblem(
                f"more than {MOST_STRAY:,} lines with a quote that is never closed (引号不成对); "
                f"export the file again"
            )
    return joined, covered, lines.len()


def _close(lines: pl.Series, start: int, last: int, separator: str, width: int) -> tuple[str | None, int]:
    """Return the record that begins at `start` and its last line; None and where the attempt ended."""
    text = lines[start] or ""
    for stop in range(start + 1, last + 1):
        line = lines[stop] or ""
        text += "\n" + line
        if '"' not in line:
            continue
        skeleton = re.sub(_quoted_field(separator), separator + _QUOTED, separator + text)
        if not re.search(f'[{separator}{_QUOTED}]"', skeleton):
            whole = skeleton.count(separator) == width and not re.search(f"{_QUOTED}[^{separator}]", skeleton)
            return (text, stop) if whole else (None, stop)
    return None, last + 1


def _judge(counted: pl.DataFrame, separator: str, width: int, block: bytes) -> tuple[pl.Series, pl.DataFrame]:
    """Return which rows are good, and the broken ones; lines of blanks and separators only are neither."""
    garbled = UNDECODABLE.encode()[:1] in block
    is_garbled = pl.col("line").str.contains(UNDECODABLE, literal=True) if garbled else pl.lit(value=False)
    rows = counted.select(
        "at", "count", is_row=~_is_blank(separator) & (pl.col("count") != _TAKEN), garbled=is_garbled
    )
    is_good = rows.select(pl.col("is_row") & ~pl.col("garbled") & (pl.col("count") == width)).to_series()
    shape = pl.col("count").cast(pl.String) + f" fields, {width} expected"
    broken = rows.filter(~is_good & rows["is_row"]).select(
        "at",
        column_name=pl.lit(None, pl.String),
        value=pl.when("garbled")
        .then(None)
        .when(pl.col("count") < 0)
        .then(pl.lit("open quote"))
        .otherwise(shape),
        reason_code=pl.when("garbled").then(pl.lit("bad_encoding")).otherwise(pl.lit("broken_line")),
    )
    return is_good, broken


def _quoted_fields(good: pl.DataFrame, separator: str, width: int) -> pl.DataFrame:
    regular, rest = good.filter("is_regular"), good.filter(~pl.col("is_regular"))
    text = regular["line"].str.join("\n").item().encode()
    fields = _read(text, separator, width, quote='"').with_columns(regular["at"])
    return pl.concat([fields, _irregular_fields(rest, separator, width)]) if rest.height else fields


def _irregular_fields(good: pl.DataFrame, separator: str, width: int) -> pl.DataFrame:
    any_field = f'[{separator}](?:"(?:[^"]|"")*"[^{separator}]*|[^{separator}]*)'
    parts = (separator + good["line"]).str.extract_all(any_field)
    names = [f"f{number}" for number in range(width)]
    raw = parts.list.to_struct(fields=names).struct.unnest().with_columns(pl.all().str.slice(1))
    return raw.with_columns(
        pl.when(pl.col(name).str.contains('(?s)^".*"$'))
        .then(
            pl.col(name).str.strip_prefix('"').str.strip_suffix('"').str.replace_all('""', '"', literal=True)
        )
        .otherwise(pl.col(name))
        .alias(name)
        for name in names
    ).with_columns(good["at"])


def _numbered(frame: pl.DataFrame, first_row: int) -> pl.DataFrame:
    """Replace `at` by `row_no`, the physical line of the file."""
    return frame.select((pl.col("at") + first_row).alias("row_no"), pl.exclude("at"))


def _tail(block: bytes, lines: int) -> bytes:
    """Return the last `lines` lines of the block, byte for byte."""
    position = len(block) - block.endswith(b"\n")
    for _ in range(lines):
        position = block.rfind(b"\n", 0, position)
    return block[position + 1 :] if lines else b""
