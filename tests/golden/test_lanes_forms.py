"""Units of several lanes: the NumPy form equals the scalar form after every step."""

import numpy as np
import pytest
from golden_cases import accumulators, operand_formats
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from unit_cases import assert_forms_agree, random_inputs

from hwmodel import golden
from hwmodel.spec import Accumulator, Format, MacSpec, SpecError

LANES = """
int8-int8-fx32-x8 int8-int8-fx16f0-x3 int8-uint8-fx14f0.sat-x2 int8-int8-fx14fm4.rne-x8 sm8-sm8-fx20-x32 int8-int8-fx62-x64
e4m3fn-e4m3fn-fx-x8 e5m2-e5m2-fx-x3 e5m2-e5m2-fx70.sat-x8 e5m2-e5m2-fx32f9.rne-x2 fp16-fp16-fx-x4 fp32-fp32-fx400f100.rne-x2
e11m52-e11m52-fx300f90-x3
int8-int8-fp32-x8 int8-int8-bf16-x3 sm8-e4m3fn-fp16.rtz-x2 e4m3fn-e4m3fn-fp32-x8 e4m3fn-e4m3fn-fp32-x64 e4m3-e4m3-e4m3-x3
e5m2-e5m2-fp16-x8 e5m2-e5m2-fp32.rna-x3 e5m2-e5m2-e5m2.ftz-x2 fp16-fp16-fp32-x8 fp16-fp16-fp16.rtz.ftz-x2 bf16-bf16-fp32-x4
fp32-fp32-fp32-x2 tf32-fp16-fp32-x3 bf16-bf16-e11m52-x2 e4m3fn-e4m3fn-fp16.unfused-x8 fp16-fp16-fp16.unfused.ftz-x3
bf16-bf16-e4m3fnuz.rna.unfused-x2 e4m3fnuz-e4m3fnuz-e4m3fnuz-x3 e2m1fn-e2m1fn-e2m3fn-x8 e5m2-e5m2-e4m3fn.rtz-x2
fp16-fp16-fp32.sr16-x4 e4m3fn-e4m3fn-fp16.sr8-x2 bf16-bf16-e11m52.sr32-x2 e4m3fn-e4m3fn-e11m52.sr32-x2 hfp8-hfp8-dlfloat16-x8
fp16-fp16-dlfloat16-x3 fp16-fp16-e4m3b11fnnosub.sr6-x2 fp16-fp16-e6m9nosub.unfused-x2 fp16-fp16-e5m0fn-x2 int8-int8-e5m10b2000-x2
posit8-posit8-posit8-x3 posit8-posit8-posit16-x8 posit16-posit16-posit16-x2 posit16-posit16-posit32.unfused-x2 posit8-posit8-quire-x8
posit16es1-posit16es1-quire-x3 e5m2-e5m2-posit16-x3 fp16-fp16-posit16.unfused-x2 posit8-posit8-fp32-x2 posit8-posit8-fx-x2
e4m3fn-e4m3fn-chunk3:e6m9:fp32-x8 e5m2-e5m2-chunk4:fp16:fx-x3 int8-int8-chunk2:fx18:fp16.ftz-x2 fp16-fp16-chunk3:fp16.sr8:fp32.sr4-x4
e4m3fn-e4m3fn-chunk3:fx20:fx18.sat-x32
e4m3fn+e5m2-e4m3fn+e5m2-fp32-x3 int8+e4m3fn-int8+e4m3fn-fp32-x2 cfloat8e4m3-cfloat8e5m2-fp32-x2 e2m1fn+e4m3fn-int8-fx-x8
int4+int8-int4+int8-fx32-x4 lns8-lns8-fp32-x8 lns8-lns8-fx-x3 elma8-elma8-fp16-x2 lns16g64-lns16g64-fx40f9-x2 nf4@fp16-fp16-fp32-x2
nf4@fp16-nf4@fp16-fp32-x32 af4@bf16-bf16-fx60f20-x2 e8m0fnu-e4m3fn-fp32-x2 e8m0fnu-int8-fx-x2
""".split()  # noqa: SIM905 (short names)


@pytest.mark.parametrize("name", LANES)
def test_lanes(name: str) -> None:
    assert_forms_agree(MacSpec.parse(name), n=12, steps=8, seed=0)


@pytest.mark.parametrize(
    "name", ["e4m3fn-e4m3fn-fp32-x2", "fp16-fp16-fp32-x2", "posit16-posit16-posit16-x2", "e4m3fn-e4m3fn-fp32.unfused-x2"]
)
def test_specials_meet(name: str) -> None:
    """Zeros of both signs, infinities and NaN in most lanes."""
    assert_forms_agree(MacSpec.parse(name), n=60, steps=8, seed=1, share=0.8)


@given(operand_formats(), operand_formats(), accumulators(), st.integers(2, 5), st.integers(0, 1 << 30))
@settings(deadline=None, max_examples=60)
def test_any_unit(a: Format, b: Format, acc: Accumulator, lanes: int, seed: int) -> None:
    try:
        spec = MacSpec(a, b, acc, lanes=lanes)
    except SpecError:
        assume(False)
        raise
    assert_forms_agree(spec, n=6, steps=6, seed=seed)


@pytest.mark.parametrize("name", ["int8-int8-fx32-x2", "e4m3fn-e4m3fn-fp32-x3", "fp16-fp16-chunk3:fp16:fp32-x2"])
def test_run_is_many_steps(name: str) -> None:
    # More units than are worked on at a time.
    spec, n, steps = MacSpec.parse(name), 9001, 4
    rng = np.random.default_rng(0)
    shown = [random_inputs(spec, n, rng, 0.03) for _ in range(steps)]
    run, step = golden.Mac(spec), golden.Mac(spec)
    run.reset(n)
    step.reset(n)
    for each in shown:
        step.step(**each)
    np.testing.assert_array_equal(run.run(**{name: np.stack([each[name] for each in shown]) for name in shown[0]}), step.acc)
    np.testing.assert_array_equal(run.invalid, step.invalid)
    assert len(np.unique(step.acc, axis=0)) > 1000
