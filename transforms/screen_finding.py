"""The shape every screening rule has: a three-valued test and the evidence it rests on.

Here: that shape.  Not here: the rules (screen_closed.py …), their words and limits (reference/rules).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from reference.rules import Rule


@dataclass(frozen=True)
class Finding:
    """What a rule says of each subject.

    `fires`: true, false, or null when an input it needs is unknown; only true counts.
    `fields`: the inputs and evidence by name, as reasons and explanations may state them.
    `source`: the inbox sources it rests on.
    """

    fires: pl.Expr
    fields: Mapping[str, pl.Expr]
    source: str


Predicate = Callable[[Rule, date], Finding]
"""A rule with its limits and the batch date to what it says: a pure expression over screening facts."""


def columns(*names: str) -> dict[str, pl.Expr]:
    """Return facts columns as fields under their own names."""
    return {name: pl.col(name) for name in names}


def recorded(rule_id: str, *names: str) -> dict[str, pl.Expr]:
    """Return what the facts hold of a rule's dated record, `<rule>_<name>`, as fields named without it."""
    return {name: pl.col(f"{rule_id}_{name}") for name in names}
