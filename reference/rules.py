"""Screening rules: what each tests, with which limits, and the words of its reason.

Here: `rules/rules.yml` read, checked against `rules/schema.yml`, and given types.
Not here: the predicates themselves (transforms/screen_*.py).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from string import Formatter
from typing import Any

import yaml

from reference.errors import InputProblem
from reference.yaml_file import parse_yaml, read_yaml

RULES_FILE = Path(__file__).parent / "rules" / "rules.yml"
SCHEMA_FILE = Path(__file__).parent / "rules" / "schema.yml"

CATEGORIES = ("closed", "dishonest", "zombie", "shell", "out_of_scope", "duplicate", "flag")
"""Category order: an excluded subject's primary rule is of the first category that hits."""
SEVERITIES = ("exclude", "hold", "flag", "dedupe")
ENTITY_CLASSES = ("enterprise", "branch", "household", "coop", "other")
PRIORITY_TAGS = ("is_active_trader", "is_sci_tech", "is_consumption", "is_private_manufacturing")

Parameter = int | bool | date | str | tuple[str, ...]

_FILE_KEYS = {"version", "common", "scopes", "priority", "overrides", "rules"}
_TEXT_KEYS = ("condition_zh", "condition_en", "reason_zh", "reason_en", "basis")
_RULE_KEYS = {"id", "category", "severity", "applies_to", "parameters", *_TEXT_KEYS}
_KINDS = {
    "count": "a whole number from 1 on",
    "day": "a date (YYYY-MM-DD)",
    "code": "a quoted text",
    "codes": "a list of quoted texts",
    "switch": "true or false",
}


@dataclass(frozen=True)
class Parameters:
    """Named limits, each read out as the kind its schema declares."""

    values: Mapping[str, Parameter]

    def number(self, name: str) -> int:
        """Return a whole-number limit (months, years, counts, ratios)."""
        value = self.values[name]
        assert isinstance(value, int)
        return value

    def switch(self, name: str) -> bool:
        """Return whether something is on."""
        value = self.values[name]
        assert isinstance(value, bool)
        return value

    def day(self, name: str) -> date:
        """Return a date."""
        value = self.values[name]
        assert isinstance(value, date)
        return value

    def code(self, name: str) -> str:
        """Return one code."""
        value = self.values[name]
        assert isinstance(value, str)
        return value

    def codes(self, name: str) -> tuple[str, ...]:
        """Return a list of codes."""
        value = self.values[name]
        assert isinstance(value, tuple)
        return value


@dataclass(frozen=True)
class Rule:
    """One rule: its category and severity, the entity classes it looks at, its limits and its words."""

    id: str
    category: str
    severity: str
    applies_to: tuple[str, ...]
    parameters: Parameters
    condition_zh: str
    condition_en: str
    reason_zh: str
    reason_en: str
    basis: str

    @property
    def gives_way_to(self) -> tuple[str, ...]:
        """Return the rules that say the same and more: where one of them fires, this one is silent."""
        return self.parameters.codes("gives_way_to") if "gives_way_to" in self.parameters.values else ()

    @property
    def params_hash(self) -> str:
        """Return 12 hex digits that change when a limit, severity or class of this rule changes."""
        told = [self.id, self.severity, self.applies_to, dict(self.parameters.values)]
        text = json.dumps(told, sort_keys=True, ensure_ascii=False, default=str)
        return _sha12(text.encode())


@dataclass(frozen=True)
class Priority:
    """How tags add up to the visit priority: weights, and the least score of priority 1 and 2."""

    weights: Mapping[str, int]
    first: int
    second: int


@dataclass(frozen=True)
class RuleSet:
    """A whole rules file: rules by id, common limits, scopes, priority, overrides, and its own version."""

    rules_version: str
    common: Parameters
    scopes: Mapping[str, tuple[str, ...]]
    priority: Priority
    overrides: Parameters
    rules: Mapping[str, Rule]

    def __getitem__(self, rule_id: str) -> Rule:
        return self.rules[rule_id]

    def scope(self, name: str) -> tuple[str, ...]:
        """Return the entity classes a list of that scope holds; InputProblem if there is no such scope."""
        if name not in self.scopes:
            raise InputProblem(f"scope {name!r} is unknown 未知范围; choose one of: {', '.join(self.scopes)}")
        return self.scopes[name]


def load_rules(path: Path = RULES_FILE) -> RuleSet:
    """Return the rules of a file; InputProblem names the first key, rule or parameter that is wrong."""
    try:
        content = path.read_bytes()
        raw = parse_yaml(content)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputProblem(f"{path}: cannot be read as a rules file 规则文件无法读取: {error}") from error
    schema = read_yaml(SCHEMA_FILE)
    return _rule_set(raw, schema, str(path), _sha12(content))


