"""Normacc of a tensor core: a step's sum is normalised once, rounded once, and kept."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwmodel.spec import FloatAcc, TensorAcc
from hwmodel.spec.ranges import FloatState, NumberShape
from hwmodel.spec.tensor_step import Lowered, TensorWindow

from .adders import add, constant, extend
from .architecture import Architecture
from .cells import AdderCells
from .normacc import NormAccFloat
from .normround import Rounded, normalise_and_round
from .number import exponent_shape, field, fields, signature


class NormAccTensor(NormAccFloat):
    """Normalise, round and keep the sum of a step. One cycle.

    As `NormAccFloat`, whose ports it has, but for what a sum is: its highest bit lies further above the largest exponent, it can
    lie below the format's range, and what is too large is infinite however it is rounded. Where the window is shorter than the
    accumulator it has `enable`: a step without products would truncate the register.
    """

    def __init__(
        self, acc: TensorAcc, state: FloatState, exponent_range: tuple[int, int], architecture: Architecture, *, resettable: bool
    ) -> None:
        self.tensor = acc
        self.window = TensorWindow.of(acc)
        self.sum_range = exponent_range
        super().__init__(
            FloatAcc(acc.format, acc.rounding),
            state,
            self.window.magnitude_bits,
            exponent_range,
            architecture,
            resettable=resettable,
            enabled=acc.fraction < acc.format.fraction_bits,
        )

    def _round(self, m: Module, cells: AdderCells) -> Rounded:
        return round_sum(m, cells, self.significand, self.exponent, self.sum_range, self.tensor, self.state, self.architecture)


class RoundSum(wiring.Component):
    """Round a sum of products to the accumulator's format, to which it is added late. Combinational.

    Parameters
    ----------
    acc
        The arithmetic of the sum.
    state
        What it can be, rounded.
    exponent_range
        Of the sum, see `AlignAddTensor`.
    before
        Shape of the rounded sum of an earlier phase, which is in this one; None: there is none.

    Attributes
    ----------
    significand, exponent, sign, nan, inf, inf_sign : In
        The sum, see `AlignAddTensor`.
    before : In(signature(before))
        With an earlier phase only.
    rounded : Out(signature(shape))
        The number, of shape `shape`.
    zero : Out(1)
        Whether it is zero.
    """

    def __init__(
        self,
        acc: TensorAcc,
        state: FloatState,
        exponent_range: tuple[int, int],
        architecture: Architecture,
        before: NumberShape | None = None,
    ) -> None:
        self.tensor = acc
        self.state = state
        self.shape = state.shape
        self.sum_range = exponent_range
        self.architecture = architecture
        ports = {"significand": In(TensorWindow.of(acc).magnitude_bits), "exponent": In(exponent_shape(*exponent_range))}
        ports |= {name: In(1) for name in ("sign", "nan", "inf", "inf_sign")}
        self.in_phases = before is not None
        if before is not None:
            ports["before"] = In(signature(before))
        super().__init__(ports | {"rounded": Out(signature(self.shape)), "zero": Out(1)})

    def elaborate(self, platform):
        m = Module()
        rounded, present, fmt = self.rounded, fields(self.shape), self.tensor.format
        result = round_sum(m, AdderCells(m), self.significand, self.exponent, self.sum_range, self.tensor, self.state, self.architecture)
        m.d.comb += rounded.significand.eq(result.significand)
        if "exponent" in present:
            m.d.comb += rounded.exponent.eq(result.exponent)
        nan, inf, inf_sign = self._specials()
        infinite = inf | result.infinite
        if "nan" in present:
            m.d.comb += rounded.nan.eq(nan if fmt.has_inf else nan | infinite)
        if "inf" in present:
            m.d.comb += rounded.inf.eq(infinite)
        if "sign" in present:
            # Without products that is +0. It changes no accumulator: what numbers of one format add up to is -0 at no time.
            m.d.comb += rounded.sign.eq(Mux(inf, inf_sign, self.sign))
        m.d.comb += self.zero.eq(~(rounded.significand.any() if self.shape.leading_zeros else rounded.significand[-1]))
        return m

    def _specials(self) -> tuple[Value, Value, Value]:
        """Return whether the terms make a NaN, or an infinity, and of which sign."""
        if not self.in_phases:
            return self.nan, self.inf, self.inf_sign
        nan, inf, sign = (field(self.before, name) for name in ("nan", "inf", "sign"))
        opposed = self.inf & inf & (self.inf_sign ^ sign)
        return self.nan | nan | opposed, self.inf | inf, Mux(inf, sign, self.inf_sign)


def round_sum(
    m: Module,
    cells: AdderCells,
    significand: Value,
    exponent: Value,
    exponent_range: tuple[int, int],
    acc: TensorAcc,
    state: FloatState,
    architecture: Architecture,
) -> Rounded:
    """Normalise and round a step's sum, whose exponent can lie below the format's range, to the accumulator's format."""
    fmt, lowered = acc.format, Lowered.of(acc, state, exponent_range)
    headroom = TensorWindow.of(acc).headroom + lowered.zeros
    wide = Signal(exponent_shape(lowered.exponent_low, lowered.exponent_high), name="exponent_wide")
    m.d.comb += wide.eq(exponent)
    kept, nothing = significand, None
    if lowered.vanishes:
        near = Signal(name="reaches_grid")
        width = len(wide) + 2
        operand = extend(list(wide), width, signed=wide.shape().signed)
        m.d.comb += near.eq(~Value.cast(add(m, cells, operand, constant(headroom - state.shape.exponent_low, width))[width - 1])[0])
        kept = Signal(len(significand), name="within_reach")
        m.d.comb += kept.eq(significand & near.replicate(len(significand)))
        nothing = ~significand.any()
    rounded = normalise_and_round(
        m,
        cells,
        Cat(kept, Const(0, lowered.zeros)),
        wide,
        FloatAcc(fmt, acc.rounding),
        state,
        architecture,
        headroom=headroom,
        saturates=not fmt.has_nan,
    )
    if nothing is not None:
        # What vanishes keeps its sign.
        rounded.zero = nothing
    return rounded
