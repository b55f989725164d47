"""Estimates over arrays are those of single units to the bit, whatever the units share."""

import random
from functools import partial
from itertools import product

import numpy as np
import pytest

from hwmodel.cost import Estimator, estimate, estimate_many, estimator
from hwmodel.cost.arrays.sizes import Frame, Pair, Size, size_of
from hwmodel.cost.calibration import ARCHITECTURES
from hwmodel.cost.structure.lanes import operand_registers, unread
from hwmodel.cost.structure.levels import total_width
from hwmodel.cost.structure.multipliers import MULTIPLIERS, columns_of_rows
from hwmodel.cost.structure.parts import mpy_integer
from hwmodel.spec import BLOCK_CATALOG, CATALOG, FixedAcc, FixedPoint, FloatAcc, MacSpec, SpecError, parse_accumulator, parse_format
from hwmodel.spec.dataflow import joins_rows
from hwmodel.spec.mac import MAX_FIXED_WIDTH


def drawn_units(count: int, seed: int) -> list[MacSpec]:
    """Return random units of every family."""
    draw = random.Random(seed)

    def minifloat() -> str:
        stem = f"e{draw.randint(1, 6)}m{draw.randint(0, 5)}"
        return stem + draw.choice(["", "", "fn", "none", "fnuz"]) + draw.choice(["", "", "", "nosub", "half"])

    def operand() -> str:
        kinds = [
            minifloat(),
            minifloat(),
            draw.choice(list(CATALOG)),
            draw.choice(["int", "uint", "sm"]) + str(draw.randint(2, 12)),
            f"posit{draw.randint(3, 12)}es{draw.randint(0, 3)}",
            draw.choice(list(BLOCK_CATALOG)),
            f"{minifloat()}+{minifloat()}",
            draw.choice(["int4+uint8", "lns8", "elma8", "lns6g4", "nf4@fp16"]),
        ]
        return draw.choice(kinds)

    def fixed() -> str:
        return draw.choice(["fx", "fx32", "fx40f16", "fx20f5.rne", "fx28f8.sat", "fxh4", "fx20fm2", "fx60f30", "fx16f2"])

    def floating() -> str:
        rounding = draw.choice(["", "", ".rtz", ".rna", ".sr6", ".ftz", ".unfused"])
        return draw.choice(["fp16", "fp32", "bf16", "dlfloat16", minifloat()]) + rounding

    def accumulator() -> str:
        chunk = f"chunk{draw.choice([1, 4, 64])}:{draw.choice([fixed, floating])()}:{draw.choice([fixed, floating])()}"
        out = draw.choice(["fp32", "fp16", "e8m13"]) + draw.choice(["", ".rtz", ".late"])
        tensor = f"tc{draw.choice([1, 2, 4, 8])}f{draw.randint(2, 25)}:{out}"
        posit = f"posit{draw.randint(3, 12)}es{draw.randint(0, 3)}{draw.choice(['', '.unfused'])}"
        return draw.choice([fixed(), fixed(), floating(), floating(), chunk, tensor, posit, "quire"])

    units: list[MacSpec] = []
    while len(units) < count:
        a = operand()
        b = a if draw.random() < 0.3 else operand()
        lanes = draw.choice([1, 1, 2, 3, 4, 8, 16]) if draw.random() < 0.7 else 1
        try:
            units.append(MacSpec(*map(_operand, (a, b)), parse_accumulator(accumulator()), draw.choice([0, 0, 1, 2]), lanes))
        except SpecError:
            continue
    return units


def _operand(name: str):
    return MacSpec.parse(f"{name}-{name}-fx500f200").a


def differing(units: list[MacSpec]) -> list[str]:
    """Return the units whose columns are not what each alone is estimated to cost."""
    columns = estimate_many(units)
    rows = [estimate(spec).row for spec in units]
    wrong = np.zeros(len(units), bool)
    for name, column in columns.items():
        wrong |= column != np.array([row[name] for row in rows])
    return [str(spec) for spec, is_wrong in zip(units, wrong, strict=True) if is_wrong]


