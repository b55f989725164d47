"""Paper mode: two-input gates of textbook circuits, counted as the literature does.

It is meant for comparison with published figures, above all with arXiv 2303.17951 (2-input gates per MAC): against INT8 with a 27-bit
fixed-point accumulator, FP8-E4 needs 53 % more gates with an FP16 and 183 % more with an FP32 accumulator. That paper prints its ratios,
not its counts. Counted here is every block of the textbook single-path unit once, with ripple adders and an array multiplier; what that
leaves open is in `Assumptions`. The choice of assumptions is ours, and was made knowing the two ratios: that they come out is a
consistency check, not a prediction. Each yes-or-no assumption moves the ratios by 5 to 12 percentage points.

The circuits are not those of `hwmodel_rtl`: their widths are not fitted to what the formats can produce, and neither are the counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from hwmodel.spec import FixedAcc, FloatAcc, FloatFormat, IntCoding, IntFormat, MacSpec

from .calibration import CostError
from .structure import PARTS

SOURCE_RATIOS: Mapping[str, float] = {"e4m3-e4m3-fp16": 1.53, "e4m3-e4m3-fp32": 2.83}
"""Gates relative to `SOURCE_REFERENCE`, as arXiv 2303.17951 prints them."""

SOURCE_REFERENCE = "int8-int8-fx27"


@dataclass(frozen=True)
class Assumptions:
    """What a gate count takes for granted. Every value is assumed unless a source is named.

    Attributes
    ----------
    full_adder, half_adder, mux2, xor2, and2
        Two-input gates of each: 7 (two half adders and an OR), 3, 3, 2 and 1 are conventional. Inverters are free.
    flip_flop
        6: the edge-triggered D flip-flop of six NAND gates (type 7474).
    subnormal_operands
        Operands are normalised: leading-zero count, shift, exponent correction.
    special_values
        NaN and infinity: found in the operands, and selected into the result, bit by bit.
    round_bits
        Bits below the significand that take part in the addition: guard, round, sticky.
    product_normalised
        The product is brought to 1 <= p < 2 before the addition. A fused unit leaves that to the normalisation behind it.
    limited_shift
        Subnormal results stop the normalising shift.
    """

    full_adder: int = 7
    half_adder: int = 3
    mux2: int = 3
    xor2: int = 2
    and2: int = 1
    flip_flop: int = 6
    subnormal_operands: bool = True
    special_values: bool = True
    round_bits: int = 3
    product_normalised: bool = False
    limited_shift: bool = False

    def add(self, bits: int, *, carry_in: bool = False) -> int:
        """Return the gates of a ripple adder."""
        if bits <= 0:
            return 0
        return bits * self.full_adder if carry_in else (bits - 1) * self.full_adder + self.half_adder

    def increment(self, bits: int) -> int:
        """Return the gates of an incrementer."""
        return bits * self.half_adder

    def multiply(self, a: int, b: int) -> int:
        """Return the gates of an array multiplier: the AND of every pair of bits, and an adder for every row but one."""
        long, short = max(a, b), min(a, b)
        return a * b * self.and2 + (short - 1) * self.add(long)

    def leading_zeros(self, bits: int) -> int:
        """Return the gates of a leading-zero counter (V. Oklobdzija, IEEE TVLSI 2(1), 1994)."""
        if bits <= 1:
            return 0
        split = 1 << ((bits - 1).bit_length() - 1)
        return self.leading_zeros(split) + self.leading_zeros(bits - split) + self.and2 + (split - 1).bit_length() * self.mux2

    def any_of(self, bits: int) -> int:
        """Return the gates of the OR or AND of so many bits."""
        return max(bits - 1, 0) * self.and2


@dataclass(frozen=True)
class PaperGates:
    """Two-input gates of a unit by part."""

    mpy: int
    alignadd: int
    normacc: int

    @property
    def total(self) -> int:
        """All parts."""
        return self.mpy + self.alignadd + self.normacc


@dataclass(frozen=True)
class _Term:
    """What is added: bits of its significand and of its exponent (0: none), and how far apart exponents can be."""

    significand: int
    exponent: int
    span: int
    signed_integer: bool = False


def paper(spec: MacSpec, assumptions: Assumptions | None = None) -> PaperGates:
    """Return the two-input gates of a unit, counted as the literature does.

    Parameters
    ----------
    spec
        The unit.
    assumptions
        What the count takes for granted.

    Raises
    ------
    CostError
        If the literature's count knows no circuit for an operand or an accumulator, or for several products a step.
    """
    if spec.lanes > 1 or spec.blocks:
        raise CostError(f"unit {spec}: the literature counts gates of units that take one pair of numbers a step, not of lanes or blocks")
    rules = assumptions or Assumptions()
    gates: dict[str, int] = dict.fromkeys(PARTS, 0)
    term = _multiply(spec, rules, gates)
    for level in spec.levels:
        match level:
            case FixedAcc():
                term = _add_fixed(spec, level, term, rules, gates)
            case FloatAcc():
                term = _add_float(level, term, rules, gates)
            case _:
                raise CostError(f"unit {spec}: the literature counts gates of fixed-point and float accumulators, not of {level}")
    return PaperGates(**gates)


_PaperFormat = IntFormat | FloatFormat


def _operands(spec: MacSpec) -> tuple[_PaperFormat, _PaperFormat]:
    """Return the operands' formats, which must be of the kinds that the literature counts."""
    a, b = spec.a, spec.b
    for fmt in (a, b):
        if not isinstance(fmt, _PaperFormat):
            raise CostError(f"unit {spec}: the literature counts gates of integer and float operands, not of {fmt}")
    assert isinstance(a, _PaperFormat)
    assert isinstance(b, _PaperFormat)
    return a, b


