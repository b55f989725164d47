"""Operands for an energy figure: what a unit is fed while its toggles are counted."""

from fractions import Fraction

import numpy as np

from hwmodel import golden
from hwmodel.spec import ChoiceFormat, CodebookFormat, FloatFormat, Format, IntFormat, Operand


def gaussian_sigma(fmt: Format) -> float:
    """Return the standard deviation that suits a format: a quarter of its largest value, at most 1 for what has an exponent.

    An integer tensor is scaled to fill its range, and so is one that a codebook is for; a float with exponent to spare is used
    around 1.
    """
    if isinstance(fmt, IntFormat):
        return fmt.max_value / 4
    largest = fmt.max_magnitude * Fraction(2) ** fmt.lsb_exponent
    return float(largest / 4 if isinstance(fmt, CodebookFormat) else min(largest / 4, Fraction(1)))


def gaussian_codes(fmt: Format, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Return codes of Gaussian numbers rounded to `fmt`, saturating; of their magnitudes if it is unsigned.

    Returns
    -------
    ndarray of uint64, `shape`
    """
    values = rng.normal(0.0, gaussian_sigma(fmt), shape)
    return golden.encode(values if fmt.signed else np.abs(values), fmt, overflow="sat")


def gaussian_operands(operand: Operand, shape: tuple[int, int], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray | None]:
    """Return codes as `gaussian_codes` does, and the modes of an operand of several formats (else None).

    A stream stays in one mode, as a tensor has one format; streams are shared out evenly among the formats. Where only the bias is
    to be chosen, it is the usual one.

    Parameters
    ----------
    shape
        (cycles, streams).
    """
    if not isinstance(operand, ChoiceFormat):
        return gaussian_codes(operand, shape, rng), None
    modes = usual_modes(operand)
    codes, mode = np.zeros(shape, np.uint64), np.zeros(shape, np.uint64)
    for i, each in enumerate(modes):
        streams = np.s_[:, i :: len(modes)]
        codes[streams] = gaussian_codes(operand.choices[each], codes[streams].shape, rng)
        mode[streams] = each
    return codes, mode


def usual_modes(operand: ChoiceFormat) -> list[int]:
    """Return a mode for each format; of formats alike but for their bias, the one whose bias is nearest to that of IEEE 754."""
    kept: dict[object, int] = {}
    for mode, fmt in enumerate(operand.choices):
        key = (fmt.exponent_bits, fmt.fraction_bits, fmt.specials) if isinstance(fmt, FloatFormat) else fmt
        if key not in kept or _oddness(fmt) < _oddness(operand.choices[kept[key]]):
            kept[key] = mode
    return list(kept.values())


def _oddness(fmt: Format) -> int:
    return abs(fmt.bias - (1 << (fmt.exponent_bits - 1)) + 1) if isinstance(fmt, FloatFormat) else 0
