"""Fixtures that several test folders share."""

import pytest

from bench.published import Province
from bench.truth import publish_province


@pytest.fixture(scope="session")
def published_province(tmp_path_factory: pytest.TempPathFactory) -> Province:
    """Run the pipeline once a session; only read it. Tests that use it belong to xdist_group("province")."""
    folder = tmp_path_factory.mktemp("province")
    return publish_province(folder, enterprises=7_000, households=700, seed=11)
