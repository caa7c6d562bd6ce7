"""A province under other rules or evidence: the census may exclude, banks told of loans, visits came back.

Here: the newest batch screened anew in each case, and the comparison with the truth of the case.
Not here: the batch as published (truth.py), what is true (simulator/truth_files.py).
"""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl

from bench.published import Pair, Province, Screened, Truth, screened_anew
from flows.batches import read_pointers
from flows.evidence_store import evidence_path
from flows.home import Home
from flows.steps_feedback import LOANS_FILE, VISITS_FILE
from reference.feedback import load_criteria
from reference.rules import RULES_FILE
from transforms.loan_evidence import loans
from transforms.visit_evidence import visits

CASES = {
    "census": "if the census may exclude",
    "loans": "if banks told of loans",
    "visits": "if visits came back",
}
"""What is otherwise in each case of changed_rules."""


def screen_cases(province: Province, folder: Path) -> dict[str, Screened]:
    """Return the newest batch screened anew in each case of changed_rules; files are left in the folder."""
    home, truth = province.home, province.truth
    return {
        "census": screened_anew(home, census_rules(folder)),
        "loans": screened_anew(home, RULES_FILE, evidence_with_loans(home, truth.loan_book, folder)),
        "visits": screened_anew(home, RULES_FILE, evidence_with_visits(home, truth.visit_book, folder)),
    }


def census_rules(folder: Path) -> Path:
    """Write the rules as they stand, with the census allowed to exclude; return the file."""
    text = RULES_FILE.read_text(encoding="utf-8")
    switch = "use_census_for_exclusion: "
    if text.count(f"{switch}false") != 1:
        raise ValueError(f"{RULES_FILE}: {switch}false is expected once")
    path = folder / "census.yml"
    path.write_text(text.replace(f"{switch}false", f"{switch}true"), encoding="utf-8")
    return path


def evidence_with_loans(home: Path, loan_book: pl.DataFrame, folder: Path) -> Path:
    """Return a folder of the newest batch's evidence in which banks told of these loans before."""
    paid, book = loan_book.lazy(), loan_book.lazy().filter(pl.col("reported_on").is_not_null())
    paid = paid.filter(pl.col("paid_on").is_not_null())
    return _evidence_with(home, folder / "lent", LOANS_FILE, lambda day: loans(paid, book, day))


def evidence_with_visits(home: Path, visit_book: pl.DataFrame, folder: Path) -> Path:
    """Return a folder of the newest batch's evidence in which these visits of earlier lists came back."""
    grounds = visit_book.lazy().select("uscc", "visited_on", "need_changed", "renewal_due")

    def newest(as_of: date) -> pl.LazyFrame:
        known = visits(visit_book.lazy(), load_criteria(), as_of)
        return known.join(grounds, on=["uscc", "visited_on"], validate="1:1")

    return _evidence_with(home, folder / "seen", VISITS_FILE, newest)


def _evidence_with(home: Path, folder: Path, name: str, rows: Callable[[date], pl.LazyFrame]) -> Path:
    """Link the newest batch's evidence into a new folder, one file of it made anew for the batch's date."""
    installed = Home(home.resolve())
    record = read_pointers(installed)[-1].record
    folder.mkdir()
    for kept in evidence_path(installed, record.run_id).iterdir():
        if kept.name != name:
            (folder / kept.name).symlink_to(kept, target_is_directory=kept.is_dir())
    rows(record.as_of).collect().write_parquet(folder / name)
    return folder


def rules_if(case: str, truth: Truth, screened: Screened) -> Pair:
    """Return expected and found (subject_key, rule_id) of a case of changed_rules, F02 left out."""
    changed = truth.changed_rules.filter(case=case)
    names = ["subject_key_true", "rule_id"]
    stays = truth.rules.join(changed.filter(~pl.col("fires")), on=names, how="anti")
    expected = pl.concat([stays, changed.filter("fires").select(names)])
    found = screened.hits.filter(pl.col("rule_id") != "F02")
    return expected.select(subject_key="subject_key_true", rule_id="rule_id"), found


def decisions_if(case: str, truth: Truth, screened: Screened) -> Pair:
    """Return expected and found (subject_key, disposition, primary_rule) of a case of changed_decisions."""
    names = ["subject_key_true", "expected_disposition", "expected_primary_rule"]
    changed = truth.changed_decisions.filter(case=case).select(names)
    stays = truth.registered.select(names).join(changed, on="subject_key_true", how="anti")
    expected = pl.concat([stays, changed]).select(
        subject_key="subject_key_true", disposition="expected_disposition",
        primary_rule="expected_primary_rule",
    )  # fmt: skip
    return expected, screened.decided.select(expected.columns)
