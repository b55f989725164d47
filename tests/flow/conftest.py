"""Cards and a Yosys worker, shared by the tests of `hwmodel.flow`."""

from functools import cache

import pytest
from flow_cases import SMALL, liberty_files

from hwmodel.flow import TechCard, import_liberty, load_card
from hwmodel.yosys import Yosys


@cache
def _imported(name: str) -> TechCard:
    return import_liberty(name, liberty_files(name))


@pytest.fixture(scope="session")
def library():
    """Function: the card imported from a library's Liberty files."""
    return _imported


@pytest.fixture(scope="session")
def card() -> TechCard:
    """The bundled default card."""
    return load_card()


@pytest.fixture(scope="session")
def small() -> TechCard:
    """The card of the library that is bundled with the tests."""
    return import_liberty("small", [SMALL])


@pytest.fixture(scope="session")
def yosys():
    with Yosys() as worker:
        yield worker
