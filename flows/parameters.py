"""Parameters of the flows as types: what a form of the Prefect UI offers and refuses, and with which words.

Here: the forms of dates, cities, scopes and files.  Not here: the checks, which the command line makes with
the same words (flows/settings.py, flows/periods.py, reference/rules_file.py).
"""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from flows.settings import SCOPES, city_codes, known_city
from reference.errors import InputProblem
from reference.rules_file import read_rules


def _checked(check: Callable[[str], object]) -> AfterValidator:
    """Return a check as a form knows it: a problem is a value it refuses, in the same words."""

    def refuse(value: str) -> str:
        try:
            check(value)
        except InputProblem as problem:
            raise ValueError(str(problem)) from problem
        return value

    return AfterValidator(refuse)


Folder = Annotated[str, Field(min_length=1)]
Day = Annotated[date, Field(json_schema_extra={"pattern": r"^\d{4}-\d{2}-\d{2}$"})]
"""A date; the server itself checks the pattern, but not what JSON Schema calls its format."""
City = Annotated[str, _checked(known_city), Field(json_schema_extra={"enum": list(city_codes())})]
"""A city by its code; a form offers four digits, the command line also takes six."""
Scope = Annotated[str, Field(json_schema_extra={"enum": list(SCOPES)})]
Every = Literal["month", "week"]
RulesFile = Annotated[str, Field(min_length=1), _checked(lambda path: read_rules(Path(path)))]
