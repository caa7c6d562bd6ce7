"""A rules file as a person edits it: where in it something is wrong, and what differs from another.

Here: line numbers and differences of the raw file.  Not here: what a rules file must hold (rules.py).
"""

import re
from pathlib import Path
from typing import Any

import yaml

from reference.errors import InputProblem
from reference.rules import RULES_FILE, RuleSet, load_rules
from reference.yaml_file import read_yaml


def read_rules(path: Path) -> RuleSet:
    """Return the rules of a user's file; InputProblem names line, rule and key, and what to do."""
    try:
        return load_rules(path)
    except InputProblem as problem:
        line = _line_of(path, str(problem).removeprefix(str(path)))
        where = f"{path}, line {line}" if line else str(path)
        raise InputProblem(
            f"{str(problem).replace(str(path), where, 1)}\n"
            f"A rules file holds every rule: copy {RULES_FILE} and change parameters only"
        ) from problem


def changed_limits(before: Path, after: Path) -> list[dict[str, str]]:
    """Return what differs between two rules files: where (`Z02.years`), before, after; words do not count.

    An absent `before` (a batch of an older program) gives nothing.
    """
    if not before.exists():
        return []
    old, new = (_flat(read_yaml(path)) for path in (before, after))
    return [
        {"where": key, "before": old.get(key, "–"), "after": new.get(key, "–")}
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key)
    ]


def _flat(content: Any) -> dict[str, str]:  # noqa: ANN401
    """Return limits, severities and classes by dotted name."""
    told = {
        f"{part}.{name}": str(value)
        for part in ("common", "scopes", "priority", "overrides")
        for name, value in content.get(part, {}).items()
    }
    for rule in content["rules"]:
        told |= {f"{rule['id']}.{name}": str(value) for name, value in rule["parameters"].items()}
        told |= {f"{rule['id']}.{name}": str(rule[name]) for name in ("category", "severity", "applies_to")}
    return told


def _line_of(path: Path, message: str) -> int | None:
    """Return the line the message speaks of: that of its key within its rule or part, else of the rule."""
    if yaml_mark := re.search(r"line (\d+)", message):
        return int(yaml_mark[1])
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return None
    names = re.findall(r"[A-Za-z_][\w+]*", re.split(r"known:|expected", message)[0])
    nodes = [root, *[node for node in _nodes(root) if node is not root]]
    rule = re.search(r"rule '?([\w]+)'?", message)
    within = next((n for n in nodes if rule and _value(n, "id") == rule[1]), None)
    lines = [
        key.start_mark.line + 1 for key in _keys(within or root) if key.value in names and key.value != "rule"
    ]
    return lines[-1] if lines else (within.start_mark.line + 1 if within else None)


def _nodes(node: Any) -> list[Any]:  # noqa: ANN401
    if isinstance(node, yaml.MappingNode):
        return [node, *(found for _, value in node.value for found in _nodes(value))]
    if isinstance(node, yaml.SequenceNode):
        return [found for value in node.value for found in _nodes(value)]
    return []


def _keys(node: Any) -> list[Any]:  # noqa: ANN401
    return [key for mapping in _nodes(node) for key, _ in mapping.value]


def _value(node: Any, name: str) -> str | None:  # noqa: ANN401
    return next((value.value for key, value in node.value if key.value == name), None)
