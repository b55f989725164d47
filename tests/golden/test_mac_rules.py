"""The rules of a unit, each on numbers small enough to check by hand. Every case is run on both forms."""

import numpy as np
import pytest

from hwmodel import golden
from hwmodel.spec import MacSpec, SpecError, parse_format

NAN, INF = float("nan"), float("inf")


class Pair:
    """Both forms of a unit in step; operands are numbers, and so is the accumulator."""

    def __init__(self, name: str, start: float | None = None):
        self.spec = MacSpec.parse(name)
        self.array, self.scalar = golden.Mac(self.spec), golden.scalar.Mac(self.spec)
        self.array.reset(1)
        if start is not None:
            code = golden.scalar.encode(start, self.spec.levels[-1].format)
            self.array.load([code])
            self.scalar.load(code)

    def step(
        self, a: float = 0, b: float = 0, clear: bool = False, flush: bool = False, valid: bool = True, rand: int | None = None
    ) -> "Pair":
        a_code, b_code = golden.scalar.encode(a, self.spec.a), golden.scalar.encode(b, self.spec.b)
        self.array.step([a_code], [b_code], [clear], flush=[flush], valid=[valid], rand=None if rand is None else [rand])
        self.scalar.step(a_code, b_code, clear, flush=flush, valid=valid, rand=rand or 0)
        return self

    @property
    def acc(self) -> int:
        assert golden.code_to_int(self.array.acc) == [self.scalar.acc]
        return self.scalar.acc

    @property
    def flags(self) -> tuple[bool, bool]:
        """Overflow, invalid."""
        flags = self.scalar.overflow, self.scalar.invalid
        assert (self.array.overflow.tolist(), self.array.invalid.tolist()) == ([flags[0]], [flags[1]])
        return flags


def test_clear_forgets_sum_and_flags_before_the_step() -> None:
    mac = Pair("int8-int8-fx16f0").step(127, 127).step(127, 127).step(127, 127)
    assert (mac.acc, mac.flags) == (3 * 127 * 127 % (1 << 16), (True, False))
    assert (mac.step(2, 3).acc, mac.flags) == (48393, (True, False))
    assert (mac.step(2, 3, clear=True).acc, mac.flags) == (6, (False, False))


def test_idle_cycles_change_nothing() -> None:
    mac = Pair("int8-int8-fx32").step(2, 3)
    assert mac.step(5, 5, valid=False).acc == 6
    assert mac.step(5, 5, clear=True, valid=False).acc == 6
    assert mac.step(5, 5, clear=True, flush=True, valid=False).acc == 6


def test_saturation_sticks_to_the_nearer_end_and_can_leave_it() -> None:
    mac = Pair("int8-int8-fx16f0.sat").step(-128, 127).step(-128, 127).step(-128, 127)
    assert (mac.acc, mac.flags) == (0x8000, (True, False))
    assert (mac.step(1, 1).acc, mac.flags) == (0x8001, (True, False))


def test_a_product_larger_than_the_register_wraps_exactly() -> None:
    assert Pair("int8-int8-fx8f0").step(127, 127).acc == 127 * 127 % 256
    assert Pair("int8-int8-fx8f0.sat").step(127, -127).acc == 0x80


@pytest.mark.parametrize(("option", "codes"), [("", [0, 1, 1]), (".rne", [0, 2, 2])])
def test_products_finer_than_the_unit(option: str, codes: list[int]) -> None:
    # Unit 2^3: 4 is half of it, 12 one and a half, -4 minus a half; each product is brought to the unit by itself.
    mac = Pair(f"int8-int8-fx16fm3{option}")
    assert [mac.step(4, 1, clear=True).acc, mac.step(12, 1, clear=True).acc] == codes[:2]
    assert mac.step(-4, 1, clear=True).acc == (0xFFFF if option == "" else 0)


def test_fixed_point_marks_what_is_not_a_number() -> None:
    mac = Pair("e5m2-e5m2-fx").step(1, 1)
    before = mac.acc
    assert (mac.step(INF, 1).acc, mac.flags) == (before, (False, True))
    assert (mac.step(0, 0).acc, mac.flags) == (before, (False, True))
    assert (mac.step(1, 1, clear=True).acc, mac.flags) == (before, (False, False))
    assert mac.step(NAN, 0).flags == (False, True)


