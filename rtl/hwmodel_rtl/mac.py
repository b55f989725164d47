"""Mac: the parts joined to a unit, as its spec says."""

from amaranth.hdl import Cat, Const, Module, ResetSignal, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwmodel.spec import ChunkAcc, FixedAcc, FloatAcc, MacSpec, TensorAcc

from .architecture import Architecture
from .fold import fold_control, only_while
from .lanes import multiply_lanes
from .level import Step, accumulate, total_width
from .level_tensor import accumulate_tensor
from .sums import add_products, registered_sum, unpack_sum
from .terms import Rows, Terms


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
        self.spec = spec
        self.architecture = architecture or Architecture()
        ports = {name: In(width) for name, width in spec.inputs.items()}
        ports |= {name: Out(width) for name, width in spec.outputs.items()}
        super().__init__(ports)

    def elaborate(self, platform):
        m = Module()
        spec, pipeline = self.spec, self.spec.pipeline
        control = [self.valid, self.clear & self.valid, self.flush if spec.fold_steps is not None else Const(0, 1)]
        # The registers stand behind the multipliers and the decoders; behind and in front of an exact sum, where there is one.
        decoded = int(pipeline == 2 and spec.exact_sum is None)
        multiplied = int(pipeline == 2 if spec.exact_sum else pipeline > 0)
        at_mpy = self._delay(m, control, decoded)
        at_mpy[0] = at_mpy[0] & ~ResetSignal()  # a product on its way at reset must not arrive
        at_sum = self._delay(m, at_mpy, multiplied)
        terms = multiply_lanes(
            m, self, spec, self.architecture, self._sum_width(), at_mpy[0], decoded=bool(decoded), multiplied=bool(multiplied)
        )
        if spec.exact_sum is None:
            self._accumulate(m, terms, *at_sum)
        else:
            self._accumulate(m, self._sum(m, terms), *self._delay(m, at_sum, pipeline - multiplied))
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

    def _sum_width(self) -> int:
        """Return how many bits the rows of integer products shall be good for."""
        spec, first = self.spec, self.spec.levels[0]
        if spec.exact_sum is not None or not isinstance(first, FixedAcc):
            return spec.exact_sum.width if spec.exact_sum else 0
        return total_width(spec.fixed_point(first), spec.product_max_magnitude, spec.product_lsb_exponent, spec.lanes)

    def _sum(self, m: Module, terms: Terms | Rows) -> Terms:
        """Return the exact sum of a step's products, normalised, with the registers of the pipeline that belong behind it."""
        spec = self.spec
        assert spec.exact_sum is not None
        total = add_products(m, spec.exact_sum, terms, self.architecture)
        number = unpack_sum(m, spec, self.architecture, total, normalised=True, zero_sign=total.zero_sign)
        if not spec.pipeline:
            return number
        # What is in the register behind the multipliers at reset must not arrive either.
        return registered_sum(m, number, resettable=spec.pipeline == 2)

    def _accumulate(self, m: Module, terms: Terms | Rows, valid: Value, clear: Value, flush: Value) -> None:
        """Add the terms of a step to the accumulator, and drive the outputs."""
        spec, pipeline = self.spec, self.spec.pipeline
        # Without a pipeline nothing is in flight, so a reset is a clear; else the register itself has to be reset.
        reset = Const(0, 1) if pipeline else ResetSignal()
        if isinstance(spec.acc, ChunkAcc):
            self._chunk(m, spec.acc, terms, valid, clear, flush, reset)
            return
        step = Step(clear | reset, clear | reset, self._random(m, pipeline) if spec.random_bits else None)
        if isinstance(spec.acc, TensorAcc):
            assert isinstance(terms, Terms)
            level = accumulate_tensor(m, spec, self.architecture, terms, valid, step, resettable=pipeline > 0)
        else:
            level = accumulate(m, spec, self.architecture, spec.levels[0], terms, step, suffix="", resettable=pipeline > 0)
        acc_valid = Signal()
        m.d.sync += acc_valid.eq(valid)
        m.d.comb += [self.acc.eq(level.code), self.acc_valid.eq(acc_valid)]
        if spec.has_flags:
            m.d.comb += [self.overflow.eq(level.overflow), self.invalid.eq(level.invalid)]

    def _chunk(self, m: Module, acc: ChunkAcc, terms: Terms | Rows, valid, clear, flush, reset) -> None:
        """Join two levels: the inner one, and the outer one a cycle behind it."""
        fold = fold_control(m, acc.length, valid, clear, flush)
        inner_random, outer_random = self._chunk_random(m, acc)
        step = Step((valid & fold.fresh) | reset, clear | reset, inner_random)
        inner = accumulate(m, self.spec, self.architecture, acc.inner, terms, step, suffix="", resettable=self.spec.pipeline > 0)

        folding, cleared, valid_outer, acc_valid = Signal(), Signal(), Signal(), Signal()
        m.d.sync += [folding.eq(fold.now), cleared.eq(clear), valid_outer.eq(valid), acc_valid.eq(valid_outer)]
        addend = only_while(m, folding, Terms([inner.term], inner.shape, inner.zero))
        step = Step(cleared, cleared, outer_random)
        outer = accumulate(m, self.spec, self.architecture, acc.outer, addend, step, suffix="_outer", resettable=True)
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
