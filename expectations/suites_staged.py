"""Suites of the staged layer: one per delivered source, drawn from its contract.

Here: what must hold of a bureau's file once it is typed.  Not here: thresholds (reference/gates/gates.yml).
"""

from collections.abc import Mapping

from expectations.checks import (
    Suites,
    columns,
    filled,
    measure,
    one_of,
    rows,
    share,
    unique,
    violations,
)
from expectations.library import Expectation
from expectations.request import GateRequest
from reference.contracts import Contract, load_contracts
from reference.gates import Gate

ENVELOPE = ("source_file", "row_no", "extract_date")
# Dates a record may rightly carry ahead of the day it was extracted: terms and announced ends.
AHEAD = {"op_from", "out_date", "remove_date", "valid_from", "valid_to", "cancel_date",
         "ann_end", "to_date", "publish_end", "end_date", "resume_date"}  # fmt: skip
USCC_SHAPE = "[0-9ANY][0-9]{{7}}[0-9A-HJ-NPQRTUWXY]{{10}}"
MOBILE = "1[3-9][0-9]{{9}}"
KEY = "|[0-9a-f]{{32}}"
CITIZEN = "[1-8][0-9]{{5}}(18|19|20)[0-9]{{2}}(0[1-9]|1[0-2])[0-3][0-9][0-9]{{3}}[0-9X]"
DECISIONS = ("overrides", "address_lists", "false_registrations")
CENSUS_YEAR = 2023


def staged_suites(gates: Mapping[str, Gate], request: GateRequest) -> Suites:
    """Return one list of expectations per staged source of the request."""
    contracts = load_contracts()
    present = request.layer("staged")
    suites = {f"staged.{s}": _source(gates, contracts[s]) for s in contracts if s in present}
    if present:
        suites.setdefault("staged.registry", _source(gates, contracts["registry"]))
        suites["staged.registry"] += share(
            gates["uscc_shape"], f"regexp_full_match(uscc, '{USCC_SHAPE}')", "uscc", "uscc is not null"
        )
    if present.keys() >= {"census", "annual_reports"}:
        suites["staged.census"] += _revenue_units(gates)
    return suites


def _source(gates: Mapping[str, Gate], contract: Contract) -> list[Expectation]:
    not_null = [c.name for c in contract.columns if c.not_null]
    return [
        *columns(gates["columns_present"], [*(c.name for c in contract.columns), *ENVELOPE]),
        *rows(gates["not_empty" if contract.required else "not_empty_optional"]),
        *filled(gates["key_filled"], "source_file", "row_no", *not_null),
        *unique(gates["key_unique"], "source_file", "row_no"),
        *(e for c in contract.columns if c.values for e in one_of(gates["known_values"], c.name, c.values)),
        *_masked(gates, contract),
        *_dates(gates, contract),
        *_quarantine(gates, contract.source),
    ]


def _masked(gates: Mapping[str, Gate], contract: Contract) -> list[Expectation]:
    no_key = f"not regexp_full_match({{c}}, '{KEY}')"
    broken = {
        "name": "{c} not like '%*%'",
        "phone": f"regexp_matches({{c}}, '{MOBILE}')",
        "code": f"regexp_full_match({{c}}, '{CITIZEN}')",
        **dict.fromkeys(("note", "address"), f"regexp_matches({{c}}, '{MOBILE}')"),
        **dict.fromkeys(("phone_key", "id_key", "name_key"), no_key),
    }
    personal = [(c.name, c.personal) for c in contract.columns if c.personal]
    gate = gates["personal_data_masked"]
    return [e for c, kind in personal for e in violations(gate, broken[kind].replace("{c}", c), c)]


def _dates(gates: Mapping[str, Gate], contract: Contract) -> list[Expectation]:
    dates = [c.name for c in contract.columns if c.type == "date" and c.name not in AHEAD | {"extract_date"}]
    if not dates:
        return []
    latest = f"greatest({', '.join(dates)})"
    holds = f"{latest} is null or {latest} <= extract_date"
    gate = _gate_of(gates, "dates_not_after_extract", contract.source)
    return share(gate, holds, ", ".join(dates), "extract_date is not null")


def _gate_of(gates: Mapping[str, Gate], name: str, source: str) -> Gate:
    """Return the gate, for people's decisions the one that only warns."""
    return gates[f"{name}_decisions" if source in DECISIONS else name]


def _quarantine(gates: Mapping[str, Gate], source: str) -> list[Expectation]:
    rejected = f"(select count(*) from quarantine_{source})"  # noqa: S608
    unreasoned = f"(select count(*) from quarantine_{source} where reason_code is null)"  # noqa: S608
    total = f"(count(*) + {rejected})"
    return [
        *measure(
            _gate_of(gates, "quarantine_share", source),
            f"select {rejected} / nullif({total}, 0) as value, {total} as rows from {{batch}}",  # noqa: S608
        ),
        *measure(
            gates["quarantine_reasoned"],
            f"select {unreasoned} as value, {rejected} as rows from {{batch}} limit 1",  # noqa: S608
            "reason_code",
        ),
    ]


def _revenue_units(gates: Mapping[str, Gate]) -> list[Expectation]:
    query = f"""
        select median(c.revenue::double / a.revenue::double) as value, count(*) as rows
        from {{batch}} as c join staged_annual_reports as a on a.uscc = c.unit_code
        where a.report_year = {CENSUS_YEAR} and a.revenue > 0 and c.revenue > 0"""  # noqa: S608
    return measure(gates["revenue_units"], query, "revenue")
