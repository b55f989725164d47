"""Operands of several formats as *words*: the mode above the code, so that most of the stimulus need not know of modes.

The word of an operand of one format is its code.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from hwmodel.spec import ChoiceFormat, FloatFormat, Format, ScalarOperand

Array = np.ndarray[Any, np.dtype[Any]]


def word_bits(operand: ScalarOperand) -> int:
    """Return the bits of an operand's code, and of its mode where it has one."""
    return operand.width + (operand.mode_bits if isinstance(operand, ChoiceFormat) else 0)


def split(words: Array, operand: ScalarOperand) -> tuple[Array, Array]:
    """Return codes and modes; all modes are 0 where there is but one format."""
    words = np.asarray(words, np.uint64)
    return words & np.uint64((1 << operand.width) - 1), words >> np.uint64(operand.width)


def join(codes: Array, mode: Array | None, operand: ScalarOperand) -> Array:
    """Return the words of codes and modes; None: there are no modes."""
    return codes if mode is None else codes | (mode << np.uint64(operand.width))


def chosen(operand: ScalarOperand, mode: int) -> Format:
    """Return the format that `mode` stands for."""
    return operand.choices[min(mode, len(operand.choices) - 1)] if isinstance(operand, ChoiceFormat) else operand


def by_mode(words: Array, operand: ChoiceFormat, function: Callable[[Array, Format], Array]) -> Array:
    """Return ``function(codes, format)`` of all words, whatever their modes."""
    codes, modes = split(words, operand)
    result: Array | None = None
    for mode in np.unique(modes):
        fmt, where = chosen(operand, int(mode)), modes == mode
        part = function(codes[where] & np.uint64((1 << fmt.width) - 1), fmt)
        result = np.zeros(modes.shape, part.dtype) if result is None else result
        result[where] = part
    return function(codes, operand.choices[0]) if result is None else result


def some_modes(operand: ChoiceFormat) -> list[int]:
    """Return all modes, or of many those at the ends and in the middle."""
    count = 1 << operand.mode_bits
    return [*range(count)] if count <= 8 else [0, 1, count // 2 - 1, count // 2, count - 2, count - 1]


def layouts(operand: ChoiceFormat) -> list[tuple[Format, list[int]]]:
    """Return the formats but for the bias, which does not matter for what codes look like, and the modes of each."""
    found: dict[Format, tuple[Format, list[int]]] = {}
    for mode in range(1 << operand.mode_bits):
        fmt = chosen(operand, mode)
        key = replace(fmt, bias=0) if isinstance(fmt, FloatFormat) else fmt
        found.setdefault(key, (fmt, []))[1].append(mode)
    return list(found.values())