@pytest.mark.parametrize(
    ("name", "start", "a", "b", "code"),
    [
        # A zero product has the sign of its operands; -0 stays only beside -0.
        ("e4m3-e4m3-fp16", -0.0, -0.0, 1.0, 0x8000),
        ("e4m3-e4m3-fp16", -0.0, 0.0, 1.0, 0x0000),
        ("e4m3-e4m3-fp16", -0.0, -0.0, -1.0, 0x0000),
        ("sm8-int8-fp16", -0.0, -0.0, 1, 0x8000),
        ("sm8-int8-fp16", -0.0, -0.0, -1, 0x0000),
        ("int8-int8-fp16", -0.0, 0, -1, 0x8000),
        ("e4m3fnuz-e4m3-fp16", -0.0, 0.0, -1.0, 0x8000),
        ("e4m3-e4m3-fp16", -1.0, 1.0, 1.0, 0x0000),
        ("e4m3-e4m3-fp16.rtz", -1.0, 1.0, 1.0, 0x0000),
        # A sum too small to keep leaves a zero of its sign.
        ("e4m3b20-e4m3-fp16", -0.0, -(2.0**-22), 2.0**-9, 0x8000),
        ("e4m3b20-e4m3-e4m3fnuz", 0.0, -(2.0**-22), 2.0**-9, 0x00),
        # Infinity and NaN.
        ("e5m2-e5m2-fp16", INF, -INF, 1.0, 0x7E00),
        ("e5m2-e5m2-fp16", INF, INF, 1.0, 0x7C00),
        ("e5m2-e5m2-fp16", 0.0, -INF, 1.0, 0xFC00),
        ("e5m2-e5m2-fp16", 0.0, INF, 0.0, 0x7E00),
        ("e5m2-e5m2-e4m3fn.rtz", 1.0, -INF, 1.0, 0x7F),
        ("e5m2-e5m2-e4m3fnuz", 1.0, -INF, 1.0, 0x80),
        # Overflow, judged after rounding: 448 + 16 = 464 ties back to 448; one more does not.
        ("e4m3fn-e4m3fn-e4m3fn", 448.0, 16.0, 1.0, 0x7E),
        ("e4m3fn-e4m3fn-e4m3fn", 448.0, 18.0, 1.0, 0x7F),
        ("e4m3fn-e4m3fn-e4m3fn.rna", 448.0, 16.0, 1.0, 0x7F),
        ("e4m3fn-e4m3fn-e4m3fn.rtz", -448.0, -448.0, 448.0, 0xFE),
        ("e4m3fn-e4m3fn-fp16", 65504.0, 448.0, -448.0, 0xFC00),
        ("e4m3fn-e4m3fn-fp16.rtz", 65504.0, 448.0, -448.0, 0xFBFF),
        ("e2m1fn-e2m1fn-e2m3fn", 7.5, 6.0, -6.0, 0x3F),
        ("e2m1fn-e2m1fn-e2m3fn", 7.0, 6.0, 6.0, 0x1F),
        # Subnormal results: kept, or with .ftz rounded on the subnormal grid and then made zero.
        ("e4m3-e4m3-e4m3", 0.0, 2.0**-5, 2.0**-3, 0x02),
        ("e4m3-e4m3-e4m3.ftz", 0.0, -(2.0**-5), 2.0**-3, 0x80),
        ("e4m3-e4m3-e4m3.ftz", 0.0, 1.75 * 2.0**-5, 2.0**-2, 0x00),
        ("e4m3-e4m3-e4m3.ftz", 0.0, 1.875 * 2.0**-5, 2.0**-2, 0x08),
        ("e4m3-e4m3-e4m3.rtz.ftz", 0.0, 1.875 * 2.0**-5, 2.0**-2, 0x00),
        ("e4m3-e4m3-e4m3.ftz", 2.0**-9, 1.0, 1.0, 0x38),
        # 2 + 1.0625^2 is just above the tie between 3 and 3.25; unfused loses the excess with the product.
        ("e5m4-e5m4-e4m3", 2.0, 1.0625, 1.0625, 0x45),
        ("e5m4-e5m4-e4m3.unfused", 2.0, 1.0625, 1.0625, 0x44),
        # The rounded product is flushed too: 2^-7 is subnormal in e4m3.
        ("e4m3-e4m3-e4m3.unfused", 2.0**-6, 2.0**-5, 2.0**-2, 0x0C),
        ("e4m3-e4m3-e4m3.ftz", 2.0**-6, 2.0**-5, 2.0**-2, 0x0C),
        ("e4m3-e4m3-e4m3.ftz.unfused", 2.0**-6, 2.0**-5, 2.0**-2, 0x08),
    ],
)
def test_float_accumulators(name: str, start: float, a: float, b: float, code: int) -> None:
    assert hex(Pair(name, start).step(a, b).acc) == hex(code)


