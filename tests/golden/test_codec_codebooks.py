"""Codebooks: the published tables of NF4 and AF4, and the rules where no table decides."""

from fractions import Fraction

import numpy as np
import pytest

from hwmodel import golden
from hwmodel.spec import CodebookFormat, SpecError, parse_format

# QLoRA, arXiv 2305.14314, appendix E, in the digits that bitsandbytes gives.
NF4 = [-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334]
NF4 += [-0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224]
NF4 += [0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0]
# arXiv 2306.06965, block size 64.
AF4 = [-1, -0.69441008, -0.51243739, -0.3736951, -0.25607552, -0.14982478, -0.04934812, 0, 0.04273164, 0.12934483, 0.21961274]
AF4 += [0.31675666, 0.42563882, 0.55496234, 0.72424863, 1]

UNEVEN = CodebookFormat("uneven", tuple(map(Fraction, (-3, -1, 2, 4))))
EVEN = CodebookFormat("even", tuple(map(Fraction, (-1, 1))))


@pytest.mark.parametrize(("name", "table"), [("nf4", NF4), ("af4", AF4)])
def test_tables(name: str, table: list[float]) -> None:
    assert golden.decode(np.arange(16), parse_format(name)).tolist() == table
    held = golden.decode(np.arange(16), parse_format(f"{name}@fp16"))
    assert held.tolist() == np.array(table).astype(np.float16).astype(float).tolist()


@pytest.mark.parametrize(("name", "table"), [("nf4", NF4), ("af4", AF4)])
def test_nearest_entry(name: str, table: list[float]) -> None:
    values = np.random.default_rng(0).uniform(-1.2, 1.2, 2000)
    nearest = np.abs(values[:, None] - np.array(table)).argmin(axis=1)
    assert golden.encode(values, parse_format(name)).tolist() == nearest.tolist()


@pytest.mark.parametrize(
    ("fmt", "rounding", "value", "code"),
    [
        (UNEVEN, "rne", 3.0, 2),  # a tie: code 2 is even
        (UNEVEN, "rne", -2.0, 0),
        (UNEVEN, "rne", 0.5, 2),
        (UNEVEN, "rna", 3.0, 3),
        (UNEVEN, "rna", -2.0, 0),
        (UNEVEN, "rna", 0.5, 2),
        (UNEVEN, "rtz", 3.9, 2),
        (UNEVEN, "rtz", -2.9, 1),
        (UNEVEN, "rtz", 1.9, 1),  # zero is no entry: the one nearer to it
        (UNEVEN, "rtz", -0.9, 1),
        (UNEVEN, "rup", 2.1, 3),
        (UNEVEN, "rdn", 3.9, 2),
        (UNEVEN, "rdn", 9.0, 3),
        (UNEVEN, "rup", -9.0, 0),
        (UNEVEN, "rne", float("inf"), 3),
        (UNEVEN, "rne", float("-inf"), 0),
        (EVEN, "rne", 0.0, 0),
        (EVEN, "rne", -0.0, 0),
        (EVEN, "rna", -0.0, 1),  # zero counts as positive
        (EVEN, "rtz", 0.9, 0),
        (EVEN, "rne", 5e-324, 1),
    ],
)
def test_encode_by_hand(fmt: CodebookFormat, rounding: str, value: float, code: int) -> None:
    assert golden.scalar.encode(value, fmt, rounding) == code
    assert golden.encode([value], fmt, rounding).tolist() == [code]


def test_equal_entries_have_one_code() -> None:
    # Rounded to e2m1 the 16 entries of NF4 are 0, ±0.5 and ±1; the first code of each stands for all.
    fmt = parse_format("nf4@e2m1fn")
    values = [-1.0, -0.5, 0.0, 0.5, 1.0]
    codes = golden.encode(values, fmt)
    assert golden.decode(codes, fmt).tolist() == values
    assert codes.tolist() == [fmt.entries.index(Fraction(value)) for value in values]
    assert codes.tolist() == [golden.scalar.encode(value, fmt) for value in values]


@pytest.mark.parametrize(
    ("value", "rounding", "code"),
    [
        (0.75, "rne", 15),  # between 0.5 (code 11) and 1 (code 15), both odd: the lower is, so the higher
        (0.25, "rne", 11),  # between 0 (code 5) and 0.5: likewise
        (-0.25, "rne", 5),  # between -0.5 (code 1) and 0
        (-0.75, "rne", 0),  # between -1 (code 0) and -0.5
        (0.75, "rna", 15),
        (-0.25, "rna", 1),
    ],
)
def test_midway_between_entries_that_were_rounded(value: float, rounding: str, code: int) -> None:
    fmt = parse_format("nf4@e2m1fn")
    assert golden.scalar.encode(value, fmt, rounding) == code
    assert golden.encode([value], fmt, rounding).tolist() == [code]


def test_nan_and_options() -> None:
    fmt = parse_format("nf4")
    nan = np.array([np.nan, 0.5])
    assert golden.encode(nan, fmt, nan="zero").tolist() == [7, 12]
    assert golden.encode(nan, fmt, nan="sat").tolist() == [15, 12]
    assert golden.encode(np.nan, UNEVEN, nan="zero") == 1  # the entry nearest zero
    with pytest.raises(SpecError, match="a NaN cannot be encoded: nf4 has no code for it; choose nan='sat' or nan='zero'"):
        golden.encode(nan, fmt)
