"""Small provinces for screening tests: a table of cases, one subject a line, to the frames the steps take.

A report cell reads `2023-05-10 3/120/0.5` = 提交日 社保人数/营业收入(万元)/纳税(万元), `-` for a blank, and
may go on with `/从业人数/资产(万元)/负债(万元)/净利润(万元)/成员交易额(万元)`. Columns
a table leaves out have the value of an ordinary live firm.
"""

import csv
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import NamedTemporaryFile

import joined_cases
import polars as pl
from joined_cases import day_of, number_of, wan

from reference.classes import load_classes
from reference.contracts import load_contracts
from reference.rules import RULES_FILE, RuleSet, load_rules
from transforms.classify import classify_subjects
from transforms.dated_lists import DATED_SOURCES
from transforms.feed_coverage import feed_coverage
from transforms.gather import gather_evidence
from transforms.ingest import staged_schema
from transforms.loan_evidence import LOANS
from transforms.overrides import with_overrides
from transforms.report_history import reported_years
from transforms.screen_facts import screening_facts
from transforms.shell_facts import with_shell_facts
from transforms.visit_evidence import VISITS

GOLDEN = Path(__file__).parent.parent / "golden" / "screening"
AS_OF = date(2025, 3, 31)
CLASSES = load_classes()

Case = Mapping[str, str]

MONEY = pl.Decimal(18, 2)
SCHEMAS: dict[str, dict[str, type[pl.DataType] | pl.DataType]] = {
    "subjects": {
        "subject_key": pl.String, "entity_class": pl.String, "uscc": pl.String, "uscc_check": pl.String,
        "subject_type_code": pl.String, "status": pl.String, "status_text": pl.String,
        "established_on": pl.Date, "cancelled_on": pl.Date, "revoked_on": pl.Date, "term_to": pl.Date,
        "parent_uscc": pl.String, "industry_code": pl.String, "registered_capital": MONEY,
        "capital_currency": pl.String, "register_city_code": pl.String, "register_county_code": pl.String,
        "phone_key": pl.String, "paid_capital": MONEY,
    },
    "reports": {
        "subject_key": pl.String, "report_year": pl.Int64, "submit_date": pl.Date, "emp_count": pl.Int64,
        "si_pension": pl.Int64, "revenue": MONEY, "main_revenue": MONEY, "tax": MONEY, "assets": MONEY,
        "liabilities": MONEY, "net_profit": MONEY, "member_trade": MONEY, "extract_date": pl.Date,
    },
    "abnormal": {
        "subject_key": pl.String, "reason_code": pl.String, "in_date": pl.Date, "out_date": pl.Date,
        "decide_org": pl.String, "doc_no": pl.String, "extract_date": pl.Date,
    },
    "serious": {
        "subject_key": pl.String, "in_date": pl.Date, "out_date": pl.Date, "reason_text": pl.String,
        "decide_org": pl.String, "doc_no": pl.String, "extract_date": pl.Date,
    },
    "defaulters": {
        "subject_key": pl.String, "case_no": pl.String, "court": pl.String, "publish_date": pl.Date,
        "remove_date": pl.Date, "subject_type": pl.String, "extract_date": pl.Date,
    },
    "units": {
        "subject_key": pl.String, "link_strength": pl.String, "ind_code": pl.String, "control": pl.String,
        "op_status": pl.String, "inst_type": pl.String, "check_result": pl.String,
        "fixed_premises": pl.String, "emp_end": pl.Int64, "revenue": MONEY, "assets": MONEY,
        "extract_date": pl.Date,
    },
    **joined_cases.SCHEMAS,
    "trade": {
        "subject_key": pl.String, "customs_code": pl.String, "reg_date": pl.Date, "cancel_date": pl.Date,
        "trade_year": pl.Int64, "export_usd": MONEY, "import_usd": MONEY, "extract_date": pl.Date,
    },
    "tech": {
        "subject_key": pl.String, "tag": pl.String, "valid_from": pl.Date, "valid_to": pl.Date,
        "extract_date": pl.Date,
    },
    "superseded": {"subject_key": pl.String},
    "parents": {"parent_uscc": pl.String},
    "placed": {"subject_key": pl.String, "level": pl.String},
    "visits": {
        "uscc": pl.String, "visited_on": pl.Date, "outcome": pl.String, "is_alive": pl.Boolean,
        "need_changed": pl.Boolean, "renewal_due": pl.Boolean, "is_witnessed": pl.Boolean,
    },
    "loans": dict(LOANS),
}  # fmt: skip