@pytest.mark.parametrize(
    ("name", "start", "a", "b", "rand", "code"),
    [
        # Three quarters of the way from 1 to 1 + 2^-10: t = 192 of 256.
        ("fp16-fp16-fp16.sr8", 1.0, 0.75 * 2.0**-5, 2.0**-5, 63, 0x3C00),
        ("fp16-fp16-fp16.sr8", 1.0, 0.75 * 2.0**-5, 2.0**-5, 64, 0x3C01),
        ("fp16-fp16-fp16.sr8", -1.0, 0.75 * 2.0**-5, -(2.0**-5), 64, 0xBC01),
        # Bits past the k-th are not looked at: 0.75 + 2^-9 of the way, and one bit sees only a half.
        ("fp16-fp16-fp16.sr8", 1.0, 385 * 2.0**-14, 2.0**-5, 63, 0x3C00),
        ("fp16-fp16-fp16.sr1", 1.0, 0.75 * 2.0**-5, 2.0**-5, 0, 0x3C00),
        ("fp16-fp16-fp16.sr1", 1.0, 0.75 * 2.0**-5, 2.0**-5, 1, 0x3C01),
        ("fp16-fp16-fp16.sr1", 1.0, 0.25 * 2.0**-5, 2.0**-5, 1, 0x3C00),
        # One minus next to nothing: t is all ones, and only r = 0 truncates.
        ("fp16-fp16-fp16.sr8", 1.0, 2.0**-14, -(2.0**-14), 0, 0x3BFF),
        ("fp16-fp16-fp16.sr8", 1.0, 2.0**-14, -(2.0**-14), 1, 0x3C00),
        # What is exact stays, whatever r.
        ("fp16-fp16-fp16.sr8", 1.0, 2.0**-5, 2.0**-5, 255, 0x3C01),
        ("fp16-fp16-fp16.sr8", 1.0, 1.0, -1.0, 255, 0x0000),
        # On the subnormal grid: a quarter of 2^-24; with .ftz zero in either case.
        ("fp16-fp16-fp16.sr8", 0.0, 2.0**-13, 2.0**-13, 191, 0x0000),
        ("fp16-fp16-fp16.sr8", 0.0, 2.0**-13, -(2.0**-13), 191, 0x8000),
        ("fp16-fp16-fp16.sr8", 0.0, 2.0**-13, 2.0**-13, 192, 0x0001),
        ("fp16-fp16-fp16.sr8.ftz", 0.0, 2.0**-13, 2.0**-13, 192, 0x0000),
        # Halfway between the largest number and the next that the format lacks.
        ("fp16-fp16-fp16.sr8", 65504.0, 4.0, 4.0, 127, 0x7BFF),
        ("fp16-fp16-fp16.sr8", 65504.0, 4.0, 4.0, 128, 0x7C00),
        ("e4m3fn-e4m3fn-e4m3fn.sr2", -448.0, 4.0, -4.0, 2, 0x7F),
        ("e2m1fn-e2m1fn-e2m3fn.sr2", 7.5, 0.5, 0.5, 3, 0x1F),
        # hfp8: nothing between 0 and 1.125 · 2^-11. 2^-12 is four ninths of it: floor(4/9 · 16) = 7.
        ("hfp8-hfp8-hfp8.sr4", 0.0, 2.0**-6, 2.0**-6, 8, 0x00),
        ("hfp8-hfp8-hfp8.sr4", 0.0, 2.0**-6, 2.0**-6, 9, 0x01),
        ("hfp8-hfp8-hfp8.sr4", 0.0, 2.0**-6, -(2.0**-6), 9, 0x81),
    ],
)
def test_stochastic_rounding(name: str, start: float, a: float, b: float, rand: int, code: int) -> None:
    assert hex(Pair(name, start).step(a, b, rand=rand).acc) == hex(code)


