"""Which tests run in one process, and fixtures that several test folders share."""

import pytest

from bench.published import Province
from bench.truth import publish_province


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let a file's tests follow one another in one process, and those of whole runs begin.

    What a file's fixtures and caches cost is paid once, not in every process of pytest-xdist; and the longest
    files are not begun when the other processes have nothing more to do. Files whose fixtures are dear
    together name a group they share. `--no-loadscope-reorder` keeps this order.
    """
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(scope="session")
def published_province(tmp_path_factory: pytest.TempPathFactory) -> Province:
    """Run the pipeline once a session; only read it. Tests that use it belong to xdist_group("province")."""
    folder = tmp_path_factory.mktemp("province")
    return publish_province(folder, enterprises=7_000, households=700, seed=11)
