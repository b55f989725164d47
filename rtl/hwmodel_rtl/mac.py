"""Mac: the parts joined to a unit, as its spec says."""

from collections.abc import Mapping
from typing import Any

from amaranth.hdl import Cat, Const, Module, ResetSignal, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hwmodel.spec import ChoiceFormat, ChunkAcc, FixedAcc, FloatAcc, LogFormat, MacSpec, PositAcc
from hwmodel.spec.ranges import row_integer

from .adders import add, constant
from .architecture import Architecture
from .cells import AdderCells
from .decode import Decode
from .decode_integer import Widen
from .decode_log import DecodeLog
from .level import Step, accumulate, total_width
from .mpy import Mpy, MpyInteger
from .mpy_log import MpyLog
from .number import connect, field, fields
from .pipeline import PipelineRegister


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
    mode_a, mode_b : In
        Operands of several formats only: which of them the code is in. A mode past the last format counts as the last.
    flush : In(1)
        Chunked accumulators only. With `valid`: this step ends its chunk. Alone: the chunk so far is folded.
    rand : In(spec.random_bits)
        Stochastic rounding only: random bits for the rounding of these operands (and of the fold that `flush` asks for);
        a chunk's inner level takes the lowest.
    acc : Out
        The accumulator's code.
    acc_valid : Out(1)
        `latency` cycles after each `valid`: `acc` holds the state after those operands.
    overflow, invalid : Out(1)
        Fixed point only: sticky since the last `clear`.
    """

    def __init__(self, spec: MacSpec, architecture: Architecture | None = None) -> None:
        spec.require_circuit()
        self.spec = spec
        self.architecture = architecture or Architecture()
        ports = {name: In(width) for name, width in spec.inputs.items()}
        ports |= {name: Out(width) for name, width in spec.outputs.items()}
        super().__init__(ports)

    @property
    def joins_rows(self) -> bool:
        """Whether the product goes into the accumulator's adder as two rows: integers, and nothing to round."""
        first = self.spec.levels[0]
        return (
            isinstance(first, FixedAcc)
            and self.spec.fixed_point(first).fraction >= 0
            and None not in (row_integer(self.spec.a), row_integer(self.spec.b))
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
        step = Step(clear | reset, clear | reset, self._random(m, pipeline) if self.spec.random_bits else None)
        level = accumulate(m, self.spec, self.architecture, first, term, shape, zero, step, suffix="", resettable=pipeline > 0)
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

    def _random(self, m: Module, cycles: int) -> Value:
        """Return the random bits of `cycles` cycles ago: those that came with the product that is added now."""
        bits: Value = self.rand
        for _ in range(cycles):
            delayed = Signal(len(bits), name="rand_delayed", reset_less=True)
            m.d.sync += delayed.eq(bits)
            bits = delayed
        return bits

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
            a, b = row_integer(spec.a), row_integer(spec.b)
            assert a is not None
            assert b is not None
            width = total_width(spec.fixed_point(first), spec.product_max_magnitude.bit_length() + spec.fixed_point(first).fraction)
            m.submodules.mpy = mpy = MpyInteger(a, b, width, self.architecture)
            codes = {name: self._integer(m, name) for name in ("a", "b")}
            if pipeline == 2:
                register = self._register(m, "decode_register", codes)
                codes = {name: getattr(register, name) for name in codes}
            m.d.comb += [mpy.a.eq(codes["a"]), mpy.b.eq(codes["b"]), mpy.valid.eq(valid)]
            rows = self._register(m, "mpy_register", {"row_0": mpy.row_0, "row_1": mpy.row_1}) if pipeline else mpy
            return rows, mpy, None
        # A float or posit accumulator wants normalised products; logarithms have no others.
        normalised = isinstance(spec.levels[0], FloatAcc | PositAcc)
        decoders, mpy = self._parts(normalised)
        for name, decode in decoders.items():
            m.submodules[f"decode_{name}"] = decode
            m.d.comb += decode.code.eq(getattr(self, name))
            if isinstance(getattr(spec, name), ChoiceFormat):
                m.d.comb += decode.mode.eq(getattr(self, f"mode_{name}"))
            number = {key: getattr(decode.number, key) for key in decode.number.signature.members}
            if pipeline == 2:
                register = self._register(m, f"decode_{name}_register", number)
                number = {key: getattr(register, key) for key in number}
            m.d.comb += [getattr(getattr(mpy, name), key).eq(value) for key, value in number.items()]
        m.submodules.mpy = mpy
        m.d.comb += mpy.valid.eq(valid)
        product, zero = mpy.product, field(mpy, "zero")
        if pipeline:
            values = {key: getattr(product, key) for key in fields(mpy.shape)}
            product = self._register(m, "mpy_register", {**values, "zero": zero} if normalised else values)
            zero = field(product, "zero")
        return product, mpy.shape, zero

    def _integer(self, m: Module, name: str) -> Value:
        """Return the code of an operand that is an integer; of one of several widths, brought to the widest."""
        fmt = getattr(self.spec, name)
        if not isinstance(fmt, ChoiceFormat):
            return getattr(self, name)
        m.submodules[f"decode_{name}"] = widen = Widen(fmt)
        m.d.comb += [widen.code.eq(getattr(self, name)), widen.mode.eq(getattr(self, f"mode_{name}"))]
        return widen.integer

    def _parts(self, normalised: bool):
        """Return the decoders by operand, and the multiplier."""
        a, b = self.spec.a, self.spec.b
        if isinstance(a, LogFormat) and isinstance(b, LogFormat):
            return {"a": DecodeLog(a), "b": DecodeLog(b)}, MpyLog(a, b)
        decoders = {"a": Decode(a, normalised=normalised), "b": Decode(b, normalised=normalised)}
        return decoders, Mpy(decoders["a"].shape, decoders["b"].shape, normalised=normalised, architecture=self.architecture)

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

        inner_random, outer_random = self._chunk_random(m, acc)
        step = Step((valid & fresh) | reset, clear | reset, inner_random)
        inner = accumulate(
            m, self.spec, self.architecture, acc.inner, term, shape, zero, step, suffix="", resettable=self.spec.pipeline > 0
        )

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
        outer = accumulate(
            m,
            self.spec,
            self.architecture,
            acc.outer,
            addend,
            inner.shape,
            inner.zero | ~folding,
            Step(cleared, cleared, outer_random),
            suffix="_outer",
            resettable=True,
        )
        m.d.comb += [self.acc.eq(outer.code), self.acc_valid.eq(acc_valid)]
        if self.spec.has_flags:
            flags = Signal(2)
            m.d.sync += flags.eq(Cat(inner.overflow, inner.invalid))
            m.d.comb += [self.overflow.eq(flags[0] | outer.overflow), self.invalid.eq(flags[1] | outer.invalid)]

    def _chunk_random(self, m: Module, acc: ChunkAcc) -> tuple[Value | None, Value | None]:
        """Return the random bits of both levels; the outer one, a cycle behind, gets its own a cycle later."""
        if not self.spec.random_bits:
            return None, None
        now = self._random(m, self.spec.pipeline)
        low = acc.inner.random_bits if isinstance(acc.inner, FloatAcc) else 0
        if low == len(now):
            return now, None
        later = Signal(len(now) - low, name="rand_outer", reset_less=True)
        m.d.sync += later.eq(now[low:])
        return now[:low], later
