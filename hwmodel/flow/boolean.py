"""Boolean functions of cells: Liberty's text, truth tables, and short Python expressions that compute them.

A truth table over the inputs ``(x0, x1, …)`` is an integer of 2**n bits; bit ``k`` is the value where ``xi`` is bit ``i`` of ``k``.
"""

import re
from collections.abc import Sequence
from functools import cache

_TOKEN = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_\[\]]*|[01]|[()!~'&*|+^])")


def variables(function: str) -> tuple[str, ...]:
    """Return the input names that occur in a Liberty `function`, in order of first appearance."""
    return tuple(dict.fromkeys(re.findall(r"[A-Za-z_][A-Za-z0-9_\[\]]*", function)))


def variable_table(index: int, inputs: int) -> int:
    """Return the truth table of input number `index` among `inputs` inputs."""
    return sum(1 << row for row in range(1 << inputs) if row >> index & 1)


def truth_table(function: str, inputs: Sequence[str]) -> int:
    """Return the truth table of a Liberty `function` over `inputs`.

    Operators in Liberty's order of precedence: ``!x`` and ``x'``, then ``^``, then ``&``, ``*`` or a space, then ``|`` or ``+``.

    Raises
    ------
    ValueError
        If the text is not a function, or names an input that is not in `inputs`.
    """
    tokens, position = [], 0
    text = function.strip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise ValueError(f"the function {function!r} has an unknown symbol {text[position]!r}")
        tokens.append(match[1])
        position = match.end()
    ones = (1 << (1 << len(inputs))) - 1
    known = {name: variable_table(index, len(inputs)) for index, name in enumerate(inputs)} | {"0": 0, "1": ones}
    here = 0

    def peek() -> str:
        return tokens[here] if here < len(tokens) else ""

    def take() -> str:
        nonlocal here
        here += 1
        return tokens[here - 1] if here <= len(tokens) else ""

    def factor() -> int:
        token = take()
        if token in ("!", "~"):
            value = factor() ^ ones
        elif token == "(":
            value = either()
            if take() != ")":
                raise ValueError(f"the function {function!r} lacks a closing bracket")
        elif token in known:
            value = known[token]
        else:
            raise ValueError(f"the function {function!r} names {token!r}, which is not among the inputs {', '.join(inputs)}")
        while peek() == "'":
            take()
            value ^= ones
        return value

    def exclusive() -> int:
        value = factor()
        while peek() == "^":
            take()
            value ^= factor()
        return value

    def both() -> int:
        value = exclusive()
        while peek() and peek() not in ("|", "+", ")"):
            if peek() in ("&", "*"):
                take()
            value &= exclusive()
        return value

    def either() -> int:
        value = both()
        while peek() in ("|", "+"):
            take()
            value |= both()
        return value

    value = either()
    if here < len(tokens):
        raise ValueError(f"the function {function!r} has a stray {tokens[here]!r}")
    return value


def sense(table: int, index: int, inputs: int) -> str:
    """Return how the output follows input `index`: ``positive_unate``, ``negative_unate`` or ``non_unate``."""
    low, high = _cofactor(table, index, inputs)
    if low & ~high == 0:
        return "positive_unate"
    return "negative_unate" if high & ~low == 0 else "non_unate"


def _cofactor(table: int, index: int, inputs: int) -> tuple[int, int]:
    """Return the tables, over the same inputs, where input `index` is held at 0 and at 1."""
    mask, shift = variable_table(index, inputs), 1 << index
    high = table & mask
    low = table & ~mask
    return low | low << shift, high | high >> shift


@cache
def expression(table: int, inputs: int) -> str:
    """Return a Python expression of `table` over the names ``{0}``, ``{1}``, … for `str.format`, with ``M`` as all ones.

    It works on integers that hold one independent copy per bit. Shared decompositions (exclusive or, one constant
    cofactor, multiplexer) keep it short: it is what the simulator evaluates for every cell in every cycle.
    """
    ones = (1 << (1 << inputs)) - 1
    if table == 0:
        return "0"
    if table == ones:
        return "M"
    best = ""
    for index in range(inputs):
        low, high = _cofactor(table, index, inputs)
        if low == high:
            continue
        name = f"{{{index}}}"
        if low == 0 and high == ones:
            text = name
        elif high == 0 and low == ones:
            text = f"(M^{name})"
        elif low == high ^ ones:
            text = f"({name}^{expression(low, inputs)})"
        elif low == 0:
            text = f"({name}&{expression(high, inputs)})"
        elif high == 0:
            text = f"({expression(low, inputs)}&(M^{name}))" if low != ones else f"(M^{name})"
        elif low == ones:
            text = f"(M^({name}&{expression(high ^ ones, inputs)}))"
        elif high == ones:
            text = f"({name}|{expression(low, inputs)})"
        elif low & ~high == 0:
            text = f"({expression(low, inputs)}|({name}&{expression(high, inputs)}))"
        else:
            difference = expression(low ^ high, inputs)
            text = f"({expression(low, inputs)}^({name}&{difference}))"
        if not best or len(text) < len(best):
            best = text
    return best
