"""Mac: the parts joined to a unit, as its spec says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from amaranth.hdl import Cat, Const, Module, ResetSignal, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hwmodel.spec import ChunkAcc, FixedAcc, FixedPoint, FloatAcc, IntCoding, IntFormat, MacSpec
from hwmodel.spec.ranges import float_state

from .adders import add, constant
from .alignadd import AlignAddFixed, AlignAddFloat, AlignAddInteger
from .architecture import Architecture
from .cells import AdderCells
from .decode import Decode
from .magnitude import Magnitude
from .mpy import Mpy, MpyInteger
from .normacc import NormAccFixed, NormAccFloat
from .number import connect, field, fields
from .pipeline import PipelineRegister
from .roundterm import RoundTerm


@dataclass
class Step:
    """What governs one step of one level.

    Attributes
    ----------
    clear
        The accumulator counts as zero in this step.
    clear_flags
        So do the sticky flags.
    """

    clear: Value
    clear_flags: Value


@dataclass
class Level:
    """The outputs of one accumulator level.

    Attributes
    ----------
    code
        The accumulator's code.
    term, shape, zero
        The register as a number that another level can add.
    overflow, invalid
        Sticky flags; constant 0 for a float.
    """

    code: Value
    term: Any
    shape: Any
    zero: Any
    overflow: Value
    invalid: Value


class Mac(wiring.Component):
    """A multiply-accumulate unit. One operand pair a cycle, `spec.latency` cycles.

    Parameters
    ----------
    spec
        The unit.
    architecture
        How its arithmetic is built.

    Attributes
    ----------
    valid : In(1)
        Operands are taken this cycle.
    clear : In(1)
        With `valid`: the accumulator counts as zero before this product is added.
    a, b : In
        Codes of the operands.
    flush : In(1)
        Chunked accumulators only. With `valid`: this step ends its chunk. Alone: the chunk so far is folded.
    acc : Out
        The accumulator's code.
    acc_valid : Out(1)
        `latency` cycles after each `valid`: `acc` holds the state after those operands.
    overflow, invalid : Out(1)
        Fixed point only: sticky since the last `clear`.
    """

    def __init__(self, spec: MacSpec, architecture: Architecture | None = None) -> None:
        self.spec = spec
        self.architecture = architecture or Architecture()
        ports = {"valid": In(1), "clear": In(1), "a": In(spec.a.width), "b": In(spec.b.width)}
        if spec.is_chunked:
            ports["flush"] = In(1)
        ports |= {"acc": Out(spec.acc_width), "acc_valid": Out(1)}
        if spec.has_flags:
            ports |= {"overflow": Out(1), "invalid": Out(1)}
        super().__init__(ports)

    @property
    def joins_rows(self) -> bool:
        """Whether the product goes into the accumulator's adder as two rows: integers, and nothing to round."""
        first = self.spec.levels[0]
        return (
            isinstance(first, FixedAcc)
            and self.spec.fixed_point(first).fraction >= 0
            and all(isinstance(fmt, IntFormat) and fmt.coding is not IntCoding.SIGN_MAGNITUDE for fmt in (self.spec.a, self.spec.b))
        )

    def elaborate(self, platform):
        m = Module()
        pipeline, first = self.spec.pipeline, self.spec.levels[0]
        control = [self.valid, self.clear & self.valid, self.flush if self.spec.is_chunked else Const(0, 1)]
        before_mpy = self._delay(m, control, pipeline - 1)
        before_mpy[0] = before_mpy[0] & ~ResetSignal()  # a product on its way at reset must not arrive
        valid, clear, flush = self._delay(m, before_mpy, min(pipeline, 1))
        # Without a pipeline nothing is in flight, so a reset is a clear; else the register itself has to be reset.
        reset = Const(0, 1) if pipeline else ResetSignal()

        term, shape, zero = self._multiply(m, before_mpy[0])
        if isinstance(self.spec.acc, ChunkAcc):
            self._chunk(m, self.spec.acc, term, shape, zero, valid, clear, flush, reset)
            return m
        step = Step(clear | reset, clear | reset)
        level = self._accumulate(m, first, term, shape, zero, step, suffix="", resettable=pipeline > 0)
        acc_valid = Signal()
        m.d.sync += acc_valid.eq(valid)
        m.d.comb += [self.acc.eq(level.code), self.acc_valid.eq(acc_valid)]
        if self.spec.has_flags:
            m.d.comb += [self.overflow.eq(level.overflow), self.invalid.eq(level.invalid)]
        return m

    def _delay(self, m: Module, values: list[Value], cycles: int) -> list[Value]:
        for _ in range(cycles):
            registers = [Signal(name=f"{name}_delayed") for name in ("valid", "clear", "flush")]
            m.d.sync += [register.eq(value) for register, value in zip(registers, values, strict=True)]
            values = [*registers]
        return values

    def _register(self, m: Module, name: str, values: Mapping[str, Value]) -> Any:
        """Return `values` one cycle later, as attributes, through an instance called `name`."""
        m.submodules[name] = register = PipelineRegister({key: value.shape() for key, value in values.items()})
        m.d.comb += [getattr(register.before, key).eq(value) for key, value in values.items()]
        return register.after

    def _multiply(self, m: Module, valid: Value):
        """Return the product (or its rows), its shape, and whether it is zero."""
        spec, pipeline = self.spec, self.spec.pipeline
        if self.joins_rows:
            first = spec.levels[0]
            assert isinstance(first, FixedAcc)
            assert isinstance(spec.a, IntFormat)
            assert isinstance(spec.b, IntFormat)
            width = _total_width(spec.fixed_point(first), spec.product_max_magnitude.bit_length() + spec.fixed_point(first).fraction)
            m.submodules.mpy = mpy = MpyInteger(spec.a, spec.b, width, self.architecture)
            codes = self._register(m, "decode_register", {"a": self.a, "b": self.b}) if pipeline == 2 else self
            m.d.comb += [mpy.a.eq(codes.a), mpy.b.eq(codes.b), mpy.valid.eq(valid)]
            rows = self._register(m, "mpy_register", {"row_0": mpy.row_0, "row_1": mpy.row_1}) if pipeline else mpy
            return rows, mpy, None
        normalised = isinstance(spec.levels[0], FloatAcc)
        decoders = {"a": Decode(spec.a, normalised=normalised), "b": Decode(spec.b, normalised=normalised)}
        mpy = Mpy(decoders["a"].shape, decoders["b"].shape, normalised=normalised, architecture=self.architecture)
        for name, decode in decoders.items():
            m.submodules[f"decode_{name}"] = decode
            m.d.comb += decode.code.eq(getattr(self, name))
            number = decode.number
            if pipeline == 2:
                number = self._register(m, f"decode_{name}_register", {key: getattr(number, key) for key in fields(decode.shape)})
            m.d.comb += connect(decode.shape, getattr(mpy, name), number)
        m.submodules.mpy = mpy
        m.d.comb += mpy.valid.eq(valid)
        product, zero = mpy.product, field(mpy, "zero")
        if pipeline:
            values = {key: getattr(product, key) for key in fields(mpy.shape)}
            product = self._register(m, "mpy_register", {**values, "zero": zero} if normalised else values)
            zero = field(product, "zero")
        return product, mpy.shape, zero

    def _accumulate(self, m: Module, acc: FixedAcc | FloatAcc, term, shape, zero, step: Step, *, suffix: str, resettable: bool) -> Level:
        """Add `term` to an accumulator level, in instances called alignadd and normacc plus `suffix`."""
        if isinstance(acc, FixedAcc):
            return self._accumulate_fixed(m, acc, term, shape, step, suffix=suffix, resettable=resettable)
        if not acc.fused and RoundTerm.needed(acc, shape):
            m.submodules[f"normacc_product{suffix}"] = rounder = RoundTerm(acc, shape, self.architecture)
            m.d.comb += connect(shape, rounder.term, term)
            term, shape, zero = rounder.rounded, rounder.shape, rounder.zero
        state = float_state(acc, shape)
        alignadd = AlignAddFloat(shape, state.shape, self.architecture)
        normacc = NormAccFloat(acc, state, len(alignadd.significand), alignadd.exponent_range, self.architecture, resettable=resettable)
        m.submodules[f"alignadd{suffix}"] = alignadd
        m.submodules[f"normacc{suffix}"] = normacc
        m.d.comb += connect(shape, alignadd.term, term) + connect(state.shape, alignadd.acc, normacc.acc)
        m.d.comb += [
            alignadd.term_zero.eq(zero),
            alignadd.acc_zero.eq(normacc.acc_zero),
            normacc.significand.eq(alignadd.significand),
            normacc.exponent.eq(alignadd.exponent),
            normacc.sign.eq(alignadd.sign),
            normacc.zero_sign.eq(alignadd.zero_sign),
            normacc.term_nan.eq(field(term, "nan")),
            normacc.term_inf.eq(field(term, "inf")),
            normacc.term_sign.eq(field(term, "sign")),
            normacc.clear.eq(step.clear),
        ]
        value = normacc.value
        value_zero = ~(value.significand.any() if state.floored else value.significand[-1])
        return Level(normacc.code, value, state.shape, value_zero, Const(0, 1), Const(0, 1))

    def _accumulate_fixed(self, m: Module, acc: FixedAcc, term, shape, step: Step, *, suffix: str, resettable: bool) -> Level:
        fixed = self.spec.fixed_point(acc)
        if isinstance(shape, MpyInteger):
            width = shape.width
            alignadd = AlignAddInteger(shape.row_width, shape.constant, fixed.fraction, fixed.width, width, self.architecture)
            m.d.comb += [alignadd.row_0.eq(term.row_0), alignadd.row_1.eq(term.row_1)]
            special = Const(0, 1)
        else:
            width = _total_width(fixed, shape.magnitude.bit_length() + shape.lsb + fixed.fraction)
            alignadd = AlignAddFixed(shape, fixed, width, acc.rounding, self.architecture)
            m.d.comb += connect(shape, alignadd.term, term)
            special = field(term, "nan") | field(term, "inf")
        normacc = NormAccFixed(fixed, width, saturate=acc.saturate, resettable=resettable)
        m.submodules[f"alignadd{suffix}"] = alignadd
        m.submodules[f"normacc{suffix}"] = normacc
        m.d.comb += [
            alignadd.acc.eq(normacc.acc),
            normacc.total.eq(alignadd.total),
            normacc.special.eq(special),
            normacc.clear.eq(step.clear),
            normacc.clear_flags.eq(step.clear_flags),
        ]
        if not suffix and self.spec.is_chunked:
            m.submodules.alignadd_magnitude = magnitude = Magnitude(fixed)
            m.d.comb += magnitude.code.eq(normacc.code)
            number, number_shape = magnitude.number, magnitude.shape
            number_zero = ~number.significand.any()
        else:
            number, number_shape, number_zero = None, None, None
        return Level(normacc.code, number, number_shape, number_zero, normacc.overflow, normacc.invalid)

    def _chunk(self, m: Module, acc: ChunkAcc, term, shape, zero, valid, clear, flush, reset) -> None:
        """Join two levels: the inner one, and the outer one a cycle behind it."""
        # `started`: a step has been taken since the last fold.
        started = Signal()
        count = Signal(range(acc.length)) if acc.length > 1 else Const(0, 0)
        fresh = clear | ~started
        last, fold = Signal(), Signal()
        if acc.length > 1:
            is_last = (count == acc.length - 1) & ~fresh
            bits = len(count)
            counted = Cat(*add(m, AdderCells(m), list(count & (~fresh).replicate(bits)), constant(0, bits), 1)[:bits])
            with m.If(valid):
                m.d.sync += count.eq(counted)
            m.d.comb += last.eq(is_last | flush)
        else:
            m.d.comb += last.eq(1)
        m.d.comb += fold.eq((valid & last) | (flush & ~valid & started))
        with m.If(valid | flush):
            m.d.sync += started.eq(valid & ~last)

        step = Step((valid & fresh) | reset, clear | reset)
        inner = self._accumulate(m, acc.inner, term, shape, zero, step, suffix="", resettable=self.spec.pipeline > 0)

        folding, cleared, valid_outer, acc_valid = Signal(), Signal(), Signal(), Signal()
        m.d.sync += [folding.eq(fold), cleared.eq(clear), valid_outer.eq(valid), acc_valid.eq(valid_outer)]
        addend = Signal(data.StructLayout(fields(inner.shape)))
        m.d.comb += connect(inner.shape, addend, inner.term)
        m.d.comb += addend.significand.eq(inner.term.significand & folding.replicate(inner.shape.significand_bits))
        for name in ("nan", "inf"):
            if name not in fields(inner.shape):
                continue
            m.d.comb += addend[name].eq(getattr(inner.term, name) & folding)
        if inner.shape.signed:
            # Nothing to fold: -0, which changes no accumulator.
            m.d.comb += addend.sign.eq(inner.term.sign | ~folding)
        outer = self._accumulate(
            m, acc.outer, addend, inner.shape, inner.zero | ~folding, Step(cleared, cleared), suffix="_outer", resettable=True
        )
        m.d.comb += [self.acc.eq(outer.code), self.acc_valid.eq(acc_valid)]
        if self.spec.has_flags:
            flags = Signal(2)
            m.d.sync += flags.eq(Cat(inner.overflow, inner.invalid))
            m.d.comb += [self.overflow.eq(flags[0] | outer.overflow), self.invalid.eq(flags[1] | outer.invalid)]


def _total_width(fixed: FixedPoint, term_bits: int) -> int:
    """Return the bits that hold the exact sum of an accumulator and a term of `term_bits` bits, rounded up at most once."""
    return max(fixed.width, max(term_bits, 0) + 2) + 1