@pytest.mark.parametrize(
    ("name", "start", "a", "b", "code"),
    [
        # hfp8: the smallest number is 1.125 · 2^-11, and half of it 1.125 · 2^-12.
        ("hfp8-hfp8-hfp8", 0.0, 2.0**-5, 2.0**-6, 0x01),
        ("hfp8-hfp8-hfp8.rtz", 0.0, 2.0**-5, 2.0**-6, 0x00),
        ("hfp8-hfp8-hfp8", 0.0, 1.125 * 2.0**-6, 2.0**-6, 0x00),
        ("hfp8-hfp8-hfp8", 0.0, 1.125 * 2.0**-6, -(2.0**-6), 0x80),
        ("hfp8-hfp8-hfp8.rna", 0.0, 1.125 * 2.0**-6, 2.0**-6, 0x01),
        ("hfp8-hfp8-hfp8", 0.0, 1.25 * 2.0**-6, 2.0**-6, 0x01),
        ("hfp8-hfp8-hfp8.ftz", 0.0, 1.25 * 2.0**-6, 2.0**-6, 0x01),
        # A difference of 2^-11 that cancels far above: 1.125 - 1.1171875, and the binade below the grid's.
        ("e5m10none-e5m10none-hfp8", 1.125 * 2.0**-4, 143 * 2.0**-11, -1.0, 0x01),
        ("e5m10none-e5m10none-hfp8.rtz", 1.125 * 2.0**-4, 143 * 2.0**-11, -1.0, 0x00),
        # From there on as everywhere: 1.125 + 0.0625 units is a tie, to the even code.
        ("e5m10none-e5m10none-hfp8", 0.0, 1.1875 * 2.0**-11, 1.0, 0x02),
        ("e5m10none-e5m10none-hfp8", 0.0, 1.3125 * 2.0**-11, 1.0, 0x02),
        # dlfloat16: 2^-31 is nearer to 2^-31 · (1 + 2^-9) than to 0; a sum beyond the largest is its NaN.
        ("dlfloat16-dlfloat16-dlfloat16", 0.0, 2.0**-16, 2.0**-15, 0x0001),
        ("dlfloat16-dlfloat16-dlfloat16", 0.0, 2.0**-16, 2.0**-16, 0x0000),
        ("dlfloat16-dlfloat16-dlfloat16", 8573157376.0, 2.0**16, 2.0**16, 0x7FFF),
        # M = 0: the numbers are those of the format with subnormals.
        ("fp16-fp16-e4m0b7fnnosub", 0.0, 2.0**-7, 1.0, 0x00),
        ("fp16-fp16-e4m0b7fnnosub.rna", 0.0, 2.0**-7, 1.0, 0x01),
        # Unfused: each product of 2^-12 is first rounded to 0.
        ("hfp8-hfp8-hfp8", 2.0**-10, 2.0**-6, 2.0**-6, 0x0A),
        ("hfp8-hfp8-hfp8.unfused", 2.0**-10, 2.0**-6, 2.0**-6, 0x08),
    ],
)
def test_accumulators_without_subnormals(name: str, start: float, a: float, b: float, code: int) -> None:
    assert hex(Pair(name, start).step(a, b).acc) == hex(code)


