"""What one run was asked to do, fixed once, and the deterministic names that follow from it.

Here: parameters, versions and fingerprints.  Not here: reading data, deciding about firms.
"""

from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.metadata import version
from pathlib import Path

from flows.home import Home
from flows.known_bytes import hash_file
from flows.manifest import combine
from reference.divisions import DIVISIONS_FILE, divisions_version
from reference.errors import InputProblem
from reference.rules import RULES_FILE, load_rules
from reference.rules_file import read_rules
from reference.scopes import of_level, read_division_file

PROJECT = Path(__file__).parents[1]
CODE_FOLDERS = ("flows", "transforms", "expectations", "warehouse", "reference")
SCOPES = ("enterprise", "enterprise+coop", "all")


@dataclass(frozen=True)
class Settings:
    """The parameters of one run; `cities` empty means the whole province."""

    inbox: Path
    home: Home
    as_of: date
    cities: tuple[str, ...] = ()
    scope: str = "enterprise+coop"
    resume: bool = False
    rules: Path = RULES_FILE

    @property
    def batch_id(self) -> str:
        """Return `ZJ-YYYYMM-DD`: the same date is always the same batch, in whatever order runs come."""
        return f"ZJ-{self.as_of:%Y%m-%d}"


@dataclass(frozen=True)
class Versions:
    """What made a batch: code, rules, divisions and inputs, each as a content hash."""

    code: str
    rules: str
    divisions: str
    inputs_sha256: str

    def run_id(self, settings: Settings) -> str:
        """Return the run's name; equal parameters, inputs and code give an equal name."""
        parts = (self.code, self.rules, self.divisions, self.inputs_sha256, settings.scope, *settings.cities)
        return f"{settings.as_of:%Y%m%d}-{combine(parts)[:12]}"


def make_settings(
    inbox: str | Path,
    home: str | Path,
    as_of: date,
    cities: list[str] | None = None,
    scope: str = "enterprise+coop",
    resume: bool = False,
    rules: str | Path | None = None,
) -> Settings:
    """Check the parameters a person or a schedule gave; InputProblem says what to change."""
    if scope not in SCOPES:
        raise InputProblem(f"scope '{scope}' is not known; choose one of {', '.join(SCOPES)}")
    if rules is not None:
        read_rules(Path(rules))
    short = tuple(sorted({known_city(city) for city in cities or []}))
    file = Path(rules).resolve() if rules else RULES_FILE
    return Settings(Path(inbox).resolve(), Home(Path(home).resolve()), as_of, short, scope, resume, file)


@cache
def city_codes() -> tuple[str, ...]:
    """Return the four-digit codes of the cities."""
    return tuple(sorted(of_level(read_division_file(DIVISIONS_FILE), "city", 4)["code"]))


def known_city(code: str) -> str:
    """Return the four digits of a city's code, given as four or six; InputProblem if it is none."""
    if code[:4] not in city_codes() or code[4:] not in {"", "00"}:
        raise InputProblem(
            f"city code {code} is not a Zhejiang city; write {city_codes()[0]} … {city_codes()[-1]} "
            f"(杭州 … 丽水)"
        )
    return code[:4]


@cache
def code_version() -> str:
    """Return package version and a hash over the source and reference files that decide results."""
    suffixes = {".py", ".yml", ".csv", ".sql"}
    files = (p for folder in CODE_FOLDERS for p in (PROJECT / folder).rglob("*") if p.suffix in suffixes)
    return f"{version('zoufang')}+{combine(hash_file(p) for p in sorted(files))[:12]}"


def find_versions(inputs_sha256: str, rules: Path) -> Versions:
    """Return the versions in force now, with the rules of a file."""
    return Versions(code_version(), load_rules(rules).rules_version, divisions_version(), inputs_sha256)
