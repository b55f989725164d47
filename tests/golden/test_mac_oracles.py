"""Units against independent arithmetic: Berkeley SoftFloat, gfloat, NumPy's own fp16 and fp32, and integer sums."""

import gfloat
import ml_dtypes
import numpy as np
import pytest
import softfloatpy
from golden_cases import GFLOAT_ROUNDING, gfloat_info

from hwmodel import golden
from hwmodel.spec import FloatFormat, MacSpec, parse_format

SOFTFLOAT_ROUNDING = {
    "rne": softfloatpy.RoundingMode.NEAR_EVEN,
    "rtz": softfloatpy.RoundingMode.MIN_MAG,
    "rna": softfloatpy.RoundingMode.NEAR_MAX_MAG,
}
FLOAT = {"fp16": np.float16, "fp32": np.float32}
CODE = {"fp16": np.uint16, "fp32": np.uint32}


def fused_multiply_add(a: np.ndarray, b: np.ndarray, c: np.ndarray, name: str, rounding: str) -> np.ndarray:
    """Codes of ``a * b + c`` by SoftFloat, all in `name`; NaN is the canonical one."""
    of, fma = (softfloatpy.Float16, softfloatpy.f16_mul_add) if name == "fp16" else (softfloatpy.Float32, softfloatpy.f32_mul_add)
    softfloatpy.set_rounding_mode(SOFTFLOAT_ROUNDING[rounding])
    # By way of Python's numbers, which hold all but a NaN's bits, and take a quarter of the time that bytes do.
    with np.errstate(invalid="ignore"):
        numbers = [map(of.from_float, codes.view(FLOAT[name]).astype(np.float64).tolist()) for codes in (a, b, c)]
        result = np.fromiter(map(of.to_float, map(fma, *numbers)), np.float64, len(a)).astype(FLOAT[name])
    softfloatpy.set_rounding_mode(softfloatpy.RoundingMode.NEAR_EVEN)
    codes = result.view(CODE[name]).astype(np.uint64)
    codes[np.isnan(golden.decode(codes, parse_format(name)))] = parse_format(name).nan_code
    return codes