ALIKE = ["e4m1-e4m3-fx2fm14-x2", "e4m2-e4m2-fx2fm14-x2", "e4m1-e4m3-fp32-x11", "e4m2-e4m2-fp32-x11"]
"""Products of 46,080 and 50,176 are alike but where they are rounded up to a unit of 16,384, or where eleven are added."""

CUT = [
    f"{pair}-{acc}{pipeline}"
    for pair in ("posit8es1-posit8es1", "uint6-uint6", "sm8-sm8")
    for acc in ("fx24fm2", "fx24fm2.rne", "fx40f20", "posit8", "posit8.unfused")
    for pipeline in ("", "-p1", "-p2")
]
CUT += [f"fp16-fp16-tc4f{fraction}:fp32.rtz{pipeline}" for fraction in (24, 12, 8) for pipeline in ("", "-p1", "-p2")]
"""Products of which a register holds more, or less, than of others, by what adds them."""


def like_units(count: int, seed: int) -> list[MacSpec]:
    """Return random units of few formats and accumulators, most of which share what sums with others."""
    draw = random.Random(seed)
    names = [f"e{e}m{m}{kind}" for e in range(2, 6) for m in range(5) for kind in (("", "none", "fnuz") if m else ("none",))]
    names += ["e3m2nosub", "e4m2half", "e3m3b9", "e3m2u", "e2m3u", "int5", "sm4", "uint3", "posit6es1", "posit5es1"]
    operands = [*map(_operand, names)]
    sums = "fx fx24f6 fx24f6.rne fx14f1.sat fx30 fx20fm4 fp16 fp32 e5m6none.rtz e4m3fn.unfused e6m9.ftz posit8"
    sums += " chunk4:fp16:fp32 tc4f6:fp16"
    accumulators = [parse_accumulator(name) for name in sums.split()]
    units = [MacSpec.parse(name) for name in ALIKE + CUT]
    while len(units) < count:
        a, b, lanes, pipeline = draw.choice(operands), draw.choice(operands), draw.choice([1, 2, 3, 4, 5]), draw.choice([0, 0, 0, 1, 2])
        try:
            units.append(MacSpec(a, b, draw.choice(accumulators), pipeline, lanes))
        except SpecError:
            continue
    return units


def integer_units(count: int, seed: int) -> list[MacSpec]:
    """Return random units of integers, whose products join as rows but for those that are rounded, or multiplied into a lone float."""
    draw = random.Random(seed)
    operands = [_operand(f"{sign}{width}") for sign in ("int", "uint") for width in (2, 3, 5, 8, 11)]
    sums = (
        "fx fxh0 fx16 fx16.rne fx40f3 fx20fm2 fx12.sat fx64 fp16 fp32 bf16 e8m9.sr6 posit8 chunk4:fx24:fp32 chunk8:fp16:fx30 chunk2:fx:fx50"
    )
    accumulators = [parse_accumulator(name) for name in sums.split()]
    units: list[MacSpec] = []
    while len(units) < count:
        a, b, lanes = draw.choice(operands), draw.choice(operands), draw.choice([1, 1, 2, 3, 7, 16, 64])
        try:
            units.append(MacSpec(a, b, draw.choice(accumulators), draw.choice([0, 1, 2]), lanes))
        except SpecError:
            continue
    return units


@pytest.mark.parametrize(
    "names",
    [
        ["uint3-int5-fx20fm2", "sm4-int5-fp16-x8-p1"],  # products of one size, which only here join as rows
        ["uint3-int5-chunk4:fx20fm2:fp32", "sm4-int5-chunk4:fx20:fp32"],
        ["e4m3fn-e4m3fn-fp32-x2", "posit20-posit20-fx-x64", "posit8-posit32-fx-x64"],  # of one size in the first one's frame
    ],
    ids=lambda names: names[-1],
)
def test_the_order_of_pairs_makes_no_difference(names):
    for units in ([MacSpec.parse(name) for name in each] for each in (names, names[::-1])):
        places = {"pair": np.arange(len(units)), "acc": np.arange(len(units))}
        places |= {name: np.array([getattr(unit, name) for unit in units]) for name in ("lanes", "pipeline")}
        columns = Estimator([(unit.a, unit.b) for unit in units], [unit.acc for unit in units]).columns(**places)
        for at, unit in enumerate(units):
            row = estimate(unit).row
            assert {name: column[at] for name, column in columns.items()} == {name: row[name] for name in columns}, unit