def read_cases(name: str) -> list[dict[str, str]]:
    """Return the lines of one golden table."""
    with (GOLDEN / f"{name}.csv").open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def frames(cases: Iterable[Case]) -> dict[str, pl.LazyFrame]:
    """Return every frame of the city step; case i is subject `S000i`."""
    rows: dict[str, list[dict[str, object]]] = {name: [] for name in SCHEMAS}
    cases = list(cases)
    for index, case in enumerate(cases):
        for name, row in _rows(f"S{index:04d}", case):
            rows[name].append(row)
    for source in DATED_SOURCES:
        rows[source] = [row for i, case in enumerate(cases) for row in _records(source, f"S{i:04d}", case)]
    schemas = SCHEMAS | {source: _schema(source) for source in DATED_SOURCES}
    return {name: pl.LazyFrame(found, schema=schemas[name]) for name, found in rows.items()}


@cache
def rules_if(*, census_excludes: bool) -> RuleSet:
    """Return the rules as they stand, or with the census allowed to exclude."""
    if not census_excludes:
        return load_rules()
    text = RULES_FILE.read_text(encoding="utf-8")
    with NamedTemporaryFile("w", suffix=".yml", encoding="utf-8") as edited:
        edited.write(text.replace("use_census_for_exclusion: false", "use_census_for_exclusion: true"))
        edited.flush()
        return load_rules(Path(edited.name))


def facts_of(
    city: Mapping[str, pl.LazyFrame], as_of: date, feed: Iterable[int] | None = None
) -> pl.LazyFrame:
    """Return the screening facts of a city; without `feed` its reports tell which years are covered.

    They are collected, as a run does: fifty rules each ask for them.
    """
    covered = reported_years(city["reports"], as_of).collect()["report_year"].to_list()
    events = {source: city[source] for source in DATED_SOURCES}
    others = {"subjects", "placed", "visits", *joined_cases.SCHEMAS, *DATED_SOURCES}
    evidence = {name: frame for name, frame in city.items() if name not in others}
    classes, rules = CLASSES, rules_if(census_excludes=False)
    gathered = gather_evidence(
        city["subjects"],
        **evidence,
        events=events,
        visits=city["visits"].select(*VISITS).unique("uscc", keep="last", maintain_order=True),
        classes=classes,
        rules=rules,
        as_of=as_of,
    )
    classified = classify_subjects(gathered, classes=classes, rules=rules, as_of=as_of)
    feed_years = covered if feed is None else list(feed)
    coverage = feed_coverage(city["subjects"], city["units"], city["tax_filings"], rules, as_of)
    facts = screening_facts(
        classified,
        city["placed"],
        coverage,
        feed_years=feed_years,
        rules=rules,
        as_of=as_of,
        loans=city["loans"],
        visits=city["visits"],
    )
    joined = with_shell_facts(facts, city, rules, as_of)
    return with_overrides(joined, city["overrides"], city["met"], rules.overrides, as_of).collect().lazy()


def _rows(key: str, case: Case) -> list[tuple[str, dict[str, object]]]:
    filed = [name for name in case if name[:-4] == "report_" and case[name]]
    rows: dict[str, list[dict[str, object]]] = {
        "subjects": [_subject(key, case)],
        "placed": [{"subject_key": key, "level": case.get("level", "township") or None}],
        "reports": [_report(key, name[-4:], case[name], case) for name in filed],
        "abnormal": _abnormal(key, case),
        "serious": _serious(key, case),
        "defaulters": _defaulter(key, case),
        "units": joined_cases.unit(key, case),
        "false_registrations": joined_cases.false_registrations(key, case),
        "shared": joined_cases.shared(key, case),
        "overrides": joined_cases.overrides(key, case),
        "met": joined_cases.met(key, case),
        "trade": joined_cases.trade(key, case),
        "tech": joined_cases.tech(key, case),
        "loans": joined_cases.loan(key, case),
        "visits": joined_cases.visits(key, case),
        "superseded": [{"subject_key": key}] * int(case.get("superseded_rows") or 0),
        "parents": [{"parent_uscc": case["parent"]}] if case.get("parent_registered") == "yes" else [],
    }
    return [(name, row) for name, found in rows.items() for row in found]


