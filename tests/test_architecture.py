"""The house bars: file and function size, docstrings. Import direction is import-linter's (make imports)."""

import ast
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = (
    "cli", "dashboard", "flows", "transforms", "expectations", "warehouse", "reference", "simulator", "bench",
)  # fmt: skip
FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(path: Path) -> list[Function]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def test_no_file_beyond_300_lines() -> None:
    assert [p.name for p in FILES if len(p.read_text(encoding="utf-8").splitlines()) > 300] == []


def test_no_function_beyond_50_lines() -> None:
    long = [
        f"{path.name}:{f.name}"
        for path in FILES
        for f in functions(path)
        if (f.end_lineno or f.lineno) - f.lineno + 1 > 50
    ]
    assert long == []


def test_public_functions_say_what_they_return() -> None:
    public = [(p, f) for p in FILES for f in functions(p) if not f.name.startswith("_")]
    bare = [f"{p.name}:{f.name}" for p, f in public if not ast.get_docstring(f)]
    assert len(bare) <= 0.05 * len(public), bare


def test_modules_say_what_belongs_in_them() -> None:
    assert [p.name for p in FILES if not ast.get_docstring(ast.parse(p.read_text(encoding="utf-8")))] == []


def test_a_wheel_carries_whatever_lies_beside_the_modules() -> None:
    """Installed without a checkout the program reads its rules, statements and pages from there too."""
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    suffixes = {pattern.removeprefix("**/*") for pattern in told["package-data"]["*"]}
    packages = {name.replace(".", "/") for name in told["packages"]}
    files = [
        path.relative_to(ROOT)
        for package in packages
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    ]
    assert {path.suffix for path in files} - {".py"} <= suffixes
    assert {path.parent.as_posix() for path in files if path.suffix == ".py"} == packages