def ratio(spec: MacSpec, reference: MacSpec, assumptions: Assumptions | None = None) -> float:
    """Return the gates of `spec` over those of `reference`."""
    return paper(spec, assumptions).total / paper(reference, assumptions).total


def _multiply(spec: MacSpec, rules: Assumptions, gates: dict[str, int]) -> _Term:
    formats = _operands(spec)
    plain = not any(isinstance(fmt, FloatFormat) for fmt in formats) and isinstance(spec.levels[0], FixedAcc)
    if plain and all(not isinstance(fmt, FloatFormat) and fmt.coding is not IntCoding.SIGN_MAGNITUDE for fmt in formats):
        gates["mpy"] += rules.multiply(spec.a.width, spec.b.width)
        product = spec.a.width + spec.b.width
        gates["mpy"] += rules.flip_flop * (product * (spec.pipeline > 0) + product * (spec.pipeline > 1))
        return _Term(product, 0, 0, signed_integer=True)
    gates["mpy"] += sum(_unpack(fmt, rules) for fmt in formats)
    significands = [fmt.precision if isinstance(fmt, FloatFormat) else fmt.max_magnitude.bit_length() for fmt in formats]
    gates["mpy"] += rules.multiply(*significands)
    if spec.a.signed and spec.b.signed:
        gates["mpy"] += rules.xor2
    exponents = [fmt.exponent_bits if isinstance(fmt, FloatFormat) else 0 for fmt in formats]
    if all(exponents):
        gates["mpy"] += rules.add(max(exponents))
    exponent = max(exponents) + all(exponents)
    if rules.product_normalised and exponent:
        gates["mpy"] += sum(significands) * rules.mux2 + rules.increment(exponent)
    spans = [fmt.emax - fmt.emin for fmt in formats if isinstance(fmt, FloatFormat)]
    bits = sum(significands) + exponent + 1
    gates["mpy"] += rules.flip_flop * (bits * (spec.pipeline > 0) + (bits + bool(exponent)) * (spec.pipeline > 1))
    return _Term(sum(significands), exponent, sum(spans))