@pytest.mark.parametrize("drawn", [drawn_units, like_units, integer_units])
def test_arrays_equal_singles_to_the_bit(drawn):
    assert differing(drawn(2500, 1)) == []


def plain_units(count: int, seed: int) -> list[MacSpec]:
    """Return random units of one accumulator, fixed point or float, whose ways are put together from those of their parts."""
    draw = random.Random(seed)
    names = [
        "e4m3fn",
        "e5m2",
        "e2m3none",
        "e5m7",
        "e3m2fnuz",
        "e4m2half",
        "e3m4nosub",
        "e2m1u",
        "int5",
        "uint6",
        "sm4",
        "posit6es1",
        "nf4@fp16",
    ]
    operands = [*map(_operand, names)]
    sums = "fx fx24f6 fx24f6.rne fx14f1 fx14f1.sat fx40f30 fx20fm4 fp16 fp32 bf16 e5m6none.rtz e4m3fn.unfused fp16.unfused e6m9.ftz"
    sums += " e5m7.sr6 e3m8.rna"
    accumulators = [parse_accumulator(name) for name in sums.split()]
    units: list[MacSpec] = []
    while len(units) < count:
        a, b, lanes = draw.choice(operands), draw.choice(operands), draw.choice([1, 1, 2, 3, 8, 32])
        try:
            units.append(MacSpec(a, b, draw.choice(accumulators), draw.choice([0, 1, 2]), lanes))
        except SpecError:
            continue
    return units


@pytest.mark.parametrize("objective", ["area", "balanced", "delay"])
@pytest.mark.parametrize("drawn", [drawn_units, like_units, integer_units, plain_units])
def test_delay_and_glitches_over_arrays_are_those_of_singles(drawn, objective):
    units = drawn(700, 6)
    columns = estimate_many(units, objective=objective, timed=True)
    rows = [estimate(spec, objective=objective).row for spec in units]
    for name, column in columns.items():
        if "timed" in name or "delay" in name:
            # Only levels and costs are added up in another order.
            np.testing.assert_allclose(column, [row[name] for row in rows], rtol=1e-12, err_msg=name)


def test_ways_are_put_together_of_plain_units_alone():
    integers = integer_units(300, 8)
    found, places = estimator.Estimator.of(plain_units(300, 7) + integers + drawn_units(300, 9))
    _, sums = (units := found._built(ARCHITECTURES["balanced"])).places(**places)
    plain = units.plain.made_of(sums)[1] >= 0
    assert plain[:300].sum() > 250
    for spec, is_plain in zip(integers, plain[300:600], strict=True):
        in_rows = isinstance(spec.acc, FixedAcc) and joins_rows(spec)
        # What a register keeps of products without a sign hangs on what rounds them.
        cut = isinstance(spec.acc, FixedAcc) and operand_registers(spec) > 0 and unread(spec) > 0
        assert is_plain == (isinstance(spec.acc, FixedAcc | FloatAcc) and not in_rows and not cut)
    assert 0 < plain[600:].sum() < 300


@pytest.mark.parametrize("multiplier", MULTIPLIERS)
def test_no_row_is_longer_than_the_sum(multiplier):
    """Rows of a pair and lanes are then the same in front of all accumulators that hold the sum."""
    for a, b, lanes in product(range(2, 33, 3), range(2, 33, 5), (1, 2, 3, 5, 7, 16, 31, 64)):
        for signs in product(("int", "uint"), repeat=2):
            x, y = (parse_format(f"{sign}{width}") for sign, width in zip(signs, (a, b), strict=True))
            holds = total_width(FixedPoint(1, 0), x.max_magnitude * y.max_magnitude, 0, lanes)
            rows = mpy_integer(x, y, MAX_FIXED_WIDTH, lanes, multiplier)[1]
            assert rows <= holds
            assert rows < columns_of_rows(x.width, y.width, lanes)
            assert mpy_integer(x, y, MAX_FIXED_WIDTH, lanes, multiplier) == mpy_integer(x, y, holds, lanes, multiplier)


