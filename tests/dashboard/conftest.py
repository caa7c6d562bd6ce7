"""A warehouse for the wall: two cities, some hundred firms, visits, banks with hostile names."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "warehouse"))

from print_case import Page, pages
from wall_case import publish_case

from dashboard.editions import Edition, read_edition
from dashboard.facts import Document, wall_facts
from dashboard.prints import print_pages
from dashboard.words import Words
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


@pytest.fixture(scope="session")
def edition(home: Path) -> Edition:
    """What the wall and its pages show of that batch."""
    return read_edition(home)


@pytest.fixture(scope="session")
def printed(edition: Edition, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Page]:
    """Every page of that batch by its file's name, read back."""
    folder = tmp_path_factory.mktemp("print") / "out"
    print_pages(edition, folder, "33", Words("zh"))
    return pages(folder)
