"""Doors, telephones and representatives that several subjects share, planted at and beside each limit.

Here: which subjects of a chunk share what, and the lists of addresses that go with it.
Not here: which rules follow (truth_shared.py), how an address is written (places.py).

A door is planted whole in one city, so that its truth is known with the city's; telephones and
representatives reach over all cities, and their truth is counted when all are drawn.
"""

from datetime import date, timedelta

import polars as pl

from simulator.places import with_address

LEAST_SUBJECTS = 700
"""Smaller cities have too few firms for the doors; they share telephones and representatives only."""
WRITINGS = ("no_province", "no_city", "no_county", "declared_brackets", "full_width_digits", "doubled_prefix")
DOORS = {
    "crowded": (30, 5), "one_short": (29, 5), "market": (36, 4), "over_cap": (32, 4), "few": (5, 2),
    "too_few": (4, 4), "false": (2, 0), "same_day": (10, 0), "one_day_short": (10, 0),
}  # fmt: skip
"""Per door: active subjects, and how many of them are idle 无参保无营收."""
_FIRST_DOOR = 1001  # above every door number that is drawn
_PHONES = {"phone_a": 3, "phone_b": 2}
_REPS = {
    "rep_a": (range(6), ("stopped", "stopped")), "rep_b": (range(5, 10), ("stopped", "files")),
    "rep_c": (range(9), ("stopped",)),
}  # fmt: skip
"""rep_a: 12 of whom 10 and more are idle; rep_b: 10, half of them idle; rep_c: 9, all idle."""
GROUPS = (*_PHONES, *_REPS)


def plant_shared(frame: pl.DataFrame, turn: int, part: int, as_of: date) -> pl.DataFrame:
    """The subjects plus door_case, is_idle_door, phone_group, rep_group; a planted door is one place."""
    none = pl.lit(None, pl.String)
    plain = frame.with_columns(door_case=none, is_idle_door=False, phone_group=none, rep_group=none)
    if part:
        return plain
    free = _able(plain, as_of)
    grouped, used = _with_groups(plain, free, turn)
    if len(frame) < LEAST_SUBJECTS:
        return grouped
    return _with_doors(
        grouped, free.filter((pl.col("story") == "files") & ~pl.col("serial").is_in(used)), as_of
    )