def test_in_pieces_as_at_once():
    found, places = estimator.Estimator.of(like_units(500, 4) + integer_units(200, 5))
    whole, other = found.columns(**places), estimator.Estimator(found.pairs, found.accumulators)
    pieces = [other.columns(**{name: at[start : start + 9] for name, at in places.items()}) for start in range(0, len(places["pair"]), 9)]
    for name, column in whole.items():
        assert np.concatenate([piece[name] for piece in pieces]).tolist() == column.tolist()
    (timed,), other = found.timed_columns(**places, cards=["asap7"]), estimator.Estimator(found.pairs, found.accumulators)
    pieces = [
        other.timed_columns(**{name: at[start : start + 90] for name, at in places.items()}, cards=["asap7"])[0]
        for start in range(0, len(places["pair"]), 90)
    ]
    for name, column in timed.items():
        assert np.concatenate([piece[name] for piece in pieces]).tolist() == column.tolist()


@pytest.mark.filterwarnings("error")
def test_there_are_no_figures_of_what_is_no_unit():
    few, (pair, acc) = estimator.Estimator.of([MacSpec.parse("e4m3fn-e4m3fn-fp32"), MacSpec.parse("int8-int8-chunk4:fx24:fp32")])[0], (0, 1)
    lanes = np.array([0, 1, 65, 64, 0, 65, 4])
    places = {"pair": np.array([pair] * 4 + [1] * 3), "acc": np.array([0] * 4 + [acc] * 3), "lanes": lanes, "pipeline": np.zeros(7, int)}
    none = [True, False, True, False, True, True, False]
    (timed,) = few.timed_columns(**places, cards=["sky130hd"])
    for name, column in (few.columns(**places) | timed).items():
        if name not in ("lanes", "extrapolated"):
            assert np.isnan(column).tolist() == none, name


@pytest.mark.parametrize(("pair", "acc"), [(-1, 0), (0, -1), (1, 0), (0, 2)])
def test_places_are_those_of_the_lists(pair, acc):
    found = estimator.Estimator.of([MacSpec.parse("int8-int8-fx"), MacSpec.parse("int8-int8-fp32")])[0]
    zeros = np.zeros(2, int)
    places = {"pair": np.array([0, pair]), "acc": np.array([0, acc]), "lanes": zeros + 1, "pipeline": zeros}
    for ask in (found.columns, found.faults, partial(found.timed_columns, cards=["sky130hd"])):
        with pytest.raises(
            IndexError, match=rf"place {pair or acc} is none of the {1 if pair else 2} (pairs of operands|accumulators); they"
        ):
            ask(**places)


def test_formats_stand_in_the_order_they_come_in():
    """Not in that of memory, which differs from run to run."""
    units = sorted(drawn_units(60, 3), key=lambda spec: -id(spec.acc))
    found, _ = estimator.Estimator.of(units)
    assert list(found.accumulators) == list(dict.fromkeys(spec.acc for spec in units))


@pytest.mark.parametrize(
    "left_out", [slice(0, 1), slice(2, 3), slice(3, 4), slice(4, None)], ids=["shape", "products", "zeros", "to the bit"]
)
def test_nothing_that_tells_sizes_apart_can_be_left_out(left_out, monkeypatch):
    def forgetful(frame: Frame, pair: Pair) -> Size:
        size = size_of(frame, pair)
        told = list(size.shape)
        del told[left_out]
        return size._replace(shape=tuple(told))

    monkeypatch.setattr("hwmodel.cost.arrays.columns.size_of", forgetful)
    estimator._estimator.cache_clear()
    assert differing(like_units(2500, 2))
    estimator._estimator.cache_clear()


def test_what_rounds_up_is_told_apart(monkeypatch):
    monkeypatch.setattr(Size, "rounds_up", lambda self, lsb, fraction: False)
    estimator._estimator.cache_clear()
    assert differing(like_units(1000, 1))
    estimator._estimator.cache_clear()
