"""The tree of tests."""

from collections import Counter
from pathlib import Path


def test_modules_have_names_of_their_own():
    """The runner imports test modules by their names alone: of two with one name, the second is not run."""
    names = Counter(path.name for path in Path(__file__).parent.rglob("*.py"))
    assert [name for name, count in names.items() if count > 1 and name != "conftest.py"] == []
