"""Malformed delimited text: encodings, separators, quotes, NULs, headers, cells, sizes.

Here: which cases.  Not here: workbooks and Parquet (fuzz_books.py), names and kinds (fuzz_files.py).
"""

import random
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.fuzz_case import HEADERS, Case, contents, good_text

ENCODINGS = (
    "utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "big5", "utf-7",
    "ascii",
)  # fmt: skip
READERS = (
    ("ingest", "registry"),
    ("ingest", "annual_reports"),
    ("feedback", "visits"),
    ("place", "registry"),
)
CELLS = (
    "=1+1", "=cmd|'/c calc'!A0", "+86", "-1", "@SUM(A1)", "1e400", "9" * 400, "-" + "9" * 30, "NaN", "inf",
    "１２３", "一百", "0000-00-00", "99999-12-31", "2024-02-30", "45000", "-1e308", "\u202e卐", "0x10",
    "\x1b[31m红", "\x07", "\u2028", "🀄" * 50, "'", '""', "\\", "\\N", "null", "<script>", "{}", "%s%n",
    "\ufeff", "\ufffe", "\U0010ffff", " " * 5000, "1,000,000", "￥5", "1.2.3", "2025/13/45",
    "２０２５年１月１日", "../../x", "\u0301" * 200,
)  # fmt: skip


def text_cases(rng: random.Random) -> Iterator[Case]:
    """Yield every case of delimited text, the same for the same seed."""
    yield from _encoded()
    yield from _cut_short(rng)
    yield from _flipped(rng)
    yield from _mixed(rng)
    yield from _quotes(rng)
    yield from _headers()
    yield from _cells(rng)
    yield from _ragged(rng)
    yield from _noise(rng)
    yield from _huge()


def _encoded() -> Iterator[Case]:
    for encoding in ENCODINGS:
        for separator in (",", "\t", ";", "|", "、"):
            for label, end in (("lf", "\n"), ("crlf", "\r\n"), ("cr", "\r"), ("nel", "\x85")):
                text = good_text(separator=separator) if len(separator) == 1 else good_text()
                data = text.replace("\n", end).encode(encoding, "replace")
                name = f"encoded-{encoding}-{ord(separator)}-{label}"
                yield Case(name, "a.csv", contents(data))


def _cut_short(rng: random.Random) -> Iterator[Case]:
    for number in range(110):
        data = good_text().encode(("utf-8", "gb18030", "utf-16")[number % 3])
        reader, source = READERS[number % 2 * 3]
        cut = rng.randrange(1, len(data))
        yield Case(f"cut-{number}", "a.csv", contents(data[:cut]), source, reader)


def _flipped(rng: random.Random) -> Iterator[Case]:
    for number in range(170):
        reader, source = READERS[number % 4]
        data = bytearray(good_text(60, source).encode(("utf-8", "gb18030", "utf-16")[number % 3]))
        for _ in range(1 + number % 40):
            data[rng.randrange(len(data))] = rng.randrange(256)
        yield Case(f"flipped-{number}", "a.csv", contents(bytes(data)), source, reader)
    for number in range(30):
        data = bytearray(good_text(2_000 if number % 2 else 20).encode())
        data[rng.randrange(len(data))] = 0
        yield Case(f"nul-{number}", "a.csv", contents(bytes(data)))


def _mixed(rng: random.Random) -> Iterator[Case]:
    for number in range(40):
        lines = good_text(50).splitlines(keepends=True)
        encodings = rng.sample(("utf-8", "gb18030", "utf-16-le", "big5"), 2)
        share = (0.02, 0.5)[number % 2]
        data = b"".join(line.encode(encodings[rng.random() < share], "replace") for line in lines)
        reader = ("ingest", "link", "place")[number % 3]
        yield Case(f"mixed-{number}", "a.csv", contents(data), reader=reader)


def _quotes(rng: random.Random) -> Iterator[Case]:
    for number in range(90):
        text = list(good_text(120))
        for _ in range(1 + number % 7):
            text.insert(rng.randrange(len(text)), rng.choice(['"', '""', '"\n', ',"', '",', "'"]))
        reader, source = READERS[number % 2 * 3]
        yield Case(f"quotes-{number}", "a.csv", contents("".join(text).encode()), source, reader)
    yield Case("quotes-never-closed", "a.csv", contents((good_text(3) + '"' + good_text(9_000)).encode()))
    yield Case("quotes-only", "a.csv", contents((good_text(3) + '"' * 100_000).encode()))
    yield Case("quotes-each-line", "a.csv", contents(good_text(3).encode() + b'"x\n' * 30_000))


