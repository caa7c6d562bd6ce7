"""A rules file a clerk has edited: what is wrong is named, what is right has a version of its own."""

from pathlib import Path

import pytest

from flows.rulebook import RULEBOOK, render_rulebook
from reference.errors import InputProblem
from reference.rules import RULES_FILE, load_rules
from transforms.screen import PREDICATES


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("parameters: {years: 2}", "parameters: {year: 2}", "rule Z02: 'year' is unknown"),
        ("parameters: {years: 2}", "parameters: {years: two}", "rule Z02: years is 'two'"),
        ("parameters: {years: 2}", "parameters: {years: 0}", "rule Z02: years is 0"),
        ("parameters: {years: 2}", "parameters: {}", "rule Z02: 'years' is missing"),
        ("- id: Z02", "- id: Z99", "rule 'Z99' is unknown"),
        ("- id: Z02", "- id: Z01", "rule Z01: 'years' is unknown"),
        ("category: closed", "category: shut", "rule C01: category: 'shut' is unknown"),
        ("severity: exclude", "severity: maybe", "rule C01: severity: 'maybe' is unknown"),
        ("{status_text}，注销日期", "{state}，注销日期", "rule C01: reason_zh: {state} is not known"),
        ("grace_m: 12 ", "grace: 12 ", "common: 'grace' is unknown"),
        ("census_on: 2023-12-31", "census_on: 2023", "common: census_on is 2023"),
        ("is_sci_tech: 2", "is_tech: 2", "weights: 'is_tech' is unknown"),
        ("all: [enterprise, branch", "all: [firms, branch", "scopes: all: 'firms' is unknown"),
        ("gives_way_to: [Z02, Z03]", "gives_way_to: [Z02, Z33]", "rule D06: gives_way_to: 'Z33' is unknown"),
        ("use_census_for_exclusion: false", "use_census_for_exclusion: no way", "is 'no way'"),
        ("rules:\n", "rule:\n", "'rule' is unknown"),
        ('version: "2025.2"', 'version: "2025', "cannot be read"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, old: str, new: str, named: str) -> None:
    text = RULES_FILE.read_text(encoding="utf-8")
    assert old in text
    edited = tmp_path / "rules.yml"
    edited.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputProblem) as problem:
        load_rules(edited)
    assert named in str(problem.value)
    assert str(edited) in str(problem.value)


def test_a_missing_rule_is_named(tmp_path: Path) -> None:
    text = RULES_FILE.read_text(encoding="utf-8")
    edited = tmp_path / "rules.yml"
    edited.write_text(text[: text.index("- id: F04")], encoding="utf-8")
    with pytest.raises(InputProblem, match="F04 is missing"):
        load_rules(edited)


def test_a_changed_limit_changes_the_version_and_only_its_own_hash(tmp_path: Path) -> None:
    edited = tmp_path / "rules.yml"
    text = RULES_FILE.read_text(encoding="utf-8")
    edited.write_text(text.replace("parameters: {years: 2}", "parameters: {years: 3}"), encoding="utf-8")
    ours, theirs = load_rules(), load_rules(edited)
    assert ours.rules_version.startswith("2025.2+")
    assert ours.rules_version != theirs.rules_version
    assert [i for i in ours.rules if ours[i].params_hash != theirs[i].params_hash] == ["Z02"]


def test_every_declared_rule_has_a_predicate() -> None:
    assert set(load_rules().rules) == set(PREDICATES)


def test_the_committed_rulebook_equals_the_generated_one() -> None:
    assert RULEBOOK.read_text(encoding="utf-8") == render_rulebook(load_rules()), "run: make dictionary"
