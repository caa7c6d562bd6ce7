"""Screening (剔除): every rule over every subject, as hits with reasons and evidence, or as explanations.

Here: running the rules and wording what they find.
Not here: the rules (screen_*.py), their inputs (screen_facts.py), what follows from hits (target.py).
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import polars as pl

from reference.rules import Parameters, Rule, RuleSet
from transforms import (
    overrides,
    screen_census,
    screen_closed,
    screen_dishonest,
    screen_lists,
    screen_notices,
    screen_revisit,
    screen_scope,
    screen_shared,
    screen_shell,
    screen_zombie,
)
from transforms.screen_finding import Finding, Predicate

PREDICATES: Mapping[str, Predicate] = {
    "C01": screen_closed.deregistered,
    "C02": screen_closed.moved_out,
    "C03": screen_notices.in_liquidation,
    "C04": screen_notices.simply_deregistering,
    "C05": screen_notices.forcibly_deregistering,
    "C06": screen_notices.suspended,
    "C07": screen_notices.term_expired,
    "D01": screen_dishonest.seriously_listed,
    "D02": screen_dishonest.judgment_defaulter,
    "D03": screen_shell.defaulting_representative,
    "D04": screen_dishonest.false_disclosure,
    "D05": screen_lists.major_tax_offence,
    "D06": screen_lists.abnormal,
    "D07": screen_lists.tax_abnormal_long,
    "D07f": screen_lists.tax_abnormal,
    "D08": screen_lists.heavily_punished,
    "Z01": screen_closed.licence_revoked,
    "Z02": screen_zombie.unreported,
    "Z02h": screen_zombie.marked_household,
    "Z02hx": screen_zombie.gone_household,
    "Z03": screen_zombie.unreachable,
    "Z04": screen_census.closed_in_census,
    "Z05": screen_zombie.all_zero,
    "Z05c": screen_zombie.idle_coop,
    "Z06": screen_census.not_found_in_census,
    "Z07": screen_notices.idle_on_site,
    "Z08": screen_zombie.over_indebted,
    "S01": screen_shell.six_signs,
    "S02": screen_shell.false_registration,
    "S03": screen_shared.inactive_cluster,
    "S03f": screen_shared.shared_address,
    "S04": screen_shared.shared_phone,
    "S05": screen_shared.serial_representative,
    "S06": screen_shared.mass_registration,
    "P01": screen_scope.not_small,
    "P02": screen_scope.not_a_business,
    "P02f": screen_scope.civil_body,
    "P03": screen_scope.financial,
    "P04": screen_scope.merged_branch,
    "P05": screen_scope.duplicated,
    "R01": screen_revisit.visited_lately,
    "O01": overrides.forced_out,
    "O02": overrides.forced_in,
    "O03": overrides.rules_released,
    "F01": screen_scope.doubtful_code,
    "F02": screen_scope.unplaced,
    "F03": screen_scope.in_grace,
    "F04": screen_scope.contradicted,
    "F09": screen_scope.unknown_status,
    "K8": screen_census.outside_census,
}


def screen_subjects(facts: pl.LazyFrame, rules: RuleSet, as_of: date) -> pl.LazyFrame:
    """One row per subject and rule that fires: rule_id, category, severity, reasons, evidence, params_hash.

    A hit that an override or a visit lifts is kept with severity `released`. Reasons are sentences
    in zh and en; `evidence` is JSON text with source, date and values. Neither states a census figure.
    """
    return pl.concat(_hits(facts, rules, rule_id, as_of) for rule_id in PREDICATES)


def explain_subject(facts: pl.LazyFrame, rules: RuleSet, as_of: date) -> pl.LazyFrame:
    """One row per subject and rule, fired or not, in rule order: outcome, condition, inputs and why.

    outcome: fired | not_fired | unknown (an input is missing) | not_applicable (entity class). Meant for
    a frame of few subjects.
    """
    return pl.concat(_explanations(facts, rules, rule_id, as_of) for rule_id in PREDICATES)


def _hits(facts: pl.LazyFrame, rules: RuleSet, rule_id: str, as_of: date) -> pl.LazyFrame:
    rule = rules[rule_id]
    limits, finding = rules.overrides, _found(rules, rule_id, as_of)
    return facts.filter(_applies(rule) & finding.fires).select(
        "subject_key",
        *_labels(rule, limits),
        reason_zh=_sentence(rule.reason_zh, rule, finding, "未知"),
        reason_en=_sentence(rule.reason_en, rule, finding, "unknown"),
        evidence=_evidence(finding, as_of),
        params_hash=pl.lit(rule.params_hash),
    )


def _found(rules: RuleSet, rule_id: str, as_of: date) -> Finding:
    """What the rule says, silent where a rule fires that it gives way to."""
    rule = rules[rule_id]
    finding = PREDICATES[rule_id](rule, as_of)
    fires = finding.fires
    for other in (rules[name] for name in rule.gives_way_to):
        said = _applies(other) & PREDICATES[other.id](other, as_of).fires
        fires = fires & ~said.fill_null(False)
    return replace(finding, fires=fires)


def _explanations(facts: pl.LazyFrame, rules: RuleSet, rule_id: str, as_of: date) -> pl.LazyFrame:
    rule, limits = rules[rule_id], rules.overrides
    finding = _found(rules, rule_id, as_of)
    fires = pl.col("_fires")
    outcome = (
        pl.when(~_applies(rule)).then(pl.lit("not_applicable"))
        .when(fires.is_null()).then(pl.lit("unknown"))
        .when(fires).then(pl.lit("fired"))
        .otherwise(pl.lit("not_fired"))
    )  # fmt: skip
    return facts.with_columns(_fires=finding.fires).select(
        "subject_key",
        *_labels(rule, limits),
        outcome=outcome,
        released_by=pl.when(fires).then(overrides.released_by(rule, limits)),
        condition_zh=pl.lit(rule.condition_zh),
        condition_en=pl.lit(rule.condition_en),
        inputs=_evidence(finding, as_of),
        parameters=pl.lit(_parameters_text(rule)),
        why_zh=_why(outcome, rule, finding, "zh"),
        why_en=_why(outcome, rule, finding, "en"),
        basis=pl.lit(rule.basis),
    )


def _applies(rule: Rule) -> pl.Expr:
    return pl.col("entity_class").is_in(rule.applies_to)


def _labels(rule: Rule, limits: Parameters) -> list[pl.Expr]:
    lifted = pl.when(overrides.released(rule, limits)).then(pl.lit(overrides.RELEASED))
    labels = [pl.lit(text).alias(name) for name, text in (("rule_id", rule.id), ("category", rule.category))]
    return [*labels, lifted.otherwise(pl.lit(rule.severity)).alias("severity")]


def _sentence(template: str, rule: Rule, finding: Finding, unknown: str) -> pl.Expr:
    """The template with its placeholders filled from evidence, then from the rule's limits."""
    names = re.findall(r"\{(\w+)\}", template)
    values = {**{n: pl.lit(str(v)) for n, v in rule.parameters.values.items()}, **finding.fields}
    filled = [values[name].cast(pl.String).fill_null(unknown) for name in names]
    return pl.format(re.sub(r"\{\w+\}", "{}", template), *filled) if filled else pl.lit(template)


