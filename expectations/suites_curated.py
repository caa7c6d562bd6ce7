"""Suites of the curated layer: the batch's decisions before they become a warehouse.

Here: enterprises, rule hits, visit targets and conflicts of one batch.  Not here: thresholds (gates.yml).
"""

from collections.abc import Mapping

import polars as pl

from expectations.checks import (
    Suites,
    measure,
    of_subject,
    one_of,
    rows,
    share,
    unique,
    violations,
)
from expectations.declared import as_declared
from expectations.library import Expectation
from expectations.request import GateRequest, quoted
from reference.gates import Gate
from reference.link import load_conflict_order

Gates = Mapping[str, Gate]

PRIORITIES = (1, 2, 3)
MOBILE = "1[3-9][0-9]{{9}}"
# A pair that differs both in county (K3) and in name (K6) is hardly a pair.
CONTRADICTED = """
    select pairs.n / nullif(census.n, 0)::double as value, census.n as rows
    from (select count(*) as n
          from (select subject_key from {batch} where conflict in ('K3', 'K6')
                group by subject_key having count(distinct conflict) = 2)) as pairs,
         (select count(*) as n from curated_enterprises where in_census) as census"""
STRANGER = "subject_key not in (select subject_key from curated_enterprises)"
NO_TARGET = "subject_key not in (select subject_key from curated_enterprises where disposition = 'target')"
NAMED = "subject_key is not null"
EXCLUDED_BY = "select subject_key from curated_rule_hits where severity in ('exclude', 'hold')"


def curated_suites(gates: Gates, request: GateRequest) -> Suites:
    """Return the expectations of the curated tables, or nothing if the request has none of them."""
    tables = request.layer("curated")
    if not tables:
        return {}
    conflicts = {"curated.link_conflicts": _conflicts(gates)} if "link_conflicts" in tables else {}
    return {
        "curated.enterprises": _enterprises(gates, request),
        "curated.rule_hits": _rule_hits(gates),
        "curated.visit_targets": _visit_targets(gates, request),
        **conflicts,
    }


def _enterprises(gates: Gates, request: GateRequest) -> list[Expectation]:
    return [
        *as_declared(gates, "enterprises"),
        *rows(gates["not_empty"]),
        *unique(gates["key_unique"], "uscc", within="uscc_check in ('valid', 'repaired')"),
        *one_of(gates["known_values"], "priority", PRIORITIES),
        *_identity(gates),
        *_places(gates),
        *_exclusions(gates),
        *violations(
            gates["established_by_batch_date"], f"established_on > date '{request.as_of}'", "established_on"
        ),
        *violations(gates["personal_data_masked"], "legal_rep_masked not like '%*%'", "legal_rep_masked"),
        *violations(
            gates["personal_data_masked"], f"regexp_matches(phone_masked, '{MOBILE}')", "phone_masked"
        ),
    ]


def _identity(gates: Gates) -> list[Expectation]:
    firms = "entity_class in ('enterprise', 'branch', 'coop')"
    return [
        *share(gates["uscc_filled"], "uscc is not null", "uscc", firms),
        *share(gates["uscc_valid"], "uscc_check in ('valid', 'repaired')", "uscc_check", "uscc is not null"),
        *share(gates["status_known"], "status <> '9'", "status"),
    ]


def _places(gates: Gates) -> list[Expectation]:
    targets = "disposition = 'target'"
    return [
        *share(gates["county_resolved"], "substr(division_code, 5, 2) <> '00'", "division_code", targets),
        *share(gates["township_resolved"], "substr(division_code, 7, 3) <> '000'", "division_code", targets),
    ]


def _exclusions(gates: Gates) -> list[Expectation]:
    in_scope = "disposition in ('target', 'excluded')"
    by_county = f"""
        select substr(division_code, 1, 6) as scope, avg((disposition = 'excluded')::int) as value,
               count(*) as rows
        from {{batch}} where {in_scope} and substr(division_code, 5, 2) <> '00' group by scope"""  # noqa: S608
    return [
        *measure(gates["exclusion_share_by_county"], by_county, "disposition"),
        *share(gates["exclusion_share"], "disposition = 'excluded'", "disposition", in_scope),
        *of_subject(
            gates["excluded_have_reason"],
            f"disposition = 'excluded' and subject_key not in ({EXCLUDED_BY})",
            "disposition",
        ),
        *of_subject(
            gates["targets_not_excluded"],
            f"disposition = 'target' and subject_key in ({EXCLUDED_BY})",
            "disposition",
        ),
    ]


def _rule_hits(gates: Gates) -> list[Expectation]:
    return [
        *as_declared(gates, "rule_hits"),
        *of_subject(gates["hits_of_known_subjects"], STRANGER, "subject_key"),
    ]


def _visit_targets(gates: Gates, request: GateRequest) -> list[Expectation]:
    decided = "(select count(*) from curated_enterprises where disposition = 'target')"
    difference = f"select abs(count(*) - {decided}) as value, count(*) as rows from {{batch}}"  # noqa: S608
    return [
        *as_declared(gates, "visit_targets"),
        *rows(gates["not_empty"]),
        *one_of(gates["known_values"], "batch_id", [request.batch_id]),
        *one_of(gates["known_values"], "priority", PRIORITIES),
        *of_subject(gates["hits_of_known_subjects"], NO_TARGET, "subject_key"),
        *measure(gates["targets_complete"], difference),
    ]


def _conflicts(gates: Gates) -> list[Expectation]:
    """Conflicts of register and census: each with its sides, decided as stated."""
    subject, unit = "subject_key is not null", "unit_key is not null"
    sides = f"""(conflict = 'K7') = ({subject}) or (conflict in ('K8', 'K9')) = ({unit})"""
    lines = load_conflict_order().select("conflict", "winner", "loser", "reason").unique().sort(pl.all())
    decisions = ", ".join(f"({', '.join(map(quoted, row))})" for row in lines.iter_rows())
    weak = "select subject_key from curated_enterprises where census_link_method = 'L5_probable'"
    return [
        *as_declared(gates, "link_conflicts"),
        *violations(gates["conflict_has_its_sides"], sides, "unit_key"),
        *violations(
            gates["conflict_decided_as_stated"],
            f"(conflict, winner, loser, reason) not in ({decisions})",
            "reason",
        ),
        *of_subject(
            gates["weak_links_exclude_nothing"],
            f"conflict = 'K1' and winner = 'census' and subject_key in ({weak})",
            "winner",
        ),
        *of_subject(gates["hits_of_known_subjects"], STRANGER, "subject_key", NAMED),
        *measure(gates["links_contradicted"], CONTRADICTED, "conflict"),
    ]
