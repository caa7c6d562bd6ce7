"""Declarations in YAML, read by the parser in C: the one in Python takes seconds for all of them."""

from pathlib import Path
from typing import Any

import yaml


def read_yaml(path: Path) -> Any:  # noqa: ANN401 - whatever the file holds
    """Return what the file holds; yaml.YAMLError names the line where it is none."""
    return parse_yaml(path.read_text(encoding="utf-8"))


def parse_yaml(text: str | bytes) -> Any:  # noqa: ANN401 - whatever the text holds
    """Return what the text holds; yaml.YAMLError names the line where it is none."""
    return yaml.load(text, Loader=yaml.CSafeLoader)
