"""The one error a person can cause: a name or a number that no unit can be made of."""

import difflib
import numbers
from collections.abc import Iterable


class SpecError(ValueError):
    """A specification that cannot be honoured.

    The message is one sentence: what was given, what is allowed and, where there is one, the nearest legal choice.
    """


MEANT = {
    **dict.fromkeys(("fp64", "float64", "f64", "double"), "e11m52"),
    **dict.fromkeys(("fp8", "float8", "f8"), "e4m3fn, e5m2"),
    **dict.fromkeys(("fp6", "float6"), "e2m3fn, e3m2fn"),
}
"""What is meant by names that look like something else."""


LONGEST_NAME = 1000


def name_of(given: object) -> str:
    """Return a name as it is looked up: in small letters, with no space around it.

    Raises
    ------
    SpecError
        If it is no text, or longer than any name (numbers of so many digits are no width, nor any other).
    """
    if not isinstance(given, str):
        raise SpecError(f"{given!r} is no name; a name is a text, such as 'int8' or 'e4m3fn-e4m3fn-fp32'")
    if len(given) > LONGEST_NAME:
        raise SpecError(f"a name of {len(given):,} characters, {given[:20]!r} and so on, is longer than the {LONGEST_NAME:,} that are read")
    return given.strip().lower()


def is_whole(number: object) -> bool:
    """Return whether something given is an integer, Python's or NumPy's; true and false are none."""
    return type(number) is int or (isinstance(number, numbers.Integral) and not isinstance(number, bool))


def nearest(name: str, candidates: Iterable[str]) -> str:
    """Return ``"; did you mean x, y?"`` for the candidates that look like `name`, or an empty string."""
    if name in MEANT:
        return f"; did you mean {MEANT[name]}?"
    close = difflib.get_close_matches(name, list(candidates), n=3, cutoff=0.6)
    return f"; did you mean {', '.join(close)}?" if close else ""


class WidthError(SpecError):
    """A unit whose sums would be too wide; what its message says after the unit's name holds for all units with products as large."""


def not_text(given: object, parse: str) -> None:
    """Refuse a name where what it names is needed.

    Parameters
    ----------
    given
        What was given.
    parse
        The function that makes what is needed of a name.

    Raises
    ------
    SpecError
        If it is a text.
    """
    if isinstance(given, str):
        raise SpecError(f"{given!r} is a text; {parse}({given!r}) makes what it names")