def test_a_chunk_takes_its_random_bits_from_both_ends() -> None:
    # Bit 0 is the inner level's. Inner: 1.0625 is halfway between 1 and 1.125. Outer: 8 + 1.125 is an eighth past 9.
    unit = "fp16-fp16-chunk1:e4m3.sr1:e4m3.sr2"
    assert Pair(unit, 8.0).step(1.0625, 1.0, rand=0b110).acc == 0x51
    assert Pair(unit, -1.125).step(1.0625, 1.0, rand=0b110).acc == 0xA0  # -0.125
    assert Pair(unit, -1.125).step(1.0625, 1.0, rand=0b111).acc == 0x00
    # Outer: 17 is halfway between 16 and 18, t = 2 of 4.
    assert Pair(unit, 16.0).step(1.0, 1.0, rand=0b100).acc == 0x59
    assert Pair(unit, 16.0).step(1.0, 1.0, rand=0b011).acc == 0x58
    # A flush alone takes the bits of its own cycle.
    for rand, code in ((0b101, 0x59), (0b010, 0x58)):
        mac = Pair("fp16-fp16-chunk2:e4m3.sr1:e4m3.sr2", 16.0).step(1.0, 1.0, rand=rand ^ 0b110)
        assert mac.step(flush=True, valid=False, rand=rand).acc == code


def test_a_flushed_start_is_a_zero_of_its_sign() -> None:
    assert Pair("e4m3-e4m3-e4m3.ftz", -(2.0**-9)).acc == 0x80
    assert Pair("e4m3-e4m3-e4m3fnuz.ftz", -(2.0**-10)).acc == 0x00


def test_nan_stays_until_clear() -> None:
    mac = Pair("e5m2-e5m2-fp32").step(NAN, 1)
    assert mac.step(1, 1).acc == 0x7FC00000
    assert mac.step(1, 1, clear=True).acc == 0x3F800000
    assert mac.flags == (False, False)


def test_chunks_fold_after_their_last_step() -> None:
    mac = Pair("int8-int8-chunk3:fx20f0:fx24f0")
    assert [mac.step(k, 1).acc for k in range(1, 8)] == [0, 0, 6, 6, 6, 21, 21]


def test_flush_with_a_step_ends_the_chunk() -> None:
    mac = Pair("int8-int8-chunk3:fx20f0:fx24f0")
    assert mac.step(1, 1, flush=True).acc == 1
    assert [mac.step(k, 1).acc for k in range(1, 4)] == [1, 1, 7]
    assert mac.step(1, 1).step(1, 1).step(1, 1, flush=True).acc == 10
    assert mac.step(5, 1, flush=True).acc == 15


def test_flush_without_a_step_folds_what_there_is_once() -> None:
    mac = Pair("int8-int8-chunk3:fx20f0:fx24f0").step(2, 1)
    assert mac.step(9, 9, flush=True, valid=False).acc == 2
    assert mac.step(9, 9, flush=True, valid=False).acc == 2
    assert [mac.step(k, 1).acc for k in range(1, 4)] == [2, 2, 8]


def test_an_empty_flush_does_not_turn_minus_zero_into_zero() -> None:
    mac = Pair("e4m3-e4m3-chunk2:fp16:fp16", -0.0)
    assert mac.step(flush=True, valid=False).acc == 0x8000
    assert mac.step(0.0, 1.0, flush=True).acc == 0x0000


def test_clear_restarts_the_chunk() -> None:
    mac = Pair("int8-int8-chunk3:fx20f0:fx24f0").step(9, 9).step(9, 9)
    assert [mac.step(1, 1, clear=True).acc, mac.step(1, 1).acc, mac.step(1, 1).acc] == [0, 0, 3]


def test_chunk_flags_are_those_of_both_levels_and_stick() -> None:
    mac = Pair("int8-int8-chunk2:fx15f0:fx24f0").step(127, 127)
    assert mac.flags == (False, False)
    assert mac.step(127, 127).flags == (True, False)
    assert mac.step(0, 0).step(0, 0).flags == (True, False)
    assert mac.step(0, 0, clear=True).flags == (False, False)
    outer = Pair("e5m2-e5m2-chunk2:fp16:fx40f10").step(INF, 1)
    assert outer.flags == (False, False)
    assert (outer.step(1, 1).acc, outer.flags) == (0, (False, True))
    assert (outer.step(1, 1).step(1, 1).acc, outer.flags) == (2 << 10, (False, True))


