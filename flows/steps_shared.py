"""The shared step: who shares a door, a telephone, a legal representative, over the whole province.

Here: the keys of two cities at a time, then the few that recur, then the facts the city steps join.
Not here: keys and counts (transforms/shared_*.py), the rules on them (transforms/screen_sh*.py).
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import polars as pl

from flows.manifest import Body, fresh
from flows.settings import Settings
from flows.step_files import WORK_COMPRESSION, scan_source, write_by_city
from flows.steps_city import Evidence, base_facts, only, scan_parents, source_frames
from flows.steps_register import SUBJECTS
from reference.divisions import load_gazetteer
from reference.rules import RuleSet, load_rules
from reference.text_tables import load_text_tables
from transforms.address_key import with_door
from transforms.evidence import is_firm_case
from transforms.feed_coverage import COVERED
from transforms.shared_counts import (
    SHARED,
    defaulting_reps,
    door_facts,
    is_idle,
    least_sharers,
    listed_addresses,
    person_outcomes,
    shared_by,
    shared_facts,
    town_codes,
    with_idle,
)
from transforms.shared_keys import HASHED, NEEDED, hashes_of, holders, key_hashes, recurring, subject_keys

SHARED_FOLDER, SHARED_KEYS = "shared", "shared_keys"
LISTS_FILE, PERSONS_FILE = "address_lists.parquet", "persons.parquet"
_LIMITS = "shared_limits.parquet"
_AT_ONCE = 2
"""Cities read at a time: one does not keep the processors busy, all of them are gigabytes."""
T = TypeVar("T")
Found = TypeVar("Found")


def lists_step(staged: Mapping[str, Sequence[Path]], work: Path, settings: Settings) -> Body:
    """Write the listed addresses and the cases against persons; return the outcomes of their rows.

    A case counts if its person is a legal representative on the register.
    """
    addresses = scan_source("address_lists", staged["address_lists"])
    listed = listed_addresses(addresses, settings.as_of)
    total = addresses.select(pl.len()).collect().item()
    listed.write_parquet(fresh(work / LISTS_FILE))
    cases = scan_source("judgment_defaulters", staged["judgment_defaulters"])
    against = cases.filter(~is_firm_case())
    reps = pl.scan_parquet(work / SUBJECTS / "*.parquet").select("legal_rep_id_key").drop_nulls()
    named = against.select(legal_rep_id_key="person_id_key")
    known = reps.join(named, on="legal_rep_id_key", how="semi", build_side="force_right").unique()
    persons = person_outcomes(against, known.collect(engine="streaming").to_series(), settings.as_of)
    persons.filter(pl.col("outcome") == "matched").write_parquet(fresh(work / PERSONS_FILE))
    figures = {
        "address_lists": {"matched": listed.height, "after_as_of": total - listed.height},
        "persons": dict(persons.group_by("outcome").len().sort("outcome").iter_rows()),
    }
    return [work / LISTS_FILE, work / PERSONS_FILE], figures


def list_figures(lists: dict[str, Any], firms: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the account figures of address_lists, and of judgment_defaulters with its persons."""
    outcomes = dict(firms["outcomes"])
    for outcome, count in lists["persons"].items():
        outcomes[outcome] = outcomes.get(outcome, 0) + count
    return {
        "address_lists": {"outcomes": lists["address_lists"]},
        "judgment_defaulters": {**firms, "outcomes": outcomes},
    }


def shared_keys_step(work: Path, city: str, settings: Settings) -> Body:
    """Write what the subjects of one city may share with others."""
    path = fresh(work / SHARED_KEYS / f"{city}.parquet")
    _write_keys(work / SUBJECTS / f"{city}.parquet", path, load_rules(settings.rules), settings.as_of)
    return [path], {}


def shared_step(work: Path, years: Sequence[int], settings: Settings) -> Body:
    """Write what is shared, per register city; return how many subjects share what."""
    rules = load_rules(settings.rules)
    evidence = Evidence(work, years, settings.as_of, rules, scan_parents(work))
    facts = shared_of(evidence, work / SHARED_KEYS)
    limits = fresh(work / _LIMITS)
    pl.DataFrame({"limits": [_limits(rules)]}).write_parquet(limits)
    paths = write_by_city(facts, work / SHARED_FOLDER)
    counts = {name: facts[name].count() for name in ("door_n", "phone_n", "rep_n", "D03_published_on")}
    return [*paths, limits], {"shared": counts}


def find_shared(evidence: Evidence) -> pl.LazyFrame:
    """Return the same facts under any rules: those kept with the evidence if their limits are the same."""
    kept = evidence.work / _LIMITS
    if not kept.exists():
        return pl.LazyFrame(schema=SHARED)
    if pl.read_parquet(kept)["limits"].item() == _limits(evidence.rules):
        files = sorted((evidence.work / SHARED_FOLDER).glob("*.parquet"))
        return pl.concat([pl.LazyFrame(schema=SHARED), *(pl.scan_parquet(path) for path in files)])
    with TemporaryDirectory() as folder:
        return shared_of(evidence, write_all_keys(evidence, Path(folder) / "keys")).lazy()


