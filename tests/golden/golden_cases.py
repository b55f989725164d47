"""Formats, numbers and units that the golden tests share."""

from fractions import Fraction
from itertools import pairwise

import gfloat
import numpy as np
from hypothesis import strategies as st

from hwmodel import golden
from hwmodel.golden.options import MAX_RANDOM_BITS
from hwmodel.spec import (
    CATALOG,
    ChoiceFormat,
    ChunkAcc,
    FixedAcc,
    FloatAcc,
    FloatFormat,
    Format,
    IntCoding,
    IntFormat,
    LogFormat,
    PositFormat,
    Specials,
    parse_format,
)

FLOAT_NAMES = [name for name, entry in CATALOG.items() if isinstance(entry.format, FloatFormat) and name != "e8m0fnu"]
UNNAMED = ["e5m0fn", "e5m0none", "e4m3b11none", "e6m2b-3fn", "e3m7fnuz", "e1m3", "e1m2fn", "e2m0fnuz", "e8m13"]
UNNAMED += ["e4m3u", "e3m4fnu", "e2m3noneu", "e4m3b11fnuz"]
NOSUB = ["e4m3b11nosub", "e4m3b11nonenosub", "e5m0fnnosub", "e8m0fnunosub", "e2m2noneunosub", "e6m9b31fnnosub"]
INT_NAMES = ["int2", "int4", "int8", "int16", "int32", "uint2", "uint8", "uint16", "uint32", "sm2", "sm8", "sm16", "sm32"]
POSIT_NAMES = [f"posit{n}es{es}" for n in (3, 4, 5, 6, 7, 8, 9, 16) for es in range(4)]
LOG_NAMES = ["lns8", "elma8", "lns3g1", "lns4g2", "lns8g32", "lns10g1", "lns15g32"]
BOOK_NAMES = ["nf4", "af4", "nf4@fp16", "af4@e4m3fn", "nf4@e2m1fn"]
HALVED = ["cfloat8e4m3b7half", "cfloat8e5m2b20half", "e4m3half", "e3m3fnuhalf", "e2m0fnhalf"]
TAPERED_AND_TABLES = [*POSIT_NAMES, *LOG_NAMES, *BOOK_NAMES]
ROUNDINGS = ["rne", "rna", "rtz", "rup", "rdn"]
RANDOM_BITS = 5

GFLOAT_ROUNDING = {
    "rne": gfloat.RoundMode.TiesToEven,
    "rna": gfloat.RoundMode.TiesToAway,
    "rtz": gfloat.RoundMode.TowardZero,
    "rup": gfloat.RoundMode.TowardPositive,
    "rdn": gfloat.RoundMode.TowardNegative,
    f"sr{RANDOM_BITS}": gfloat.RoundMode.StochasticFastest,
}


def overflows(fmt: Format) -> list[str]:
    return ["sat", "ieee"] if fmt.default_overflow == "ieee" else ["sat"]


def codes_of(fmt: Format, limit: int = 1 << 16, seed: int = 0) -> np.ndarray:
    """Every code of `fmt`; of wide formats the ends and a random choice, `limit` in all."""
    if 1 << fmt.width <= limit:
        return np.arange(1 << fmt.width, dtype=np.uint64)
    random = np.random.default_rng(seed).integers(0, 1 << fmt.width, limit, dtype=np.uint64, endpoint=False)
    ends = np.array([0, 1, 2, (1 << fmt.width) - 1, 1 << (fmt.width - 1), (1 << (fmt.width - 1)) - 1], np.uint64)
    return np.concatenate([ends, random])


