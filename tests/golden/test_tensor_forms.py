"""The NumPy tensor core equals the scalar one in every element."""

import itertools

import numpy as np
import pytest
from golden_cases import float_formats
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hwmodel import golden
from hwmodel.spec import TENSOR_PRESETS, FloatFormat, SpecError, Specials, TensorAcc, TensorPreset


def varied_codes(fmt: FloatFormat, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Codes of any kind: spread over all exponents, crowded around one, subnormal, zero, and (rarely) special."""
    any_code = rng.integers(0, (1 << fmt.width) - 1, shape, dtype=np.uint64, endpoint=True)
    finite = (any_code & np.uint64(fmt.sign_mask)) | rng.integers(0, fmt.max_finite_code, shape, dtype=np.uint64, endpoint=True)
    middle = np.uint64(rng.integers(0, fmt.max_finite_code, endpoint=True) >> fmt.fraction_bits << fmt.fraction_bits)
    crowded = (any_code & np.uint64(fmt.sign_mask | fmt.fraction_mask)) | middle
    low = any_code & np.uint64(fmt.sign_mask | fmt.fraction_mask)
    zero = any_code & np.uint64(fmt.sign_mask)
    kinds = rng.choice(5, shape, p=rng.dirichlet([1, 2, 4, 1, 1]) * 0.98 + np.array([0.02, 0, 0, 0, 0]))
    return np.choose(kinds, [any_code, finite, crowded, low, zero])


def assert_forms_agree(core: TensorAcc | TensorPreset, a: FloatFormat, b: FloatFormat, rows: int, length: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    held = core.result if isinstance(core, TensorPreset) else core.format
    x, y, c = varied_codes(a, (rows, length), rng), varied_codes(b, (rows, length), rng), varied_codes(held, (rows,), rng)
    if length > 1:
        # In a third of the rows the second product cancels the first.
        paired = rng.random(rows) < 1 / 3
        x[paired, 1], y[paired, 1] = x[paired, 0] ^ np.uint64(a.sign_mask), y[paired, 0]
    expected = [golden.scalar.dot(p, q, r, core, a, b) for p, q, r in zip(x.tolist(), y.tolist(), c.tolist(), strict=True)]
    assert golden.dot(x, y, c, core, a, b).tolist() == expected, f"{core} {a} {b}, seed {seed}"


@pytest.mark.parametrize("preset", TENSOR_PRESETS, ids=[f"{'+'.join(map(str, each.operands))}-{each}" for each in TENSOR_PRESETS])
def test_presets(preset: TensorPreset) -> None:
    for seed, length in enumerate((1, 4, 15, 32, 70)):
        for a in preset.operands:
            assert_forms_agree(preset, a, preset.operands[-1], 30, length, seed)


def tensor_accs() -> st.SearchStrategy[TensorAcc]:
    out = float_formats(accumulator=True).filter(lambda fmt: fmt.subnormals)
    orders = st.sampled_from([(), (0,), (0, 1), (0, 0, 1, 1), (2, 1, 0), (1, 0, 0)])
    return st.builds(
        lambda lanes, fraction, fmt, rounding, order: TensorAcc(lanes * max(len(order), 1), fraction, fmt, rounding, order),
        st.integers(1, 9), st.integers(0, 48), out, st.sampled_from(TensorAcc.ROUNDINGS), orders,
    )  # fmt: skip


@given(tensor_accs(), float_formats(accumulator=False), float_formats(accumulator=False), st.integers(0, 20), st.integers(0, 1 << 30))
@settings(deadline=None, max_examples=300)
def test_any_tensor_core(acc: TensorAcc, a: FloatFormat, b: FloatFormat, length: int, seed: int) -> None:
    try:
        golden.dot(np.zeros((0, 1), np.uint64), np.zeros((0, 1), np.uint64), 0, acc, a, b)
    except SpecError:
        assume(False)
    assert_forms_agree(acc, a, b, 12, length, seed)


@pytest.mark.parametrize("out", ["e11m52", "e11m52fn", "e11m52none.rtz", "e11m52fnuz", "e1m3", "e2m0none"])
def test_widest_and_narrowest_results(out: str) -> None:
    operands = [FloatFormat(11, 4, 1023, Specials.NONE), FloatFormat(8, 2, -1000, Specials.NONE), FloatFormat(2, 3, 1, Specials.NONE)]
    acc = TensorAcc.parse(f"tc3f48:{out}")
    assert acc is not None
    for seed, (a, b) in enumerate(itertools.product(operands, operands)):
        assert_forms_agree(acc, a, b, 60, 3, seed)


@pytest.mark.parametrize("core", ["tc3f3:fp16", "tc2f0:e8m13.rtz", "tc4f20:fp16.late", "tc4f3:fp16.phases0110"])
def test_halved_subnormals(core: str) -> None:
    acc = TensorAcc.parse(core)
    assert acc is not None
    halved, plain = FloatFormat(3, 2, 3, halved=True), FloatFormat(4, 3, 7)
    for seed, (a, b) in enumerate([(halved, halved), (halved, plain), (plain, halved)]):
        assert_forms_agree(acc, a, b, 300, 7, seed)


@pytest.mark.parametrize("core", ["v100", "h100:fp16", "tc7f20:e4m3fnuz.rtz", "tc3f9:e5m2fnuz.late", "tc6f0:e8m0fn", "tc64f48:e11m52"])
def test_matrices_are_rows_against_columns(core: str) -> None:
    # More rows than are worked on at a time.
    rng = np.random.default_rng(2)
    fp16, (m, k, n) = FloatFormat(5, 10, 15), (999, 21, 3)
    a, b = varied_codes(fp16, (m, k), rng), varied_codes(fp16, (k, n), rng)
    codes = golden.matmul(a, b, 0, core, fp16)
    assert codes.shape == (m, n)
    for column in range(n):
        np.testing.assert_array_equal(codes[:, column], golden.dot(a, np.broadcast_to(b[:, column], (m, k)), 0, core, fp16))
    np.testing.assert_array_equal(golden.matmul(a[:1], b, 0, core, fp16), codes[:1])
    assert len(np.unique(codes)) > 8
