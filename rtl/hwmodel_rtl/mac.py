"""Mac: the parts joined to a unit, as its spec says."""

from amaranth.hdl import Cat, Const, Module, ResetSignal, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwmodel.spec import ChunkAcc, FixedAcc, FloatAcc, MacSpec, TensorAcc

from .architecture import Architecture
from .fold import fold_control, only_while
from .lanes import multiply_lanes
from .level import Level, Step, accumulate, total_width
from .level_tensor import accumulate_tensor
from .scale import block_scales, scaled
from .sums import Sum, add_products, sum_block, unpack_sum
from .terms import Rows, Terms, registered


class Mac(wiring.Component):
    """A multiply-accumulate unit. `spec.lanes` operand pairs a cycle, `spec.latency` cycles.

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
        With `valid`: the accumulator counts as zero before this step's products are added, and a chunk or block begins.
    a, b : In
        Codes of the operands, that of lane 0 in the low bits.
    a_scale, b_scale : In
        Operands in a block format only: code of the block's scale; what is shown with the block's last step counts.
    a_shift, b_shift : In
        Block formats with sub-blocks only: the shifts of those that the step's elements are from, the lowest lane's in the low bits.
    mode_a, mode_b : In
        Operands of several formats only: which of them the codes of all lanes are in. A mode past the last format counts as the last.
    flush : In(1)
        Chunks, and blocks of several steps, only. With `valid`: this step ends its chunk or block. Alone: what there is of it is folded.
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
        if spec.blocks and spec.fold_steps is not None:
            self._blocks(m, terms, *at_sum)
        elif spec.exact_sum:
            self._accumulate(m, self._sum(m, terms, at_sum[0]), *self._delay(m, at_sum, pipeline - multiplied))
        else:
            self._accumulate(m, terms, *at_sum)
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

    def _sum(self, m: Module, terms: Terms | Rows, valid: Value) -> Terms:
        """Return the exact sum of a step's products, scaled if it is a block's, and the register of the pipeline behind it."""
        spec = self.spec
        assert spec.exact_sum is not None
        total = add_products(m, spec.exact_sum, terms, self.architecture)
        if not spec.blocks:
            number = unpack_sum(m, spec, self.architecture, total, normalised=True, zero_sign=total.zero_sign)
        else:
            scale = self._scale(m)
            if spec.pipeline == 2:
                scale = registered(m, "mpy_scale_register", scale)
            number = only_while(m, valid, self._scaled(m, total, scale))
        # What is in the register behind the multipliers at reset must not arrive either.
        return registered(m, "alignadd_sum_register", number, resettable=spec.pipeline == 2) if spec.pipeline else number

    @property
    def _normalised(self) -> bool:
        """Whether the accumulator wants the sum of a block normalised."""
        return not isinstance(self.spec.levels[0], FixedAcc)

    def _scale(self, m: Module) -> Terms:
        return block_scales(m, self, self.spec, self.architecture, normalised=self._normalised)

    def _scaled(self, m: Module, total: Sum, scale: Terms) -> Terms:
        """Return the sum of a block, which is +0 if it is zero, times its scale."""
        normalised = self._normalised
        number = unpack_sum(m, self.spec, self.architecture, total, normalised=normalised, zero_sign=Const(0, 1))
        can_be_zero = not all(fmt.power_of_two for fmt in self.spec.blocks)
        return scaled(m, "alignadd_scale", number, scale, self.architecture, normalised=normalised, can_be_zero=can_be_zero)

    def _blocks(self, m: Module, terms: Terms | Rows, valid: Value, clear: Value, flush: Value) -> None:
        """Join the sum of a block in several steps, and, a cycle behind it, the accumulator."""
        spec, pipeline = self.spec, self.spec.pipeline
        assert spec.fold_steps is not None
        fold = fold_control(m, spec.fold_steps, valid, clear, flush)
        # As for an accumulator, with what is in front of the sum.
        resettable = pipeline == 2
        reset = Const(0, 1) if resettable else ResetSignal()
        total = sum_block(m, spec, self.architecture, terms, (valid & fold.fresh) | reset, resettable=resettable)
        scale = self._scale(m)
        if pipeline == 2:
            scale = registered(m, "mpy_scale_register", scale)
        # What is shown with the last step before a fold counts.
        scale = registered(m, "mpy_scale_last", scale, enable=valid)

        valid, clear, folding = self._delay(m, [valid, clear, fold.now], 1)
        number = only_while(m, folding, self._scaled(m, total, scale))
        if pipeline:
            number = registered(m, "alignadd_sum_register", number, resettable=True)
            valid, clear, _ = self._delay(m, [valid, clear, folding], 1)
        self._accumulate_last(m, number, clear, valid, resettable=True, random_delay=pipeline + 1)

    def _accumulate(self, m: Module, terms: Terms | Rows, valid: Value, clear: Value, flush: Value) -> None:
        """Add the terms of a step to the accumulator, and drive the outputs."""
        spec, pipeline = self.spec, self.spec.pipeline
        # Without a pipeline nothing is in flight, so a reset is a clear; else the register itself has to be reset.
        reset = Const(0, 1) if pipeline else ResetSignal()
        if isinstance(spec.acc, ChunkAcc):
            self._chunk(m, spec.acc, terms, valid, clear, flush, reset)
            return
        self._accumulate_last(m, terms, clear | reset, valid, resettable=pipeline > 0, random_delay=pipeline)

    def _accumulate_last(self, m: Module, terms: Terms | Rows, clear: Value, valid: Value, *, resettable: bool, random_delay: int) -> None:
        """Add terms to the one accumulator there is, and drive the outputs."""
        spec = self.spec
        step = Step(clear, clear, self._random(m, random_delay) if spec.random_bits else None)
        if isinstance(spec.acc, TensorAcc):
            assert isinstance(terms, Terms)
            level = self._tensor_core(m, terms, valid, step, resettable=resettable)
        else:
            level = accumulate(m, spec, self.architecture, spec.levels[0], terms, step, suffix="", resettable=resettable)
        acc_valid = Signal()
        m.d.sync += acc_valid.eq(valid)
        m.d.comb += [self.acc.eq(level.code), self.acc_valid.eq(acc_valid)]
        if spec.has_flags:
            m.d.comb += [self.overflow.eq(level.overflow), self.invalid.eq(level.invalid)]

    def _tensor_core(self, m: Module, terms: Terms, valid: Value, step: Step, *, resettable: bool) -> Level:
        """Add the products of a step, which is a whole block where there are any, and their scale."""
        spec, scale = self.spec, None
        if spec.blocks:
            scale = block_scales(m, self, spec, self.architecture, normalised=False)
            for name in ("mpy_scale_register", "alignadd_scale_register")[: spec.pipeline]:
                scale = registered(m, name, scale)
        return accumulate_tensor(m, spec, self.architecture, terms, scale, valid, step, resettable=resettable)

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
