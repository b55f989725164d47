"""What a claim is: a figure that others have published, and what of ours it is held against."""

from collections.abc import Callable
from dataclasses import dataclass

from hwmodel.cost import PARTS


@dataclass(frozen=True)
class Side:
    """One side of a ratio: what of a unit is counted, per product.

    Parameters
    ----------
    unit
        A spec.
    parts
        Of `PARTS`; or ``multiply``, which is mpy without the unpacking of operands. All three: the unit's total.
    weight
        What the cost is multiplied by, such as bits of memory.
    """

    unit: str
    parts: tuple[str, ...] = PARTS
    weight: float = 1.0

    def __str__(self) -> str:
        text = self.unit if self.parts == PARTS else f"{'+'.join(self.parts)} of {self.unit}"
        return text if self.weight == 1 else f"{text}, × {self.weight:g} bits"


@dataclass(frozen=True)
class CostClaim:
    """A published ratio of two costs.

    Attributes
    ----------
    key
        By which the claim is asked for.
    source
        A key of `hwmodel.report.claims.published.SOURCES`.
    sentence
        What is claimed.
    quantity
        ``"area"`` or ``"energy"``.
    published
        The ratio, `unit` over `over`.
    unit, over
        What it is of, as near as units of ours come.
    why
        What explains a difference.
    where
        Section or table of the source, where known.
    gates
        The source counted gates, so that gates counted here may answer it too.
    unlike
        Why the source's figures are of other things than ours. Empty: they are of the same.
    """

    key: str
    source: str
    sentence: str
    quantity: str
    published: float
    unit: Side
    over: Side
    why: str
    where: str = ""
    gates: bool = False
    unlike: str = ""


@dataclass(frozen=True)
class Measured:
    """What came of holding a claim about errors against our arithmetic.

    Attributes
    ----------
    text
        In words or with its unit.
    holds
        Whether it is as published.
    value
        As a number, where it is one.
    """

    text: str
    holds: bool
    value: float | None = None


@dataclass(frozen=True)
class ErrorClaim:
    """A published statement about errors.

    Attributes
    ----------
    key, source, sentence, why, where
        As of a `CostClaim`.
    published
        The figure or the order, in words.
    measure
        Computes ours.
    """

    key: str
    source: str
    sentence: str
    published: str
    measure: Callable[[], Measured]
    why: str
    where: str = ""


Claim = CostClaim | ErrorClaim