def _subject(key: str, case: Case) -> dict[str, object]:
    return {
        "subject_key": key,
        "entity_class": case.get("entity_class") or "enterprise",
        "uscc": case.get("uscc") or key,
        "uscc_check": case.get("uscc_check") or "missing",
        "subject_type_code": case.get("type") or "1190",
        "status": case.get("status") or "A",
        "status_text": case.get("status_text") or "存续",
        "established_on": day_of(case.get("established", "2010-01-01")),
        "cancelled_on": day_of(case.get("cancelled")),
        "revoked_on": day_of(case.get("revoked")),
        "term_to": day_of(case.get("term_to")),
        "register_county_code": case.get("county") or "330106",
        "parent_uscc": case.get("parent") or None,
        "industry_code": case.get("industry", "C1311") or None,
        "registered_capital": wan(case.get("capital_wan")),
        "capital_currency": case.get("currency") or "CNY",
        "register_city_code": "3301",
        "phone_key": {"none": "", "unknown": None}.get(case.get("phone", ""), "0" * 32),
        "paid_capital": wan(case.get("paid_wan")),
    }


@cache
def _schema(source: str) -> pl.Schema:
    declared = staged_schema(load_contracts()[source])
    return pl.Schema({"subject_key": pl.String(), **declared})


def _records(source: str, key: str, case: Case) -> list[dict[str, object]]:
    """The row of a dated list: columns `<source>.<field>` of the table; none if all are blank."""
    told = {name.split(".")[1]: cell for name, cell in case.items() if name.startswith(f"{source}.") and cell}
    if not told:
        return []
    kinds = _schema(source)
    typed = {name: _typed(cell, kinds[name]) for name, cell in told.items()}
    return [{**dict.fromkeys(kinds), **typed, "subject_key": key}]


def _typed(cell: str, kind: pl.DataType) -> object:
    if kind == pl.Date:
        return day_of(cell)
    if kind == pl.Int64:
        return int(cell)
    return cell if kind == pl.String else Decimal(cell)


def _report(key: str, year: str, cell: str, case: Case) -> dict[str, object]:
    submitted, figures = cell.split(" ")
    told = [*figures.split("/"), *["-"] * 5]
    insured, revenue, tax, staff, assets, liabilities, profit, members = told[:8]
    return {
        "subject_key": key,
        "report_year": int(year),
        "submit_date": day_of(submitted),
        "si_pension": number_of(insured),
        "revenue": wan(revenue),
        "main_revenue": None,
        "tax": wan(tax),
        "emp_count": number_of(staff),
        "assets": wan(assets),
        "liabilities": wan(liabilities),
        "net_profit": wan(profit),
        "member_trade": wan(members),
        "extract_date": day_of(case.get("reports_extracted")),
    }


def _abnormal(key: str, case: Case) -> list[dict[str, object]]:
    row = _listing(key, case, "abnormal")
    return [{**row, "reason_code": case["abnormal_reason"]}] if row else []


def _serious(key: str, case: Case) -> list[dict[str, object]]:
    row = _listing(key, case, "serious")
    return [{**row, "reason_text": "虚假广告"}] if row else []


def _listing(key: str, case: Case, prefix: str) -> dict[str, object]:
    if not case.get(f"{prefix}_in"):
        return {}
    return {
        "subject_key": key,
        "in_date": day_of(case[f"{prefix}_in"]),
        "out_date": day_of(case.get(f"{prefix}_out")),
        "decide_org": "某市市场监督管理局",
        "doc_no": f"列字{key}号",
        "extract_date": day_of(case.get(f"{prefix}_extracted")),
    }


def _defaulter(key: str, case: Case) -> list[dict[str, object]]:
    if not case.get("published"):
        return []
    row = {"subject_key": key, "case_no": f"(2024)执{key}号", "court": "某县人民法院"}
    dates = {"publish_date": day_of(case["published"]), "remove_date": day_of(case.get("removed"))}
    extracted = day_of(case.get("defaulters_extracted"))
    return [{**row, **dates, "subject_type": case.get("defaulter") or "firm", "extract_date": extracted}]
