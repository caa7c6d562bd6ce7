"""A warehouse for the wall: two cities, some hundred firms, visits, banks with hostile names."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "warehouse"))

from wall_case import publish_case

from dashboard.facts import Document, wall_facts
from reference.wall import load_board
from warehouse.publish import published_file
from warehouse.read import read_wall


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a published batch; only read it."""
    return publish_case(tmp_path_factory.mktemp("wall"))


@pytest.fixture(scope="session")
def documents(home: Path) -> dict[str, Document]:
    """Every document of that batch."""
    return wall_facts(read_wall(published_file(home)), load_board())