def _headers() -> Iterator[Case]:
    names = list(HEADERS["registry"])
    row = ",".join(good_text(1).splitlines()[1].split(","))
    wrong = {
        "doubled": [*names, names[0]],
        "alias": [*names, "信用代码"],
        "unknown": [*names, "风水"],
        "missing": names[1:],
        "none": [],
        "blank": ["", *names[1:]],
        "all-blank": [""] * 7,
        "controls": [*names, "\x1b[2J\x07x"],
        "injected": [*names, "x\u2028zoufang: all is well"],
        "long": [*names, "长" * 15_000],
        "3000-unknown": [*names, *(f"c{n}" for n in range(3_000))],
        "3000-same": [*names, *["企业名称"] * 3_000],
        "30000-blank": [*names, *[""] * 30_000],
        "300000-blank": [*names, *[""] * 300_000],
        "million": [*names, *["x"] * 1_000_000],
    }
    for label, header in wrong.items():
        text = ",".join(header) + "\n" + row + "," * max(len(header) - 7, 0) + "\n"
        for reader in ("ingest", "place", "link"):
            yield Case(
                f"header-{label}-{reader}", "a.csv", contents(text.encode()), reader=reader,
                heavy=len(header) > 20_000,
            )  # fmt: skip
    yield Case("header-alone", "a.csv", contents((",".join(names) + "\n").encode()), outcome="refused")
    yield Case("header-repeated", "a.csv", contents((good_text(5) * 40).encode()))
    yield Case("header-late", "a.csv", contents(b"\n" * 30_000 + good_text(5).encode()))
    yield Case(
        "header-behind-titles", "a.csv", contents("\n".join(["标题"] * 25).encode() + good_text(5).encode())
    )


def _cells(rng: random.Random) -> Iterator[Case]:
    for number, cell in enumerate(CELLS):
        for reader, source in (*READERS, ("link", "registry")):
            lines = good_text(12, source).splitlines()
            for place in range(1, len(lines)):
                fields = lines[place].split(",")
                fields[rng.randrange(len(fields))] = cell if "," not in cell else f'"{cell}"'
                lines[place] = ",".join(fields)
            data = "\n".join(lines).encode("utf-8", "surrogatepass")
            yield Case(f"cell-{number}-{reader}-{source}", "a.csv", contents(data), source, reader)


def _ragged(rng: random.Random) -> Iterator[Case]:
    for number in range(40):
        lines = good_text(40).splitlines()
        lines[1:] = [",".join("x" * rng.randrange(4) for _ in range(rng.randrange(1, 60))) for _ in lines[1:]]
        data = "\n".join(lines).encode(("utf-8", "utf-16")[number % 2])
        yield Case(f"ragged-{number}", "a.csv", contents(data), reader=("ingest", "place")[number % 2 :][0])


def _noise(rng: random.Random) -> Iterator[Case]:
    for number in range(60):
        noise = rng.randbytes(rng.choice((1, 3, 40, 3_000, 200_000)))
        head = (b"", good_text(3).encode(), good_text(3).encode("gb18030"), "\ufeff".encode("utf-16-le"))[
            number % 4
        ]
        suffix = (".csv", ".txt", ".tsv", ".CSV")[number % 4]
        yield Case(f"noise-{number}", f"a{suffix}", contents(head + noise))


def _huge() -> Iterator[Case]:
    head = good_text(3).encode()
    made: dict[str, tuple[bytes, bytes, int]] = {
        "field-1mb": (head, b"x" * 1024, 1_000),
        "field-100mb": (head, b"x" * 1024, 100_000),
        "first-line-100mb": (b"", b"x" * 1024, 100_000),
        "quoted-100mb": (head + b'9,"', b"x" * 1023 + b"\n", 100_000),
        "commas-20mb": (head, b"," * 1024, 20_000),
        "blank-lines-50mb": (head, b"\n" * 1024, 50_000),
        "spaces-100mb": (head, b" " * 1024, 100_000),
        "nuls-100mb": (b"", bytes(1024), 100_000),
        "quotes-20mb": (head, b'"\n' * 512, 20_000),
    }
    for label, (first, part, times) in made.items():
        for reader in ("ingest", "place"):
            yield Case(
                f"huge-{label}-{reader}", "a.csv", _repeated(first, part, times), reader=reader, heavy=True
            )


def _repeated(first: bytes, part: bytes, times: int) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        with path.open("wb") as out:
            out.write(first)
            for _ in range(times):
                out.write(part)

    return make
