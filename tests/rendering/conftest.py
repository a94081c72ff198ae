from collections.abc import Iterator

import pytest

from tests.rendering.drawing import Drawing


@pytest.fixture(scope="session")
def drawing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drawing]:
    with Drawing(tmp_path_factory.mktemp("static")) as drawing:
        yield drawing
