"""Write docs/screening.md, the screening rules in both languages, from the rules file and the predicates.

Here: text made of reference/rules and transforms/screen.py; `python -m flows.rulebook` writes it.
Not here: facts of its own.
"""

from datetime import date
from pathlib import Path

from reference.contracts import all_contracts
from reference.rules import CATEGORIES, Parameter, Rule, RuleSet, load_rules
from transforms.screen import PREDICATES

RULEBOOK = Path(__file__).parents[1] / "docs" / "screening.md"
TITLES = {
    "closed": "Closed · 已退出",
    "dishonest": "Dishonest · 失信",
    "zombie": "Zombie · 僵尸",
    "shell": "Shell · 空壳",
    "out_of_scope": "Out of scope · 非走访对象",
    "duplicate": "Duplicate · 重复",
    "flag": "Notes for the officer · 提示",
}
SEVERITIES = {
    "exclude": "exclude 剔除",
    "hold": "hold 本批暂缓",
    "flag": "flag 提示",
    "dedupe": "dedupe 并入",
}
CLASSES = {
    "enterprise": "企业",
    "branch": "分支机构",
    "household": "个体工商户",
    "coop": "农民专业合作社",
    "other": "其他",
}
HEAD = """# Screening rules · 剔除规则

Generated from `reference/rules/rules.yml` (version {version}) by `make dictionary`; change it there.

A rule looks at the batch date 基准日 alone: a record counts if its start ≤ date < its end (列入日 ≤
基准日 < 移出日) and the bureau had handed it over by the date. So an old batch made again gives the old
answer, and a removal counts from its own day. A test has three values: an unknown input never fires a
rule (空缺不等于零). Categories decide in the order below, then the rule's number. `hold` leaves a firm
out of this batch only; the next one asks again. `zoufang screen --explain USCC` shows every rule on one
firm, `zoufang what-if` a past batch under other limits.

Sign of life 经营迹象, within the months of `evidence_m`: tax filed (应纳税额大于零), staff insured or
tax paid by an annual report, a loan paid out or a loan book in order, foreign trade, a visit that met
the firm at work (结果 11–14), the census (营业, dated its reference day), electricity used. A zero
filing 零申报 is a filing, but no sign of life.

Census data are `stat_restricted` 统计数据限用: they may lift a rule or move a firm. They exclude only
with `use_census_for_exclusion: true`, which is off by default; no reason, export or mart states a
census figure.
"""


def write_rulebook(path: Path = RULEBOOK) -> None:
    """Write the rules as they stand."""
    path.write_text(render_rulebook(load_rules()), encoding="utf-8")


def render_rulebook(rules: RuleSet) -> str:
    """Return the whole rulebook as Markdown."""
    parts = [HEAD.format(version=rules.rules_version.partition("+")[0]), _common(rules)]
    for category in CATEGORIES:
        own = [rule for rule in rules.rules.values() if rule.category == category]
        if own:
            head = "\n| rule | what it tests 条件 | for 适用 | limits 参数 | evidence 证据 | basis 依据 |"
            rows = "\n".join(map(_row, own))
            parts.append(f"\n## {TITLES[category]}\n{head}\n|---|---|---|---|---|---|\n{rows}\n")
    return "".join(parts)


def _common(rules: RuleSet) -> str:
    rows = [f"| `{name}` | {_text(value)} |" for name, value in rules.common.values.items()]
    rows += [
        f"| scope 范围 `{name}` | {', '.join(_classes(kinds))} |" for name, kinds in rules.scopes.items()
    ]
    return "\n## Limits that rules share · 共用参数\n\n| name | value |\n|---|---|\n" + "\n".join(rows) + "\n"


def _row(rule: Rule) -> str:
    finding = PREDICATES[rule.id](rule, date(2025, 3, 31))
    names = {source: contract.zh for source, contract in all_contracts().items()}
    sources = ", ".join(f"`{s}` {names[s]}" for s in finding.source.split(", "))
    limits = "<br>".join(f"`{n}` {_text(v)}" for n, v in rule.parameters.values.items()) or "–"
    cells = (
        f"**{rule.id}**<br>{SEVERITIES[rule.severity]}",
        f"{rule.condition_zh}<br>{rule.condition_en}",
        "、".join(_classes(rule.applies_to)),
        limits,
        f"{sources}<br>{', '.join(f'`{name}`' for name in finding.fields)}",
        rule.basis,
    )
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def _classes(kinds: tuple[str, ...]) -> list[str]:
    return [CLASSES[kind] for kind in kinds]


def _text(value: Parameter) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return ", ".join(value) if isinstance(value, tuple) else str(value)


if __name__ == "__main__":
    write_rulebook()