def hard_operands(name: str, n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Codes a, b, c: any bits, nearby exponents, subnormals, specials, and c close to -a·b."""
    rng = np.random.default_rng(seed)
    fmt = parse_format(name)
    assert isinstance(fmt, FloatFormat)
    code = CODE[name]
    bits = rng.integers(0, 1 << fmt.width, (3, n), dtype=np.uint64).astype(code)
    fraction = bits & code(fmt.fraction_mask)
    sign = bits & code(fmt.sign_mask)
    near_one = sign | fraction | ((fmt.bias + rng.integers(-3, 4, (3, n))) << fmt.fraction_bits).astype(code)
    small = sign | fraction | (rng.integers(0, 3, (3, n)) << fmt.fraction_bits).astype(code)
    # The product falls around the smallest normal number.
    half = sign | fraction | ((fmt.bias // 2 + rng.integers(-6, 7, (3, n))) << fmt.fraction_bits).astype(code)
    half[2] = small[2]
    few_bits = (
        sign | (bits & code(fmt.exponent_mask << fmt.fraction_bits)) | (fraction & code(rng.integers(0, 4) << (fmt.fraction_bits - 2)))
    )
    special = rng.choice(np.array([0, 1, fmt.inf_code, fmt.nan_code, fmt.max_finite_code, 1 << fmt.fraction_bits], code), (3, n)) | sign
    a, b, c = np.concatenate([bits, near_one, small, half, few_bits, special, np.where(rng.random((3, n)) < 0.5, special, bits)], axis=1)
    with np.errstate(all="ignore"):
        product = a.view(FLOAT[name]) * b.view(FLOAT[name])
    cancelling = (-product).view(code) + rng.integers(-2, 3, len(a)).astype(code)
    return tuple(np.concatenate([x, y]) for x, y in ((a, a), (b, b), (c, cancelling)))


def step_from(spec: MacSpec, a: np.ndarray, b: np.ndarray, start: np.ndarray) -> np.ndarray:
    """The accumulators' codes one step after `start`."""
    mac = golden.Mac(spec)
    mac.load(start.astype(np.uint64))
    mac.step(a, b)
    return mac.acc


@pytest.mark.parametrize("rounding", ["rne", "rtz", "rna"])
@pytest.mark.parametrize("name", ["fp16", "fp32"])
def test_fused_multiply_add_agrees_with_softfloat(name: str, rounding: str) -> None:
    a, b, c = hard_operands(name, 4000, seed=0)
    ours = step_from(MacSpec.parse(f"{name}-{name}-{name}.{rounding}"), a, b, c)
    np.testing.assert_array_equal(ours, fused_multiply_add(a, b, c, name, rounding))


@pytest.mark.slow
@pytest.mark.parametrize(("rounding", "millions"), [("rne", 10), ("rtz", 10), ("rna", 2)])
@pytest.mark.parametrize("name", ["fp16", "fp32"])
def test_fused_multiply_add_agrees_with_softfloat_on_millions(name: str, rounding: str, millions: int) -> None:
    compared = 0
    for seed in range(1, millions + 1):
        a, b, c = hard_operands(name, 72_000, seed)
        ours = step_from(MacSpec.parse(f"{name}-{name}-{name}.{rounding}"), a, b, c)
        np.testing.assert_array_equal(ours, fused_multiply_add(a, b, c, name, rounding))
        compared += len(a)
    assert compared > millions * 1_000_000


def to_float32(name: str, codes: np.ndarray) -> np.ndarray:
    """Values of codes of a format that fp32 holds, without using our own decoder."""
    dtypes = {"e4m3fn": ml_dtypes.float8_e4m3fn, "e5m2": ml_dtypes.float8_e5m2, "e3m4": ml_dtypes.float8_e3m4, "bf16": ml_dtypes.bfloat16}
    dtypes |= {"fp16": np.float16, "int8": np.int8, "uint8": np.uint8, "int16": np.int16, "e4m3fnuz": ml_dtypes.float8_e4m3fnuz}
    return codes.astype(np.uint8 if parse_format(name).width == 8 else np.uint16).view(dtypes[name]).astype(np.float32)


@pytest.mark.parametrize("rounding", ["rne", "rtz"])
@pytest.mark.parametrize(
    ("a_name", "b_name", "acc"),
    [
        ("e4m3fn", "e4m3fn", "fp32"),
        ("e5m2", "e5m2", "fp32"),
        ("e5m2", "e3m4", "fp32"),
        ("bf16", "bf16", "fp32"),
        ("fp16", "e4m3fnuz", "fp32"),
        ("int8", "uint8", "fp32"),
        ("bf16", "int8", "fp32"),
        ("int16", "int16", "fp32"),
        ("e4m3fn", "e5m2", "fp16"),
        ("fp16", "e4m3fn", "fp16"),
    ],
)
def test_narrow_operands_agree_with_softfloat(a_name: str, b_name: str, acc: str, rounding: str) -> None:
    rng = np.random.default_rng(3)
    n = 20_000
    a, b = (rng.integers(0, 1 << parse_format(name).width, n) for name in (a_name, b_name))
    wide_a, wide_b = (to_float32(name, codes).astype(FLOAT[acc]) for name, codes in ((a_name, a), (b_name, b)))
    # Accumulators near the product, or anything.
    with np.errstate(all="ignore"):
        near = (-(wide_a * wide_b) * rng.choice([1, 0.75, 2.0**-10, 2.0**11, -3], n)).astype(FLOAT[acc]).view(CODE[acc])
    c = np.where(rng.random(n) < 0.6, near, rng.integers(0, 1 << parse_format(acc).width, n, dtype=np.uint64).astype(CODE[acc]))
    ours = step_from(MacSpec.parse(f"{a_name}-{b_name}-{acc}.{rounding}"), a, b, c)
    np.testing.assert_array_equal(ours, fused_multiply_add(wide_a.view(CODE[acc]), wide_b.view(CODE[acc]), c, acc, rounding))


@pytest.mark.parametrize("rounding", ["rne", "rna", "rtz"])
@pytest.mark.parametrize("acc", ["e4m3fn", "e5m2", "e4m3fnuz", "e3m4", "e2m5", "e4m3", "e5m0fn", "e5m3b18fnuz"])
def test_small_accumulators_agree_with_gfloat(acc: str, rounding: str) -> None:
    # A sum of an e4m3fn product and such an accumulator is exact in float64, where gfloat starts from.
    fmt = parse_format(acc)
    assert isinstance(fmt, FloatFormat)
    rng = np.random.default_rng(4)
    n = 4000
    a, b = rng.integers(0, 256, (2, n))
    c = rng.integers(0, 1 << fmt.width, n)
    x, y = (codes.astype(np.uint8).view(ml_dtypes.float8_e4m3fn).astype(np.float64) for codes in (a, b))
    info = gfloat_info(fmt)
    z = np.array([gfloat.decode_float(info, int(code)).fval for code in c])
    with np.errstate(invalid="ignore"):
        exact = x * y + z
    theirs = np.array([gfloat.round_float(info, float(v), GFLOAT_ROUNDING[rounding]) for v in exact])
    ours = golden.decode(step_from(MacSpec.parse(f"e4m3fn-e4m3fn-{acc}.{rounding}"), a, b, c), fmt)
    np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(np.signbit(ours[~np.isnan(ours)]), np.signbit(theirs[~np.isnan(theirs)]))


@pytest.mark.parametrize("name", ["fp16", "fp32"])
def test_unfused_agrees_with_numpy(name: str) -> None:
    # NumPy computes fp16 through fp32, which has more than twice the bits: multiplication and addition are then exact to the last bit.
    a, b, c = hard_operands(name, 4000, seed=5)
    with np.errstate(all="ignore"):
        theirs = (a.view(FLOAT[name]) * b.view(FLOAT[name]) + c.view(FLOAT[name])).view(CODE[name]).astype(np.uint64)
    fmt = parse_format(name)
    theirs[np.isnan(golden.decode(theirs, fmt))] = fmt.nan_code
    ours = step_from(MacSpec.parse(f"{name}-{name}-{name}.unfused"), a, b, c)
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("name", ["fp16", "fp32"])
def test_flush_to_zero_agrees_with_softfloat(name: str) -> None:
    a, b, c = hard_operands(name, 4000, seed=6)
    fmt = parse_format(name)
    assert isinstance(fmt, FloatFormat)

    def flushed(codes: np.ndarray) -> np.ndarray:
        subnormal = (codes >> fmt.fraction_bits) & fmt.exponent_mask == 0
        return np.where(subnormal, codes & fmt.sign_mask, codes)

    theirs = flushed(fused_multiply_add(a, b, flushed(c).astype(CODE[name]), name, "rne"))
    ours = step_from(MacSpec.parse(f"{name}-{name}-{name}.ftz"), a, b, c)
    np.testing.assert_array_equal(ours, theirs)


def test_int8_agrees_with_int32_arithmetic() -> None:
    rng = np.random.default_rng(7)
    a, b = rng.integers(-128, 128, (2, 50, 1000)).astype(np.int8)
    start = rng.integers(-(1 << 31), 1 << 31, 1000).astype(np.int32)
    start[:500] = rng.choice([2**31 - 1, -(2**31)], 500)
    mac = golden.Mac(MacSpec.parse("int8-int8-fx32"))
    mac.load(start.view(np.uint32))
    ours = mac.run(a.view(np.uint8), b.view(np.uint8))
    products = a.astype(np.int32) * b
    np.testing.assert_array_equal(ours.astype(np.uint32).view(np.int32), start + products.sum(axis=0, dtype=np.int32))
    sums = start.astype(np.int64) + np.cumsum(products, axis=0, dtype=np.int64)
    # The register wraps in some step exactly if the sum without end leaves the range in some step.
    crossed = ((sums + 2**31) >> 32 != 0).any(axis=0)
    np.testing.assert_array_equal(mac.overflow, crossed)
    assert 100 < crossed.sum() < 900


@pytest.mark.parametrize(("name", "width", "fraction"), [("e4m3fn", 49, 18), ("e5m2", 77, 32), ("e3m4", 33, 12), ("fp16", 93, 48)])
def test_default_fixed_point_is_an_exact_sum(name: str, width: int, fraction: int) -> None:
    rng = np.random.default_rng(8)
    fmt = parse_format(name)
    codes = rng.integers(0, 1 << fmt.width, (2, 100, 50))
    codes[~np.isfinite(to_float32(name, codes))] = 0
    a, b = to_float32(name, codes).astype(np.float64)
    mac = golden.Mac(MacSpec.parse(f"{name}-{name}-fx"))
    assert mac.spec.acc_width == width
    mac.reset(50)
    mac.run(*codes)
    # Each product is exact in float64, and so is its scaling by a power of two.
    units = (a * b * 2.0**fraction).T.tolist()
    assert golden.code_to_int(mac.acc) == [sum(map(int, lane)) % (1 << width) for lane in units]
    assert not mac.overflow.any()
    assert not mac.invalid.any()


@pytest.mark.parametrize(
    "name", ["e4m3fn-e4m3fn-fp16.sr8", "e4m3fn-e4m3fn-fp16.sr3", "e4m3fn-e4m3fn-e4m3fn.sr5", "e2m3fn-e4m3fn-e5m2fnuz.sr2"]
)
def test_stochastic_rounding_agrees_with_gfloat(name: str) -> None:
    spec = MacSpec.parse(name)
    acc = spec.levels[0]
    fmt, bits = acc.format, acc.random_bits
    rng = np.random.default_rng(0)
    n = 4000
    a, b = (rng.integers(0, 1 << each.width, n, dtype=np.uint64) for each in (spec.a, spec.b))
    start = rng.integers(0, 1 << fmt.width, n, dtype=np.uint64)
    rand = rng.integers(0, 1 << bits, n)
    mac = golden.Mac(spec)
    mac.load(start)
    mac.step(a, b, rand=rand)
    # Products and sums of such narrow numbers are exact in float64.
    exact = golden.decode(start, fmt) + golden.decode(a, spec.a) * golden.decode(b, spec.b)
    info = gfloat_info(fmt)
    # gfloat's "fastest" stochastic rounding goes up where fraction + r / 2^k >= 1: the same as with the fraction truncated to k bits.
    away = gfloat.RoundMode.StochasticFastest
    theirs = [gfloat.round_float(info, v, away, srbits=r, srnumbits=bits) for v, r in zip(exact.tolist(), rand.tolist(), strict=True)]
    ours = golden.decode(mac.acc, fmt)
    np.testing.assert_array_equal(ours, theirs)
    numbers = np.isfinite(ours)
    np.testing.assert_array_equal(np.signbit(ours[numbers]), np.signbit(np.array(theirs)[numbers]))
