"""What the ports of many units show: checked on the way in."""

from typing import Any, NamedTuple

import numpy as np

from hwmodel.spec import BlockFormat, MacSpec, Operand, SpecError

from .arrays import Array
from .codes import check_codes


class Inputs(NamedTuple):
    """What the ports of all units show, in one cycle or in several; None: nobody said.

    In front of the axes named here stands that of the cycles, if there are several.

    Attributes
    ----------
    a, b : (n,) or (n, lanes) unsigned
        Operand codes.
    mode_a, mode_b, a_scale, b_scale, rand : (n,) uint64
    a_shift, b_shift : (n, shifts) uint64
    clear, flush, valid : (n,) bool
    """

    a: Array
    b: Array
    mode_a: Array | None
    mode_b: Array | None
    a_scale: Array | None
    b_scale: Array | None
    a_shift: Array | None
    b_shift: Array | None
    rand: Array | None
    clear: Array | None
    flush: Array | None
    valid: Array | None

    def at(self, index: Any) -> "Inputs":
        """Return what the cycle and the units of `index` are shown."""
        return Inputs._make(None if each is None else each[index] for each in self)

    def joined(self) -> "Inputs":
        """Return several cycles of some units as one cycle of so many times more."""
        return Inputs._make(None if each is None else each.reshape(-1, *each.shape[2:]) for each in self)


def check_inputs(spec: MacSpec, shape: tuple[int, ...], a: Any, b: Any, others: dict[str, Any]) -> Inputs:
    """Return the inputs of one or several cycles.

    Parameters
    ----------
    spec
        The unit.
    shape
        ``(n,)``, or ``(K, n)`` of K cycles.
    a, b
        Operand codes.
    others
        All other inputs by name, None where nobody said.

    Raises
    ------
    SpecError
        If one is missing, has another shape, or holds a number that the port does not have.
    """
    widths = spec.inputs
    checked: dict[str, Any] = {}
    for name, operand in (("a", spec.a), ("b", spec.b)):
        if isinstance(operand, BlockFormat) and others[f"{name}_scale"] is None:
            raise SpecError(f"the input {name}_scale is missing; the scale of a block of {operand} is shown in every step")
        checked[f"{name}_shift"] = _shifts(f"{name}_shift", others.pop(f"{name}_shift"), operand, spec, shape)
    for name, value in others.items():
        # A bench may show `flush` to units that have none.
        width = 1 if name == "flush" else widths.get(name, 0)
        checked[name] = _mask(name, value, shape) if name in ("clear", "flush", "valid") else _number(name, value, width, shape)
    codes = (_codes(value, fmt, shape if spec.lanes == 1 else (*shape, spec.lanes)) for value, fmt in ((a, spec.a), (b, spec.b)))
    return Inputs(*codes, **checked)


def _number(name: str, value: Any, width: int, shape: tuple[int, ...]) -> Array | None:
    """Return the integers of an optional port of `width` bits (0: the unit has no such port), uint64."""
    if value is None:
        return None
    value = np.asarray(value)
    if not width:
        raise SpecError(f"the unit has no input {name}")
    if value.dtype.kind not in "iu" or value.shape != shape:
        raise SpecError(f"the input {name} has dtype {value.dtype} and shape {value.shape}; the unit expects integers of shape {shape}")
    if value.size and not 0 <= int(value.min()) <= int(value.max()) < 1 << width:
        raise SpecError(f"the input {name} has a value outside 0..{(1 << width) - 1}")
    return value.astype(np.uint64)


def _shifts(name: str, value: Any, operand: Operand, spec: MacSpec, shape: tuple[int, ...]) -> Array | None:
    """Return the shifts of sub-blocks, (…, shifts) uint64; where a step has one, the last axis may be missing."""
    if not isinstance(operand, BlockFormat) or not operand.sub_size:
        return _number(name, value, 0, shape)
    if value is None:
        raise SpecError(f"the input {name} is missing; the shifts of the sub-blocks of {operand} are shown in every step")
    value, count = np.asarray(value), spec.shifts(operand)
    if count == 1 and value.shape == shape:
        value = value[..., np.newaxis]
    return _number(name, value, operand.shift_bits, (*shape, count))


def _codes(codes: Any, fmt: Operand, shape: tuple[int, ...]) -> Array:
    codes = check_codes(codes, fmt)
    if codes.shape != shape:
        raise SpecError(f"operand codes of {fmt} have shape {codes.shape}; the unit expects {shape}")
    return codes


def _mask(name: str, mask: Any, shape: tuple[int, ...]) -> Array | None:
    """Return what an optional port of one bit shows, bool; zeros and ones will do."""
    if mask is None:
        return None
    mask = np.asarray(mask)
    if mask.dtype != bool:
        numbers = _number(name, mask, 1, shape)
        return None if numbers is None else numbers.astype(bool)
    if mask.shape != shape:
        raise SpecError(f"the input {name} has shape {mask.shape}; the unit expects {shape}")
    return mask
