"""Codecs against two independent sources: ml_dtypes and gfloat."""

import gfloat
import ml_dtypes
import numpy as np
import pytest
from golden_cases import FLOAT_NAMES, GFLOAT_ROUNDING, NOSUB, RANDOM_BITS, ROUNDINGS, UNNAMED, codes_of, gfloat_info, hard_values, overflows

from hwmodel import golden
from hwmodel.spec import FloatFormat, parse_format

ML_DTYPES = {
    "fp16": np.float16,
    "fp32": np.float32,
    "bf16": ml_dtypes.bfloat16,
    "e4m3fn": ml_dtypes.float8_e4m3fn,
    "e5m2": ml_dtypes.float8_e5m2,
    "e4m3": ml_dtypes.float8_e4m3,
    "e3m4": ml_dtypes.float8_e3m4,
    "e4m3fnuz": ml_dtypes.float8_e4m3fnuz,
    "e5m2fnuz": ml_dtypes.float8_e5m2fnuz,
    "e4m3b11fnuz": ml_dtypes.float8_e4m3b11fnuz,
    "e2m3fn": ml_dtypes.float6_e2m3fn,
    "e3m2fn": ml_dtypes.float6_e3m2fn,
    "e2m1fn": ml_dtypes.float4_e2m1fn,
    "e8m0fnu": ml_dtypes.float8_e8m0fnu,
    "int4": ml_dtypes.int4,
    "int8": np.int8,
    "uint4": ml_dtypes.uint4,
    "uint16": np.uint16,
    "int2": ml_dtypes.int2,
}
UNSIGNED_DTYPE = {1: np.uint8, 2: np.uint16, 4: np.uint32}
# gfloat rounds to subnormals whether or not there are any, and takes the largest e1m3 for 1.875, which is 1.75.
GFLOAT_ROUNDS = [name for name in [*FLOAT_NAMES, *UNNAMED] if name not in ("hfp8", "dlfloat16", "e1m3")]


def assert_same_floats(ours: np.ndarray, theirs: np.ndarray) -> None:
    """Equal in value and in the sign of zero; NaN equals NaN."""
    np.testing.assert_array_equal(ours, theirs)
    numbers = ~np.isnan(ours)
    np.testing.assert_array_equal(np.signbit(ours[numbers]), np.signbit(theirs[numbers]))


@pytest.mark.parametrize("name", ML_DTYPES)
def test_decode_agrees_with_ml_dtypes(name: str) -> None:
    codes = codes_of(parse_format(name))
    dtype = np.dtype(ML_DTYPES[name])
    with np.errstate(invalid="ignore"):  # signalling NaNs of fp32
        theirs = codes.astype(UNSIGNED_DTYPE[dtype.itemsize]).view(dtype).astype(np.float64)
    assert_same_floats(golden.decode(codes, parse_format(name)), theirs)


@pytest.mark.parametrize("name", [*FLOAT_NAMES, *UNNAMED, *NOSUB])
def test_decode_agrees_with_gfloat(name: str) -> None:
    fmt = parse_format(name)
    assert isinstance(fmt, FloatFormat)
    if name in ("e5m0fnnosub", "e8m0fnunosub"):
        pytest.skip("gfloat gives a format without fraction and subnormals no zero; ours has one")
    info, codes = gfloat_info(fmt), codes_of(fmt, limit=1 << 12)
    theirs = np.array([gfloat.decode_float(info, int(code)).fval for code in codes])
    assert_same_floats(golden.decode(codes, fmt), theirs)


@pytest.mark.parametrize("name", [name for name in ML_DTYPES if isinstance(parse_format(name), FloatFormat)])
def test_encode_of_float32_agrees_with_ml_dtypes(name: str) -> None:
    # From float32 only: from float64, ml_dtypes rounds twice. NaN is left out: ml_dtypes has none for fp4 and fp6.
    fmt, dtype = parse_format(name), np.dtype(ML_DTYPES[name])
    with np.errstate(over="ignore"):
        values = hard_values(fmt).astype(np.float32)
        values = np.unique(np.concatenate([values, np.nextafter(values, np.float32(0)), np.nextafter(values, np.float32(np.inf))]))
    values = np.concatenate([values[~np.isnan(values)], np.array([-0.0], np.float32)])
    if name == "e8m0fnu":
        # ml_dtypes rounds ties up, whatever the code, and all that is between 2^-127 and 2^-126; zero is NaN there.
        tie = np.abs(np.frexp(values)[0]) == 0.75
        values = values[~tie & ~((values > 2.0**-127) & (values < 2.0**-126)) & (values != 0)]
    with np.errstate(over="ignore"):
        theirs = values.astype(dtype).view(UNSIGNED_DTYPE[dtype.itemsize]).astype(np.uint64)
    ours = golden.encode(values, fmt)
    nan = np.isnan(golden.decode(theirs, fmt))  # theirs carries a sign
    np.testing.assert_array_equal(ours[~nan], theirs[~nan])
    assert set(ours[nan]) <= {fmt.nan_code}


@pytest.mark.parametrize("rounding", [*ROUNDINGS, f"sr{RANDOM_BITS}"])
@pytest.mark.parametrize("name", GFLOAT_ROUNDS)
def test_encode_agrees_with_gfloat(name: str, rounding: str) -> None:
    fmt = parse_format(name)
    assert isinstance(fmt, FloatFormat)
    info = gfloat_info(fmt)
    values = hard_values(fmt, limit=150)
    if not fmt.signed:
        values = values[~np.signbit(values)]
    # gfloat's own arithmetic is in float64: where it cannot hold the discarded part exactly it is no oracle.
    with np.errstate(over="ignore"):
        units = np.abs(values) * 2.0**-fmt.lsb_exponent
    finest = 0.0 if rounding in ("rup", "rdn", "rtz") else 2.0**-20
    values = values[(values == 0) | (units > finest)]
    # A fraction within 2**-53 of one half is rounded to one half when gfloat adds to it.
    if rounding in ("rna", f"sr{RANDOM_BITS}"):
        with np.errstate(over="ignore"):
            values = values.astype(np.float32).astype(np.float64)
        assert fmt.fraction_bits < 24
    random = np.random.default_rng(2).integers(0, 1 << RANDOM_BITS, values.shape)
    for overflow in overflows(fmt):
        ours = golden.encode(values, fmt, rounding, overflow, random=random)
        theirs = [
            gfloat.round_float(info, v, GFLOAT_ROUNDING[rounding], overflow == "sat", int(r), RANDOM_BITS)
            for v, r in zip(values, random, strict=True)
        ]
        assert_same_floats(golden.decode(ours, fmt), np.array(theirs))
    if rounding == "rne":
        ours = golden.encode(golden.decode(codes_of(fmt, 1 << 10), fmt), fmt)
        theirs = [gfloat.encode_float(info, float(v)) for v in golden.decode(codes_of(fmt, 1 << 10), fmt)]
        nan = np.isnan(golden.decode(ours, fmt))
        np.testing.assert_array_equal(ours[~nan], np.array(theirs, np.uint64)[~nan])