def _evidence(finding: Finding, as_of: date) -> pl.Expr:
    fixed = {"source": pl.lit(finding.source), "as_of": pl.lit(as_of.isoformat())}
    told = {**fixed, **finding.fields}
    return pl.struct(value.alias(name) for name, value in told.items()).struct.json_encode()


def _why(outcome: pl.Expr, rule: Rule, finding: Finding, language: str) -> pl.Expr:
    """In words: the reason when fired, else what is not so."""
    reason, unknown, words = {
        "zh": (rule.reason_zh, "未知", ("该主体类型不适用", "所需信息缺失，不作判断：{}", "不符合条件：{}")),
        "en": (
            rule.reason_en,
            "unknown",
            ("does not apply to this kind of subject", "an input is unknown, not decided: {}", "not so: {}"),
        ),
    }[language]
    condition = rule.condition_zh if language == "zh" else rule.condition_en
    return (
        pl.when(outcome == "fired").then(_sentence(reason, rule, finding, unknown))
        .when(outcome == "not_applicable").then(pl.lit(words[0]))
        .when(outcome == "unknown").then(pl.lit(words[1].format(condition)))
        .otherwise(pl.lit(words[2].format(condition)))
    )  # fmt: skip


def _parameters_text(rule: Rule) -> str:
    told = {n: "/".join(v) if isinstance(v, tuple) else v for n, v in rule.parameters.values.items()}
    return ", ".join(f"{name}={value}" for name, value in told.items())