def test_the_outer_level_rounds_by_its_own_rule() -> None:
    # 1 + 1/16 is exact inside; e4m3 outside keeps 3 bits and ties to even; floored to a unit of 2^0 it is 1.
    assert Pair("e4m3-e4m3-chunk2:fp16:e4m3").step(1, 1).step(0.25, 0.25).acc == 0x38
    assert Pair("e4m3-e4m3-chunk2:fp16:fx8f0").step(-1, 1).step(-0.25, 0.25).acc == 0xFE
    # Unfused: 2 + 1.1875 with the inner value rounded first to 1.25 (tie to even of 1.125 and 1.25).
    assert Pair("e4m3-e4m3-chunk2:fp16:e4m3.unfused", 2.0).step(1.125, 1).step(0.25, 0.25).acc == 0x45


def test_wrong_input_is_refused_in_a_sentence() -> None:
    mac = golden.Mac(MacSpec.parse("int8-int8-fx32"))
    mac.reset(2)
    with pytest.raises(SpecError, match=r"code 256 is not in 0\.\.255, the codes of int8"):
        mac.step([256, 0], [0, 0])
    with pytest.raises(SpecError, match=r"code -1 is not in 0\.\.255, the codes of int8"):
        mac.step([0, 0], [0, -1])
    with pytest.raises(SpecError, match=r"operand codes of int8 have shape \(3,\); the unit expects \(2,\)"):
        mac.step([1, 2, 3], [1, 2, 3])
    with pytest.raises(SpecError, match=r"the input clear has shape \(1,\); the unit expects \(2,\)"):
        mac.step([1, 2], [1, 2], clear=[True])
    with pytest.raises(SpecError, match="codes of int8 have dtype float64; codes are integers"):
        mac.run([[1.0, 2.0]], [[1, 2]])
    assert mac.acc.tolist() == [0, 0]


@pytest.mark.parametrize("name", ["clear", "valid", "flush"])
@pytest.mark.parametrize(
    ("mask", "what"),
    [
        ([2, 0], r"has a value outside 0\.\.1"),
        ([0, -1], r"has a value outside 0\.\.1"),
        ([0.5, 1.0], r"has dtype float64 and shape \(2,\); the unit expects integers of shape \(2,\)"),
        (["no", "yes"], r"has dtype <U3 and shape \(2,\); the unit expects integers of shape \(2,\)"),
        ([1], r"has dtype int64 and shape \(1,\); the unit expects integers of shape \(2,\)"),
        ([True], r"has shape \(1,\); the unit expects \(2,\)"),
    ],
    ids=str,
)
def test_masks_are_of_zeros_and_ones(name: str, mask: list, what: str) -> None:
    mac = golden.Mac(MacSpec.parse("int8-int8-chunk4:fx32:fx32"))
    mac.reset(2)
    mac.load([5, 6])
    with pytest.raises(SpecError, match=f"^the input {name} {what}$"):
        mac.step([1, 2], [1, 2], **{name: mask})
    assert mac.acc.tolist() == [5, 6]


def test_a_mask_may_be_numbers() -> None:
    mac = golden.Mac(MacSpec.parse("int8-int8-fx32"))
    for ones in (np.uint8, np.int64, bool):
        mac.reset(3)
        mac.step([1, 2, 3], [1, 2, 3])
        mac.step([1, 1, 1], [1, 1, 1], clear=np.array([1, 0, 1], ones), valid=np.array([1, 1, 0], ones))
        assert mac.acc.tolist() == [1, 5, 9]


def test_wide_codes_are_limbs() -> None:
    mac = Pair("e5m2-e5m2-fx").step(-1, 1).array
    assert mac.spec.acc_width == 77
    assert mac.acc.shape == (1, 2)
    assert mac.acc.tolist() == [[2**64 - 2**32, 2**13 - 1]]
    assert golden.code_to_int(mac.acc) == [2**77 - 2**32]
    assert golden.int_to_code([2**77 - 2**32], 77).tolist() == mac.acc.tolist()
    assert golden.code_to_int(golden.int_to_code([7], 64)) == [7]


def test_nan_operands_need_an_accumulator_with_nan() -> None:
    assert parse_format("e2m3fn").has_nan is False
    with pytest.raises(SpecError, match="choose an accumulator with a NaN, or operands without"):
        golden.Mac(MacSpec.parse("e4m3fn-e4m3fn-e2m3fn"))
