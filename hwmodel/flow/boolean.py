"""Boolean functions of cells: Liberty's text, truth tables, and short Python expressions that compute them.

A truth table over the inputs ``(x0, x1, …)`` is an integer of 2**n bits; bit ``k`` is the value where ``xi`` is bit ``i`` of ``k``.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache

_TOKEN = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_\[\]]*|[01]|[()!~'&*|+^])")


def variables(function: str) -> tuple[str, ...]:
    """Return the input names that occur in a Liberty `function`, in order of first appearance."""
    return tuple(dict.fromkeys(re.findall(r"[A-Za-z_][A-Za-z0-9_\[\]]*", function)))


@cache
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
    ones = (1 << (1 << len(inputs))) - 1
    known = {name: variable_table(index, len(inputs)) for index, name in enumerate(inputs)} | {"0": 0, "1": ones}
    return _Reader(function, known, ones).read()


class _Reader:
    """Reads one function by recursive descent: a method for each level of precedence, each returning a truth table."""

    def __init__(self, function: str, known: Mapping[str, int], ones: int) -> None:
        self.function = function
        self.known = known
        self.ones = ones
        self.tokens = _tokens(function)
        self.here = 0

    def read(self) -> int:
        value = self._either()
        if self.here < len(self.tokens):
            raise ValueError(f"the function {self.function!r} has a stray {self.tokens[self.here]!r}")
        return value

    def _peek(self) -> str:
        return self.tokens[self.here] if self.here < len(self.tokens) else ""

    def _take(self) -> str:
        token = self._peek()
        self.here += 1
        return token

    def _either(self) -> int:
        value = self._both()
        while self._peek() in ("|", "+"):
            self._take()
            value |= self._both()
        return value

    def _both(self) -> int:
        value = self._exclusive()
        while self._peek() and self._peek() not in ("|", "+", ")"):
            if self._peek() in ("&", "*"):
                self._take()
            value &= self._exclusive()
        return value

    def _exclusive(self) -> int:
        value = self._factor()
        while self._peek() == "^":
            self._take()
            value ^= self._factor()
        return value

    def _factor(self) -> int:
        token = self._take()
        if token in ("!", "~"):
            value = self._factor() ^ self.ones
        elif token == "(":
            value = self._either()
            if self._take() != ")":
                raise ValueError(f"the function {self.function!r} lacks a closing bracket")
        elif token in self.known:
            value = self.known[token]
        else:
            inputs = ", ".join(name for name in self.known if name not in ("0", "1"))
            raise ValueError(f"the function {self.function!r} names {token!r}, which is not among the inputs {inputs}")
        while self._peek() == "'":
            self._take()
            value ^= self.ones
        return value


def _tokens(function: str) -> list[str]:
    tokens, position = [], 0
    text = function.strip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise ValueError(f"the function {function!r} has an unknown symbol {text[position:].lstrip()[0]!r}")
        tokens.append(match[1])
        position = match.end()
    return tokens


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
