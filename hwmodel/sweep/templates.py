"""Templates: one text with holes that stands for many.

=============  ==========================================================
``{4..8}``     every whole number from 4 to 8
``{4..16+4}``  in steps: 4, 8, 12, 16
``{4..64*2}``  by a factor: 4, 8, 16, 32, 64
``{fn,fnuz}``  each of these texts; one of them may be empty, as in ``{,.ftz}``
=============  ==========================================================

A text with several holes stands for every combination, the last hole changing fastest: ``e{4..5}m{2..3}`` is e4m2, e4m3, e5m2, e5m3.
"""

import re
from itertools import product

from .errors import SweepError

MAX_TEXTS = 1 << 20
"""Texts that one template may stand for."""

_HOLE = re.compile(r"\{([^{}]*)\}")
_RANGE = re.compile(r"(-?\d+)\.\.(-?\d+)(?:([+*])(\d+))?", re.ASCII)


def is_template(text: str) -> bool:
    """Return whether a text has holes."""
    return "{" in text or "}" in text


def expand(text: str) -> list[str]:
    """Return the texts that a template stands for, in order; a text without holes stands for itself.

    Raises
    ------
    SweepError
        If a hole is none of the above, stands for nothing, or all of them stand for more than `MAX_TEXTS`.
    """
    parts = _HOLE.split(text)  # text, hole, text, hole, …, text
    if any("{" in part or "}" in part for part in parts[::2]):
        raise SweepError(f"template {text!r}: a brace is left open; a hole is written {{4..8}} or {{fn,fnuz}}")
    choices = [_choices(text, part) if at % 2 else [part] for at, part in enumerate(parts)]
    count = 1
    for each in choices:
        count *= len(each)
    if count > MAX_TEXTS:
        raise SweepError(f"template {text!r} stands for {count:,} texts, and at most {MAX_TEXTS:,} are taken; narrow its ranges")
    return ["".join(chosen) for chosen in product(*choices)]


def _choices(text: str, hole: str) -> list[str]:
    match = _RANGE.fullmatch(hole.replace(" ", ""))
    if match is None:
        if "," not in hole:
            raise SweepError(f"template {text!r}: {{{hole}}} is neither a range, as in {{4..8}}, nor a list, as in {{fn,fnuz}}")
        return [choice.strip() for choice in hole.split(",")]
    first, last, step = int(match[1]), int(match[2]), int(match[4] or 1)
    if first > last:
        raise SweepError(f"template {text!r}: the range {{{hole}}} is empty; write the smaller end first, {{{last}..{first}}}")
    if last - first > MAX_TEXTS:
        raise SweepError(f"template {text!r}: the range {{{hole}}} has more than {MAX_TEXTS:,} numbers")
    if match[3] == "*":
        if step < 2 or first < 1:
            raise SweepError(f"template {text!r}: {{{hole}}} never ends; a range by a factor starts at 1 or more, its factor at 2")
        numbers = [first]
        while numbers[-1] * step <= last:
            numbers.append(numbers[-1] * step)
        return [str(number) for number in numbers]
    if step < 1:
        raise SweepError(f"template {text!r}: {{{hole}}} never ends; its step is at least 1")
    return [str(number) for number in range(first, last + 1, step)]