def _able(frame: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Firms old enough and with nothing else planted that decides."""
    odd = ("is_later", "wrong_check", "is_big", "is_finance", "cancel_later", "was_revoked", "is_trader")
    return frame.filter(
        (pl.col("entity_class") == "enterprise") & (pl.col("status") == "A")
        & (pl.col("est_date") < as_of - timedelta(days=900)) & ~pl.any_horizontal(odd)
    ).sort("serial")  # fmt: skip


def _with_groups(frame: pl.DataFrame, free: pl.DataFrame, turn: int) -> tuple[pl.DataFrame, list[int]]:
    """The frame with phone_group and rep_group set, and the serials taken."""
    stock = {story: free.filter(story=story)["serial"].to_list() for story in ("stopped", "zeros", "files")}
    phones = {
        **dict.fromkeys(_taken(stock["stopped"], 3), "phone_a"),
        **dict.fromkeys(_taken(stock["zeros"], 2 if turn < 8 else 1), "phone_b"),
        **dict.fromkeys(_taken(stock["files"], 1), "phone_a"),
    }
    reps: dict[int, str] = {}
    for name, (turns, stories) in _REPS.items():
        if turn in turns:
            for story in stories:
                reps |= dict.fromkeys(_taken(stock[story], 1), name)
    told = frame.with_columns(
        phone_group=pl.col("serial").replace_strict(phones, default=None, return_dtype=pl.String),
        rep_group=pl.col("serial").replace_strict(reps, default=None, return_dtype=pl.String),
    )
    return told, [*phones, *reps]


def _taken(stock: list[int], count: int) -> list[int]:
    taken, stock[:] = stock[:count], stock[count:]
    return taken


def _with_doors(frame: pl.DataFrame, free: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """The frame with the members of each door moved to one place, written in turn in each way."""
    place = [
        "county_code", "county", "town_code", "town", "division_code", "village", "is_unique", "road_no",
    ]  # fmt: skip
    rows, serials = [], free["serial"].to_list()
    for number, (case, (size, idle)) in enumerate(DOORS.items()):
        anchor = free.filter(pl.col("serial") == serials[0]).select(place).to_dicts()[0]
        for turn, serial in enumerate(_taken(serials, size)):
            is_same_day = case == "same_day" or (case == "one_day_short" and turn > 0)
            rows.append({
                "serial": serial, "door_case": case, "is_idle_door": turn < idle,
                "door": _FIRST_DOOR + number, "case": WRITINGS[turn % len(WRITINGS)],
                "_day": as_of - timedelta(days=950) if is_same_day else None,
                **anchor,
            })  # fmt: skip
    moved = pl.DataFrame(rows, schema_overrides={"_day": pl.Date, "serial": frame.schema["serial"]})
    told = frame.update(moved.drop("_day"), on="serial").join(
        moved.select("serial", "_day"), on="serial", how="left", maintain_order="left"
    )
    dated = told.with_columns(est_date=pl.coalesce("_day", "est_date")).drop("_day")
    return dated.update(
        with_address(dated.filter(pl.col("door_case").is_not_null())).select("serial", "address", "road"),
        on="serial",
    )


def address_rows(subjects: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """One row per listed door: contract columns, true_uscc, case and code_fault."""
    entries = {
        "market": ("专业市场", 40, None, None), "over_cap": ("集群托管", 31, None, None),
        "crowded": ("商务楼", 99, as_of - timedelta(days=1), "expired_entry"),
        "false": ("虚假地址", None, None, None),
    }  # fmt: skip
    doors = subjects.filter(pl.col("door_case").is_in(list(entries))).unique(
        "door_case", keep="first", maintain_order=True
    )
    told = [
        {
            "address": row["city"] + row["county"] + row["town"] + row["road"] + str(row["door"]) + "号",
            "list_kind": kind, "cap": cap, "doc_no": f"址字{row['serial']}号",
            "decide_org": row["county"] + "市场监督管理局",
            "valid_from": as_of - timedelta(days=200), "valid_to": end, "case": case,
        }
        for row in doors.iter_rows(named=True)
        for kind, cap, end, case in [entries[row["door_case"]]]
    ]  # fmt: skip
    none = pl.lit(None, pl.String)
    schema = {
        "address": pl.String, "list_kind": pl.String, "cap": pl.Int64, "doc_no": pl.String,
        "decide_org": pl.String, "valid_from": pl.Date, "valid_to": pl.Date, "case": pl.String,
    }  # fmt: skip
    return pl.DataFrame(told, schema=schema).with_columns(true_uscc=none, code_fault=none)


def person_id() -> pl.Expr:
    """The number of the legal representative: of no region there is, born in 1900; one person per group."""
    group = pl.col("rep_group").replace_strict(
        {g: n for n, g in enumerate(_REPS)}, default=None, return_dtype=pl.Int64
    )
    number = pl.coalesce(group, pl.col("serial") + 10)
    digits = [(number % 10_000, 4), (number // 10**7 + 1, 2), (number // 10_000 % 1_000, 3)]
    region, month, order = (part.cast(pl.String).str.zfill(width) for part, width in digits)
    return pl.concat_str(pl.lit("10"), region, pl.lit("1900"), month, pl.lit("01"), order, pl.lit("0"))


def phone_of_group() -> pl.Expr:
    """The telephone of a group, null for subjects in none."""
    return pl.col("phone_group").replace_strict(
        {"phone_a": "10099999901", "phone_b": "10099999902"}, default=None, return_dtype=pl.String
    )


def person_cases(subjects: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """One row per case against a person: contract columns, true_uscc, case, code_fault.

    Standing, removed, past its term, masked as courts publish it, and of nobody on the register.
    """
    turn = pl.col("serial") // 97 % 6
    chosen = subjects.filter((pl.col("serial") % 97 == 5) & pl.col("rep_group").is_null())
    number, day = person_id(), pl.lit(as_of)
    foreign = "19" + number.str.slice(2)
    masked = number.str.slice(0, 10) + "****" + number.str.slice(14)
    return chosen.select(
        uscc=pl.when(turn == 3).then(masked).when(turn == 4).then(foreign).otherwise(number),
        case_no=pl.concat_str(pl.lit("（2024）浙执"), "serial", pl.lit("号")),
        court=pl.col("county") + "人民法院",
        file_date=pl.lit(as_of - timedelta(days=1000)),
        publish_date=day - pl.duration(days=pl.when(turn == 2).then(900).otherwise(300)),
        remove_date=pl.when(turn == 1).then(pl.lit(as_of)),
        perform=pl.lit("全部未履行"),
        subject_type=pl.lit("person"),
        extract_date=pl.lit(as_of),
        case=pl.when(turn == 3).then(pl.lit("masked_person")).when(turn == 4).then(pl.lit("unknown_person")),
        true_uscc="uscc",
        code_fault=pl.lit(None, pl.String),
        is_own_person=pl.lit(value=True),
    )  # fmt: skip