def _rule_set(raw: object, schema: dict[str, Any], where: str, content_sha: str) -> RuleSet:
    top = _mapping(raw, _FILE_KEYS, where)
    common = _parameters(top["common"], schema["common"], f"{where}: common")
    if not isinstance(top["rules"], list):
        raise InputProblem(f"{where}: rules is not a list 应为列表")
    rules = [_rule(row, schema["rules"], common, where) for row in top["rules"]]
    ids = [rule.id for rule in rules]
    if doubled := sorted({rule_id for rule_id in ids if ids.count(rule_id) > 1}):
        raise InputProblem(f"{where}: rule {doubled[0]} stands twice 规则重复; keep one of them")
    if absent := sorted(set(schema["rules"]) - set(ids)):
        raise InputProblem(f"{where}: rule {absent[0]} is missing 缺少规则; copy it from {RULES_FILE.name}")
    for rule in rules:
        for other in rule.gives_way_to:
            _one_of(other, tuple(ids), f"{where}: rule {rule.id}: gives_way_to")
    return RuleSet(
        rules_version=f"{top['version']}+{content_sha}",
        common=common,
        scopes=_scopes(top["scopes"], f"{where}: scopes"),
        priority=_priority(top["priority"], f"{where}: priority"),
        overrides=_parameters(top["overrides"], schema["overrides"], f"{where}: overrides"),
        rules={rule.id: rule for rule in rules},
    )


def _rule(raw: object, shapes: dict[str, Any], common: Parameters, where: str) -> Rule:
    rule_id = raw.get("id") if isinstance(raw, dict) else None
    if not isinstance(rule_id, str) or rule_id not in shapes:
        raise InputProblem(f"{where}: rule {rule_id!r} is unknown 未知规则; known: {', '.join(shapes)}")
    where, shape = f"{where}: rule {rule_id}", shapes[rule_id]
    row = _mapping(raw, _RULE_KEYS, where)
    own = _parameters(row["parameters"], shape["parameters"], where)
    parameters = Parameters({**own.values, **{name: common.values[name] for name in shape["common"]}})
    for key in ("reason_zh", "reason_en"):
        _require_fields(row[key], {*shape["fields"], *parameters.values}, f"{where}: {key}")
    return Rule(
        id=rule_id,
        category=_one_of(row["category"], CATEGORIES, f"{where}: category"),
        severity=_one_of(row["severity"], SEVERITIES, f"{where}: severity"),
        applies_to=_classes(row["applies_to"], f"{where}: applies_to"),
        parameters=parameters,
        **{key: str(row[key]) for key in _TEXT_KEYS},
    )


def _parameters(raw: object, kinds: Mapping[str, str], where: str) -> Parameters:
    given = _mapping(raw, set(kinds), where)
    return Parameters(
        {name: _parameter(given[name], kind, f"{where}: {name}") for name, kind in kinds.items()}
    )


def _parameter(value: object, kind: str, where: str) -> Parameter:
    if kind == "count" and isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    if kind == "switch" and isinstance(value, bool):
        return value
    if kind == "day" and type(value) is date:
        return value
    if kind == "code" and isinstance(value, str) and value:
        return value
    if kind == "codes" and isinstance(value, list) and value and all(isinstance(v, str) for v in value):
        return tuple(value)
    raise InputProblem(f"{where} is {value!r}, expected {_KINDS[kind]} 参数值不合要求")


def _scopes(raw: object, where: str) -> dict[str, tuple[str, ...]]:
    given = _mapping(raw, {"enterprise", "enterprise+coop", "all"}, where)
    return {name: _classes(classes, f"{where}: {name}") for name, classes in given.items()}


def _classes(raw: object, where: str) -> tuple[str, ...]:
    if not isinstance(raw, list) or not raw:
        raise InputProblem(f"{where} is not a list of entity classes; known: {', '.join(ENTITY_CLASSES)}")
    return tuple(_one_of(name, ENTITY_CLASSES, where) for name in raw)


def _priority(raw: object, where: str) -> Priority:
    given = _mapping(raw, {"weights", "first", "second"}, where)
    weights = _parameters(given["weights"], dict.fromkeys(PRIORITY_TAGS, "count"), f"{where}: weights")
    cuts = {name: given[name] for name in ("first", "second")}
    cut = _parameters(cuts, dict.fromkeys(cuts, "count"), where)
    return Priority({t: weights.number(t) for t in PRIORITY_TAGS}, cut.number("first"), cut.number("second"))


def _mapping(raw: object, keys: set[str], where: str) -> dict[str, Any]:
    """Return the raw mapping if it has exactly these keys."""
    known = ", ".join(sorted(keys)) or "none"
    if not isinstance(raw, dict):
        raise InputProblem(f"{where}: expected the keys {known} 格式不对")
    if unknown := sorted(str(key) for key in set(raw) - keys):
        raise InputProblem(f"{where}: {unknown[0]!r} is unknown 未知项; known: {known}")
    if absent := sorted(keys - set(raw)):
        raise InputProblem(f"{where}: {absent[0]!r} is missing 缺少此项")
    return raw


def _one_of(value: object, known: tuple[str, ...], where: str) -> str:
    if not isinstance(value, str) or value not in known:
        raise InputProblem(f"{where}: {value!r} is unknown 未知取值; known: {', '.join(known)}")
    return value


def _require_fields(template: object, fields: set[str], where: str) -> None:
    try:
        named = [name for _, name, _, _ in Formatter().parse(str(template)) if name is not None]
    except ValueError as error:
        raise InputProblem(f"{where} is not a usable template 模板不可用: {error}") from error
    if unknown := sorted(set(named) - fields):
        known = ", ".join(sorted(fields))
        raise InputProblem(f"{where}: {{{unknown[0]}}} is not known here 未知占位符; known: {known}")


def _sha12(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]