def write_all_keys(evidence: Evidence, folder: Path) -> Path:
    """Write the keys of every city into a folder that is not there yet, and return it."""
    folder.mkdir()
    for path in sorted((evidence.work / SUBJECTS).glob("*.parquet")):
        _write_keys(path, folder / path.name, evidence.rules, evidence.as_of)
    return folder


def _limits(rules: RuleSet) -> str:
    """Return everything of the rules that the facts rest on, as text."""
    names = ("active_statuses", "door_n", "evidence_m", "census_on")
    own = [(r, dict(rules[r].parameters.values)) for r in ("S03f", "S04", "S05", "S06", "D03")]
    return repr([[rules.common.values[name] for name in names], own])


def shared_of(evidence: Evidence, keys: Path) -> pl.DataFrame:
    """Return SHARED of the province. `keys` holds those of each city; in memory is only what recurs."""
    gazetteer, rules = load_gazetteer(), evidence.rules
    hashes = _read_hashes(keys)
    listed = pl.read_parquet(evidence.work / LISTS_FILE).with_columns(county_hint=pl.lit(None, pl.String))
    listed = with_door(listed, gazetteer, load_text_tables().lookalikes).drop_nulls("door")
    least = least_sharers(rules)
    wanted = {kind: recurring(pl.concat(found), least[kind]) for kind, found in hashes.items()}
    wanted["door"] = pl.concat([wanted["door"], hashes_of(listed, "door")]).unique()
    persons = pl.read_parquet(evidence.work / PERSONS_FILE)
    accused = hashes_of(persons.select(legal_rep_id_key="person_id_key"), "legal_rep_id_key")
    members = _holders(keys, {kind: (kind, hashes) for kind, hashes in wanted.items()} | {
        "accused": ("legal_rep_id_key", accused)
    })  # fmt: skip
    reps = shared_by(members["legal_rep_id_key"], "legal_rep_id_key", "rep_n")
    idle = _idle(evidence, reps.filter(pl.col("is_active") & (pl.col("rep_n") >= least["legal_rep_id_key"])))
    return shared_facts([
        door_facts(members["door"], listed, town_codes(gazetteer)),
        shared_by(members["phone_key"], "phone_key", "phone_n"),
        with_idle(reps, idle),
        defaulting_reps(persons, members["accused"], rules, evidence.as_of),
    ])  # fmt: skip


def _write_keys(subjects: Path, out: Path, rules: RuleSet, as_of: date) -> None:
    statuses = rules.common.codes("active_statuses")
    rows = pl.read_parquet(subjects, columns=list(NEEDED))
    keys = subject_keys(rows, statuses, as_of, load_gazetteer(), load_text_tables().lookalikes)
    keys.write_parquet(out, compression=WORK_COMPRESSION)


def _read_hashes(folder: Path) -> dict[str, list[pl.Series]]:
    """Return the hashes of the keys by kind, one series a city."""
    cities = _some_at_once(lambda path: key_hashes(pl.read_parquet(path)), sorted(folder.glob("*.parquet")))
    return {kind: [pl.Series(dtype=pl.UInt64), *(found[kind] for found in cities)] for kind in HASHED}


def _holders(folder: Path, wanted: Mapping[str, tuple[str, pl.Series]]) -> dict[str, pl.DataFrame]:
    """Return by name who has a key of that kind with one of the hashes; each city's keys are read once."""

    def held(path: Path) -> dict[str, pl.DataFrame]:
        keys = pl.read_parquet(path)
        return {name: holders(keys, kind, hashes) for name, (kind, hashes) in wanted.items()}

    cities = _some_at_once(held, sorted(folder.glob("*.parquet")))
    return {name: pl.concat(found[name] for found in cities) for name in wanted}


def _idle(evidence: Evidence, members: pl.DataFrame) -> pl.DataFrame:
    """Return subject_key, is_idle of the members, by the very facts their own city will ask.

    Idleness rests on a subject's own evidence: what its county's feeds cover, a count over the whole city,
    is not asked.
    """
    nothing = pl.LazyFrame(schema={"register_county_code": pl.String, **dict.fromkeys(COVERED, pl.Boolean)})

    def idle(city: str, own: pl.DataFrame) -> pl.DataFrame:
        frames = only(source_frames(evidence.work, city), _about(own["subject_key"]))
        nowhere = own.lazy().select("subject_key", level=pl.lit(None, pl.String))
        facts = base_facts(evidence, {**frames, "coverage": nothing}, nowhere)["facts"]
        told: pl.DataFrame = facts.select(
            "subject_key", is_idle=is_idle(evidence.rules, evidence.as_of)
        ).collect()
        return told

    cities = members.partition_by("register_city_code", as_dict=True)
    parts = _some_at_once(lambda city: idle(str(city[0]), cities[city]), list(cities))
    return pl.concat([pl.DataFrame(schema={"subject_key": pl.String, "is_idle": pl.Boolean}), *parts])


def _some_at_once(do: Callable[[T], Found], cities: Sequence[T]) -> list[Found]:
    """Return what is found of each city, in their order."""
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        return list(threads.map(do, cities))


def _about(members: pl.Series) -> Callable[[pl.LazyFrame], pl.LazyFrame]:
    """Leaves the rows of some subjects; other than a join, a filter is asked before the rows are read."""
    return lambda frame: frame.filter(pl.col("subject_key").is_in(members.implode()))
