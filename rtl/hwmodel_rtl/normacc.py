"""Normacc: the sum is normalised, rounded and kept."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hwmodel.spec import FixedPoint, FloatAcc, FloatFormat, Specials
from hwmodel.spec.ranges import FloatState, NumberShape

from .adders import add, constant, extend
from .architecture import Architecture
from .cells import AdderCells
from .near_path import NearPath, NearSum
from .normround import Rounded, normalise_and_round
from .number import connect, exponent_of, exponent_shape, field, fields, signature


class NormAccFixed(wiring.Component):
    """Keep a fixed-point sum: overflow, saturation, the register and the sticky flags. One cycle.

    Attributes
    ----------
    total : In(total_width)
        The exact sum, two's complement.
    special : In(1)
        An operand was NaN or infinite.
    clear, clear_flags : In(1)
        The accumulator counts as zero; so do the flags. (A chunk's inner accumulator restarts, its flags do not.)
    acc : Out(width)
        The accumulator as the adder shall see it: zero while `clear`.
    code : Out(width)
        The register.
    overflow, invalid : Out(1)
        Sticky since the last `clear_flags`.
    """

    def __init__(self, fixed: FixedPoint, total_width: int, *, saturate: bool, resettable: bool) -> None:
        self.saturate = saturate
        self.resettable = resettable
        width = fixed.width
        super().__init__(
            {
                "total": In(total_width),
                "special": In(1),
                "clear": In(1),
                "clear_flags": In(1),
                "acc": Out(width),
                "code": Out(width),
                "overflow": Out(1),
                "invalid": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        width = len(self.code)
        register = Signal(width, reset_less=not self.resettable)
        overflow, invalid = Signal(reset_less=not self.resettable), Signal(reset_less=not self.resettable)
        above = self.total[width - 1 :]
        overflows = Signal()
        m.d.comb += overflows.eq(above.any() & ~above.all())
        kept: Value = self.total[:width]
        if self.saturate:
            negative = self.total[-1]
            kept = Mux(overflows, Cat((~negative).replicate(width - 1), negative), kept)
        m.d.sync += [
            register.eq(kept),
            overflow.eq((overflow & ~self.clear_flags) | overflows),
            invalid.eq((invalid & ~self.clear_flags) | self.special),
        ]
        m.d.comb += [
            self.acc.eq(register & (~self.clear).replicate(width)),
            self.code.eq(register),
            self.overflow.eq(overflow),
            self.invalid.eq(invalid),
        ]
        return m


class NormAccFloat(wiring.Component):
    """Normalise, round and keep a float sum. One cycle.

    The register holds the accumulator unpacked, with only the exponents that it can reach; packing to the format's code
    happens behind it, outside the accumulation loop.

    Parameters
    ----------
    acc
        The accumulator.
    state
        What it can reach.
    term
        Shape of what is added to it.
    significand_bits, exponent_range
        Of the sum, see `AlignAddFloat`.
    enabled
        Whether there is an input that says when the register takes the sum; else it does in every cycle.
    near
        The near path that there is beside; None: there is one path.

    Attributes
    ----------
    significand, exponent, sign, zero_sign : In
        The sum.
    near, near_significand : In
        Whether the sum is that of the near path, and its magnitude; only where there are two paths.
    term_nan, term_inf, term_sign : In(1)
        What was added.
    random : In(acc.random_bits)
        Stochastic rounding only.
    enable : In(1)
        Only if `enabled`.
    clear : In(1)
        The accumulator counts as zero.
    acc : Out(signature(state.shape))
        The accumulator as the adder shall see it: zero while `clear`.
    value : Out(signature(state.shape))
        The register.
    acc_zero : Out(1)
        Whether it is zero; constant 0 if the register is floored (zero then has the lowest exponent).
    code : Out(acc.format.width)
        The register as a code of the format.
    """

    def __init__(
        self,
        acc: FloatAcc,
        state: FloatState,
        significand_bits: int,
        exponent_range: tuple[int, int],
        architecture: Architecture,
        *,
        resettable: bool,
        enabled: bool = False,
        near: NearPath | None = None,
    ) -> None:
        self.near_path = near
        self.accumulator = acc
        self.state = state
        self.architecture = architecture
        self.resettable = resettable
        self.enabled = enabled
        optional = {"random": In(acc.random_bits)} if acc.random_bits else {}
        optional |= {"enable": In(1)} if enabled else {}
        optional |= {} if near is None else {"near": In(1), "near_significand": In(near.bits)}
        super().__init__(
            optional
            | {
                "significand": In(significand_bits),
                "exponent": In(exponent_shape(*exponent_range)),
                "sign": In(1),
                "zero_sign": In(1),
                "term_nan": In(1),
                "term_inf": In(1),
                "term_sign": In(1),
                "clear": In(1),
                "acc": Out(signature(state.shape)),
                "value": Out(signature(state.shape)),
                "acc_zero": Out(1),
                "code": Out(acc.format.width),
            }
        )

    def elaborate(self, platform):
        m = Module()
        cells = AdderCells(m)
        fmt, shape = self.accumulator.format, self.state.shape
        # From reset on, the exponent of zero must be the floor.
        init = {"exponent": shape.exponent_low} if shape.has_exponent else {}
        register = Signal(data.StructLayout(fields(shape)), init=init, reset_less=not self.resettable)

        rounded = self._round(m, cells)
        m.d.comb += connect(shape, self.value, register)
        self._feed_back(m, register)
        if self.enabled:
            with m.If(self.enable):
                self._keep(m, register, rounded)
        else:
            self._keep(m, register, rounded)
        self._pack(m, cells, register, fmt, shape)
        return m

    def _round(self, m: Module, cells: AdderCells) -> Rounded:
        """Return the sum rounded."""
        random = self.random if self.accumulator.random_bits else None
        near = None
        if self.near_path is not None:
            near = NearSum(self.near, self.near_significand, exponent_of(self.acc, self.state.shape), self.near_path)
        return normalise_and_round(
            m, cells, self.significand, self.exponent, self.accumulator, self.state, self.architecture, random, near=near
        )

    def _feed_back(self, m: Module, register) -> None:
        """Drive `acc`: the register, or zero."""
        shape, acc, keep = self.state.shape, self.acc, ~self.clear
        m.d.comb += acc.significand.eq(register.significand & keep.replicate(shape.significand_bits))
        for name in ("sign", "nan", "inf"):
            if name in fields(shape):
                m.d.comb += getattr(acc, name).eq(register[name] & keep)
        if not self.state.floored:
            m.d.comb += self.acc_zero.eq(~acc.significand[-1])
        if shape.has_exponent:
            floor = Const(shape.exponent_low, exponent_shape(shape.exponent_low, shape.exponent_high))
            m.d.comb += acc.exponent.eq(Mux(self.clear, floor, register.exponent) if self.state.floored else register.exponent)

    def _keep(self, m: Module, register, rounded) -> None:
        """Clock the next state into the register."""
        fmt, shape = self.accumulator.format, self.state.shape
        acc_nan, acc_inf, acc_sign = (field(self.acc, name) for name in ("nan", "inf", "sign"))
        opposite = self.term_sign ^ acc_sign
        m.d.sync += register.significand.eq(rounded.significand)
        if shape.has_exponent:
            m.d.sync += register.exponent.eq(rounded.exponent)
        infinite = Signal()
        m.d.comb += infinite.eq(acc_inf | self.term_inf | rounded.infinite)
        if shape.nan:
            becomes_nan = Signal()
            if fmt.has_inf:
                m.d.comb += becomes_nan.eq(acc_nan | self.term_nan | (acc_inf & self.term_inf & opposite))
            else:
                m.d.comb += becomes_nan.eq(acc_nan | self.term_nan | infinite)
            m.d.sync += register.nan.eq(becomes_nan)
        if shape.inf:
            m.d.sync += register.inf.eq(infinite)
        if shape.signed:
            finite_sign = Mux(rounded.zero, self.zero_sign, self.sign)
            m.d.sync += register.sign.eq(Mux(acc_inf, acc_sign, Mux(self.term_inf, self.term_sign, finite_sign)))

    def _pack(self, m: Module, cells: AdderCells, register, fmt: FloatFormat, shape: NumberShape) -> None:
        """Drive `code` from the register."""
        hidden = register.significand[-1]
        width = fmt.exponent_bits
        offset = constant(shape.top + fmt.bias, width)
        if shape.has_exponent:
            operand = extend(list(Value.cast(register.exponent)), width, signed=register.exponent.shape().signed)
        else:
            operand = constant(shape.exponent_low, width)
        field_bits = Cat(*add(m, cells, operand, offset)[:width])
        exponent, fraction = Signal(width), Signal(fmt.fraction_bits)
        nan, inf, sign = (field(register, name) for name in ("nan", "inf", "sign"))
        if not shape.inf:
            inf = Const(0, 1)
        magnitude = Cat(register.significand[:-1], field_bits & hidden.replicate(width))
        if shape.inf:
            assert fmt.inf_code is not None
            magnitude = Mux(inf, fmt.inf_code, magnitude)
        if fmt.specials is Specials.FNUZ:
            sign = sign & register.significand.any()
        if shape.nan:
            assert fmt.nan_code is not None
            magnitude = Mux(nan, fmt.nan_code & ~fmt.sign_mask, magnitude)
            sign = Mux(nan, int(fmt.nan_code >= fmt.sign_mask), sign)
        m.d.comb += Cat(fraction, exponent).eq(magnitude)
        m.d.comb += self.code.eq(Cat(fraction, exponent, sign))
