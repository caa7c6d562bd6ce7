"""One dispatched list that holds every kind of unit and every kind of hostile cell; tests only read it."""

from pathlib import Path

import pytest
from dispatch_makers import every_kind, home_of

from flows.dispatch import dispatch


@pytest.fixture(scope="session")
def dispatched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the home of a dispatched list. Tests that use it belong to xdist_group("dispatched")."""
    home = home_of(tmp_path_factory.mktemp("dispatched"), every_kind())
    dispatch(home)
    return home
