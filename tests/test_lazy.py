"""Packages whose modules are imported where a name is first used."""

import subprocess
import sys
from importlib import import_module

import pytest

PACKAGES = ["hwmodel.flow", "hwmodel.golden", "hwmodel.sweep", "hwmodel_sim"]


@pytest.mark.parametrize("name", PACKAGES)
def test_every_name_is_there(name: str) -> None:
    package = import_module(name)
    assert all(getattr(package, each) is not None for each in package.__all__)
    assert set(package._HOME) <= set(package.__all__)


@pytest.mark.parametrize("name", PACKAGES)
def test_other_names_are_not(name: str) -> None:
    with pytest.raises(AttributeError, match=rf"^module '{name}' has no attribute 'nothing'$"):
        _ = import_module(name).nothing


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_alone_imports_none_of_their_modules(name: str) -> None:
    code = f"import sys, {name} as package; print(*[each for each in package._HOME.values() if f'{name}.{{each}}' in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == []
