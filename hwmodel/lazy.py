"""Names of a package whose modules are imported where a name is first used."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazily(package: str, home: Mapping[str, str]) -> Callable[[str], Any]:
    """Return the `__getattr__` of a package (PEP 562) whose names are at `home` in its modules.

    Parameters
    ----------
    package
        The package's ``__name__``.
    home
        For each name, the module that it is in.

    Returns
    -------
    callable
        It raises AttributeError for other names, as a module without them does.
    """

    def look_up(name: str) -> Any:
        if name not in home:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f".{home[name]}", package), name)

    return look_up
