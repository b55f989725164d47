"""What a step adds: numbers of one shape, or integer products that are still two rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from amaranth.hdl import Cat, Module, Value

from hwmodel.spec.ranges import NumberShape

from .number import field, fields
from .pipeline import register


@dataclass(frozen=True)
class Rows:
    """The sum of integer products, not added up yet.

    Attributes
    ----------
    row_0, row_1
        With `constant` their sum is that of the products, modulo any power of two up to ``2**width``.
    constant
        What is left to add.
    width
        Bits of the sum that they are good for.
    negative
        Whether the signs of all products are negative, where that is asked for.
    """

    row_0: Value
    row_1: Value
    constant: int
    width: int
    negative: Value | None = None


@dataclass(frozen=True)
class Terms:
    """Numbers that are added in one step.

    Attributes
    ----------
    numbers
        Unpacked numbers.
    shape
        The shape of each.
    zero
        Whether a lone number is zero, where it is normalised; of a tensor core's products which are, one bit each; else None.
    """

    numbers: Sequence[Any]
    shape: NumberShape
    zero: Value | None = None

    @property
    def lone(self) -> Any:
        """The number, where there is one."""
        (number,) = self.numbers
        return number

    def any(self, name: str) -> Value:
        """Return whether a flag of some number is set."""
        flags = [field(number, name) for number in self.numbers]
        return flags[0] if len(flags) == 1 else Cat(*flags).any()

    def all(self, name: str) -> Value:
        """Return whether a flag of every number is set."""
        flags = [field(number, name) for number in self.numbers]
        return flags[0] if len(flags) == 1 else Cat(*flags).all()


def registered(m: Module, name: str, terms: Terms, *, resettable: bool = False, enable: Value | None = None) -> Terms:
    """Return a lone number one cycle later, through an instance called `name`; with `enable`, that of its last cycle.

    A reset makes it -0, if it is `resettable`.
    """
    number, shape = terms.lone, terms.shape
    values = {key: getattr(number, key) for key in fields(shape)} | ({} if terms.zero is None else {"zero": terms.zero})
    nothing = {key: int(key in ("sign", "zero")) for key in values if key != "exponent"}
    later = register(m, name, values, nothing if resettable else None, enable=enable)
    return Terms([later], shape, None if terms.zero is None else later.zero)