def hard_values(fmt: Format, limit: int = 600) -> np.ndarray:
    """Boundaries of `fmt` with their float64 neighbours on both sides, of both signs; extremes and specials.

    Boundaries are values, the middles between them, and those that the code of one bit more gives (of tapered formats).
    """
    if isinstance(fmt, IntFormat):
        ends = (0, fmt.max_value, -fmt.min_value)
        steps = {max(0, end + i) for end in ends for i in range(-limit // 12, limit // 12)}
        points = [Fraction(step) for step in steps] + [step + Fraction(1, 2) for step in steps]
    elif isinstance(fmt, FloatFormat):
        last = fmt.max_finite_code + 2
        rng = np.random.default_rng(1)
        steps = set(range(last)) if last <= limit else {0, 1, 2, *range(last - 4, last), *map(int, rng.integers(0, last, limit // 4))}
        value = golden.scalar.floats.magnitude_of
        points = [p for c in steps for p in (value(c, fmt), (value(c, fmt) + value(c + 1, fmt)) / 2)]
        points.append(4 * max(points))
    else:
        codes = codes_of(fmt, limit)
        points = [v.number for v in (golden.scalar.decode(c, fmt) for c in codes.tolist()) if v.is_finite]
        points += [(low + high) / 2 for low, high in pairwise(points)]
        if (finer := one_bit_wider(fmt)) is not None:
            points += [v.number for v in (golden.scalar.decode(2 * c + 1, finer) for c in codes.tolist()) if v.is_finite]
    middle = np.array([float(p) for p in points if abs(p) < Fraction(2) ** 1023])
    middle = np.concatenate([middle, np.nextafter(middle, np.inf), np.nextafter(middle, 0)])
    extremes = np.array([0.0, 5e-324, 2.0**-1022, 1e-30, 1e30, 1.7e308, np.inf])
    both = np.concatenate([middle, extremes])
    return np.concatenate([both, -both])


def one_bit_wider(fmt: Format) -> PositFormat | LogFormat | None:
    """The format of the same family whose odd codes are the boundaries between the codes of `fmt`, where there is one."""
    if isinstance(fmt, PositFormat) and fmt.width < 32:
        return PositFormat(fmt.width + 1, fmt.exponent_bits)
    if isinstance(fmt, LogFormat) and fmt.width < 16 and fmt.step_bits < 6:
        return LogFormat(fmt.width + 1, fmt.step_bits + 1, 16, fmt.regime_exponent_bits)
    return None


def operand_formats() -> st.SearchStrategy[Format]:
    return st.one_of(int_formats(), float_formats(), st.sampled_from([parse_format(name) for name in FLOAT_NAMES]))


def int_formats() -> st.SearchStrategy[IntFormat]:
    return st.builds(IntFormat, st.integers(2, 32), st.sampled_from(IntCoding))


@st.composite
def float_formats(draw: st.DrawFn, accumulator: bool = False) -> FloatFormat:
    """Any legal float format; with `accumulator`, one that can hold a sum and a NaN."""
    exponent_bits, fraction_bits = draw(st.integers(1, 8)), draw(st.one_of(st.integers(0, 12), st.integers(13, 52)))
    specials = draw(st.sampled_from([s for s in Specials if not (accumulator and s is Specials.NONE)]))
    signed = accumulator or specials is Specials.FNUZ or draw(st.booleans())
    if fraction_bits == 0 and (specials is Specials.IEEE or exponent_bits == 1):
        fraction_bits = 1
    bias = draw(st.one_of(st.just((1 << (exponent_bits - 1)) - 1), st.integers(-20, 40)))
    return FloatFormat(exponent_bits, fraction_bits, bias, specials, signed, draw(st.booleans()))


@st.composite
def float_accs(draw: st.DrawFn) -> FloatAcc:
    rounding = draw(st.one_of(st.sampled_from(FloatAcc.ROUNDINGS), st.builds("sr{}".format, st.integers(1, MAX_RANDOM_BITS))))
    fused = rounding.startswith("sr") or draw(st.booleans())
    return FloatAcc(draw(float_formats(accumulator=True)), rounding, draw(st.booleans()), fused)


def fixed_accs() -> st.SearchStrategy[FixedAcc]:
    options = {"saturate": st.booleans(), "rounding": st.sampled_from(["floor", "rne"])}
    return st.one_of(
        st.builds(FixedAcc, headroom=st.one_of(st.none(), st.integers(0, 9)), **options),
        st.builds(FixedAcc, width=st.integers(1, 200), **options),
        st.builds(FixedAcc, width=st.integers(1, 200), fraction=st.integers(-10, 60), **options),
    )


def accumulators() -> st.SearchStrategy[FixedAcc | FloatAcc | ChunkAcc]:
    level = st.one_of(fixed_accs(), float_accs())
    return st.one_of(level, st.builds(ChunkAcc, st.integers(1, 5), level, level))


def named(names: list[str]) -> list[tuple[str, Format]]:
    return [(name, parse_format(name)) for name in names]


def narrow_names() -> list[str]:
    """Every format of up to 16 bits that has a codec: the catalog's, and the nameless ones of these tests."""
    named = [name for name, entry in CATALOG.items() if not isinstance(entry.format, ChoiceFormat)]
    names = dict.fromkeys([*named, *UNNAMED, *NOSUB, *HALVED, *TAPERED_AND_TABLES, *INT_NAMES])
    return [name for name in names if parse_format(name).width <= 16]


def gfloat_info(fmt: FloatFormat) -> gfloat.FormatInfo:
    nans = {Specials.IEEE: (1 << fmt.fraction_bits) - 1, Specials.FN: 1, Specials.FNUZ: 0, Specials.NONE: 0}
    return gfloat.FormatInfo(
        name=str(fmt),
        k=fmt.width,
        precision=fmt.precision,
        bias=fmt.bias,
        is_signed=fmt.signed,
        domain=gfloat.Domain.Extended if fmt.has_inf else gfloat.Domain.Finite,
        has_nz=fmt.has_negative_zero,
        num_high_nans=nans[fmt.specials],
        has_subnormals=fmt.subnormals,
        is_twos_complement=False,
    )