def _unpack(fmt: _PaperFormat, rules: Assumptions) -> int:
    if not isinstance(fmt, FloatFormat):
        if fmt.coding is not IntCoding.TWOS_COMPLEMENT:
            return 0
        return fmt.width * rules.xor2 + rules.increment(fmt.width)
    gates = rules.any_of(fmt.exponent_bits)  # the hidden bit
    if rules.subnormal_operands and fmt.subnormals and fmt.fraction_bits:
        stages = (fmt.fraction_bits - 1).bit_length()
        gates += rules.leading_zeros(fmt.fraction_bits) + fmt.fraction_bits * stages * rules.mux2 + rules.add(fmt.exponent_bits)
    if rules.special_values and fmt.has_nan:
        gates += rules.any_of(fmt.exponent_bits + fmt.fraction_bits)
    return gates


def _add_fixed(spec: MacSpec, acc: FixedAcc, term: _Term, rules: Assumptions, gates: dict[str, int]) -> _Term:
    width = spec.fixed_point(acc).width
    if not term.signed_integer:
        # Sign and magnitude to two's complement, then to its place.
        gates["alignadd"] += term.significand * rules.xor2 + rules.increment(term.significand)
    if term.exponent:
        gates["alignadd"] += _growing_shift(term.significand + 1, term.span, width) * rules.mux2
        if acc.rounding == "rne":
            gates["alignadd"] += rules.increment(width)
    gates["alignadd"] += rules.add(width)
    gates["normacc"] += width * (rules.flip_flop + rules.mux2 * acc.saturate)
    return _Term(width, 0, 0, signed_integer=True)


def _growing_shift(bits: int, span: int, width: int) -> int:
    """Return the multiplexers of a left shifter by 0..span whose result is cut at `width`."""
    return sum(min(bits + (2 << stage) - 1, width) for stage in range(span.bit_length()))


def _add_float(acc: FloatAcc, term: _Term, rules: Assumptions, gates: dict[str, int]) -> _Term:
    fmt = acc.format
    precision, exponent = fmt.precision, max(fmt.exponent_bits, term.exponent)
    if term.signed_integer:
        gates["alignadd"] += term.significand * rules.xor2 + rules.increment(term.significand)
    significand = term.significand
    if not acc.fused and significand > precision:
        gates["normacc"] += significand * rules.mux2 + _round(acc, precision, exponent, rules)
        significand = precision
    window = max(precision, significand) + rules.round_bits
    shift = window.bit_length() * rules.mux2
    # Exponent difference and its absolute value; the larger exponent; the larger and the smaller significand.
    align = rules.add(exponent + 1, carry_in=True) + exponent * rules.xor2 + rules.increment(exponent) + exponent * rules.mux2
    align += 2 * (min(significand, precision) * rules.mux2 + abs(significand - precision) * rules.and2)
    align += window * shift + (precision * rules.and2 if rules.round_bits else 0)
    # Subtraction, and the absolute value of the sum.
    align += window * rules.xor2 + rules.add(window, carry_in=True)
    align += window * rules.xor2 + rules.increment(window)
    gates["alignadd"] += align

    total = window + 1
    normalise = rules.leading_zeros(total) + total * shift + rules.add(exponent + 1, carry_in=True)
    if rules.limited_shift:
        normalise += rules.add(exponent + 1, carry_in=True) + (total - 1).bit_length() * rules.mux2
    normalise += _round(acc, precision, exponent, rules)
    if acc.ftz:
        normalise += precision * rules.and2
    if rules.special_values and fmt.has_nan:
        normalise += (fmt.width - 1) * rules.mux2
    gates["normacc"] += normalise + fmt.width * rules.flip_flop
    return _Term(precision, exponent, 0)


def _round(acc: FloatAcc, precision: int, exponent: int, rules: Assumptions) -> int:
    if acc.rounding == "rtz":
        return 0
    return rules.increment(precision) + rules.increment(exponent) + 2 * rules.and2 * (acc.rounding == "rne")
