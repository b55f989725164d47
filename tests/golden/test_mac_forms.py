"""The NumPy unit equals the scalar unit in every lane and after every step: accumulator and flags."""

import numpy as np
import pytest
from golden_cases import accumulators, operand_formats
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hwmodel import golden
from hwmodel.spec import Accumulator, FloatAcc, FloatFormat, Format, MacSpec, Operand, SpecError

UNITS = """
int8-int8-fx32 int8-int8-fx int8-int8-fx16 int8-int8-fx10.sat int8-int8-fx14fm4.rne int8-uint8-fx8f0.sat sm8-sm8-fx20 int32-uint32-fx
int32-int32-fx20f0 e4m3fn-e4m3fn-fx e5m2-e5m2-fx e5m2-e5m2-fx70.sat e5m2-e5m2-fx64 e5m2-e5m2-fx65 e5m2-e5m2-fx32f9 e5m2-e5m2-fx40fm3.rne
fp16-fp16-fx fp32-fp32-fx400f100.rne e4m3fn-e4m3fn-fp32 e4m3fn-e5m2-fp16 e4m3fn-e4m3fn-fp16.rtz e5m2-e5m2-e5m2.rna.ftz
e4m3-e4m3-e4m3.unfused e4m3fn-e4m3fn-e4m3fn e4m3fn-e4m3fn-e4m3fn.rtz e4m3fnuz-e4m3fnuz-e4m3fnuz.rna.unfused.ftz
e5m2fnuz-e5m2fnuz-e5m2fnuz e2m1fn-e2m1fn-e2m3fn e2m1fn-e2m1fn-e2m3fn.unfused.ftz e2m1fn-int4-e3m2none.rtz sm8-sm8-fp16 sm4-e4m3-bf16
uint8-int4-fp32 int8-int8-fp16 fp16-int4-fp32 bf16-e2m1fn-bf16 e4m3b11nosub-e4m3b11nosub-fp16 e4m3u-e4m3-fp16 int8-int8-e5m0fn
fp16-fp16-fp16 fp16-fp16-fp32.ftz bf16-bf16-fp32.rna fp32-fp32-fp32 fp32-fp32-fp32.rtz.ftz tf32-fp16-fp32.unfused int32-int32-fp32
int32-fp32-e11m52 e11m52-e11m52-e11m52 e11m52-e11m52-fp32.rtz int16-int16-e5m10b2000 e5m0fn-e5m0fn-e5m0fn e1m3-e1m3-e1m3
int4-int4-e1m1.rtz.ftz.unfused int4-int4-e1m4.rtz int8-int8-e1m5
e4m3fn-e4m3fn-chunk3:e6m9:e6m9.unfused e5m2-e5m2-chunk4:fp16:fx e5m2-e5m2-chunk4:fx:fp32 e4m3fn-e4m3fn-chunk3:fx20:fx18.sat
int8-int8-chunk2:fx18:fp16.ftz int32-fp32-chunk5:fx40f3.rne:e8m30.rna e11m52-e11m52-chunk2:fp32:fx900f300.rne int8-int8-chunk1:fp16:fp32
e2m1fn-e2m1fn-chunk3:e2m3none:e2m3none.rna
nf4@fp16-fp16-fp32 af4@bf16-bf16-fp16.rtz nf4@fp16-nf4@e4m3fn-fx nf4@fp16-int8-chunk3:fx24:fp16 e8m0fnu-int8-fx e8m0fnu-e4m3fn-fp32
lns8-lns8-fx lns8-lns8-fx32 lns8-lns8-fx20f9.rne.sat elma8-elma8-fx38 elma8-elma8-fp32 elma8-elma8-bf16.unfused lns10g8-lns8-fp32
lns16g64-lns16g64-fp32 lns5g1t0-lns5g1t0-chunk3:fp16:fx40 e4m3fn+e5m2-e4m3fn+e5m2-fp32 e4m3fn+e5m2-e4m3fn+e5m2-fx
e2m1fn+e4m3fn-int8-fx int8+e4m3fn-int8+e4m3fn-fp32 int4+nf4@fp16+e5m2-fp16-fp16.ftz cfloat8e4m3-cfloat8e5m2-fp32
cfloat16shp-cfloat16shp-fp32 cfloat8e4m3b7half-cfloat8e4m3b60half-fx
fp16-fp16-fp16.sr8 e4m3fn-e4m3fn-fp16.sr1 e5m2-e5m2-fp32.sr16 fp32-fp32-fp32.sr32 int8-int8-fp16.sr4 e4m3fn-e4m3fn-e6m9.sr4.ftz
e11m52-e11m52-e11m52.sr32 e4m3fn-e4m3fn-e4m3fn.sr7 int8-int8-e5m0fn.sr3 e1m3-e1m3-e1m3.sr5 e4m3fn-e4m3fn-chunk3:fp16.sr8:fp32.sr4
int8-int8-chunk2:fx20:bf16.sr12 e5m2-e5m2-chunk3:e6m9.sr9:fx60f20
e5m2-e5m2-chunk4:dlfloat16:dlfloat16 dlfloat16-dlfloat16-dlfloat16 hfp8-hfp8-dlfloat16.rtz e4m3fn-e4m3fn-e6m9nosub.rna hfp8-hfp8-hfp8
e4m3fn-e4m3fn-dlfloat16.unfused.ftz e4m3fn-e4m3fn-dlfloat16.sr8 e2m1fn-e2m1fn-e3m2fnnosub int8-int8-e4m2b3nosub.sr5 e3m1-e3m1-e2m1nosub.rna
e4m3fn-e4m3fn-e5m0fnnosub e4m3fn-e4m3fn-e5m0fnuznosub.rna.unfused e4m3fn-e4m3fn-e5m0fnnosub.sr2 fp32-fp32-e8m30nosub.sr32
fp16-fp16-e11m52nosub.sr30 e4m3fn-e4m3fn-chunk3:e4m3nosub.sr6:e4m3b11fnuznosub.sr3
""".split()  # noqa: SIM905 (sixty short names)


def biased_codes(fmt: Operand, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Random codes; half of them zero, special, or one step beside such a code."""
    ends = np.array([0, 1, (1 << fmt.width) - 1, 1 << (fmt.width - 1), (1 << (fmt.width - 1)) - 1], np.uint64)
    if isinstance(fmt, FloatFormat):
        ends = np.append(ends, np.array([fmt.max_finite_code, fmt.inf_code or 0, fmt.nan_code or 0], np.uint64))
    usual = rng.integers(0, (1 << fmt.width) - 1, shape, dtype=np.uint64, endpoint=True)
    return np.where(rng.random(shape) < 0.15, rng.choice(ends, shape), usual)


def random_words(spec: MacSpec, lanes: int, rng: np.random.Generator) -> np.ndarray:
    """What `rand` shows; of each level's bits often none or all are ones."""
    rand, place = np.zeros(lanes, np.uint64), 0
    for bits in (level.random_bits for level in spec.levels if isinstance(level, FloatAcc)):
        ones = (1 << bits) - 1
        field = rng.choice([0, ones, None], lanes, p=[0.2, 0.2, 0.6])
        usual = rng.integers(0, ones, lanes, dtype=np.uint64, endpoint=True)
        rand |= np.where(field == None, usual, field).astype(np.uint64) << np.uint64(place)  # noqa: E711 (element by element)
        place += bits
    return rand


def assert_forms_agree(spec: MacSpec, lanes: int, steps: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    array, scalars = golden.Mac(spec), [golden.scalar.Mac(spec) for _ in range(lanes)]
    array.reset(lanes)
    for k in range(steps):
        if k == steps // 2:
            level = spec.levels[-1]
            if isinstance(level, FloatAcc):
                start = [int(code) for code in biased_codes(level.format, (lanes,), rng)]
            else:
                start = [int.from_bytes(rng.bytes(spec.acc_width // 8 + 1)) % (1 << spec.acc_width) for _ in range(lanes)]
            array.load(golden.int_to_code(start, spec.acc_width))
            for mac, code in zip(scalars, start, strict=True):
                mac.load(code)
        a, b = biased_codes(spec.a, (lanes,), rng), biased_codes(spec.b, (lanes,), rng)
        clear, flush, valid = (rng.random(lanes) < p for p in (0.06, 0.1, 0.9))
        others = {name: rng.integers(0, 1 << bits, lanes) for name, bits in spec.inputs.items() if name.startswith("mode_")}
        rand = random_words(spec, lanes, rng)
        array.step(a, b, clear, flush=flush, valid=valid, rand=rand if spec.random_bits else None, **others)
        for i, mac in enumerate(scalars):
            modes = {name: int(each[i]) for name, each in others.items()}
            held = {"flush": bool(flush[i]), "valid": bool(valid[i]), "rand": int(rand[i])}
            mac.step(int(a[i]), int(b[i]), bool(clear[i]), **held, **modes)
        ours = list(zip(golden.code_to_int(array.acc), array.overflow.tolist(), array.invalid.tolist(), strict=True))
        assert ours == [(mac.acc, mac.overflow, mac.invalid) for mac in scalars], f"{spec}, seed {seed}, step {k}"


@pytest.mark.parametrize("name", UNITS)
def test_forms_agree(name: str) -> None:
    assert_forms_agree(MacSpec.parse(name), lanes=24, steps=24, seed=0)


@pytest.mark.slow
@pytest.mark.parametrize("name", UNITS)
def test_forms_agree_for_long(name: str) -> None:
    assert_forms_agree(MacSpec.parse(name), lanes=50, steps=100, seed=1)


@given(operand_formats(), operand_formats(), accumulators(), st.integers(0, 1 << 30))
@settings(deadline=None, max_examples=200)
def test_forms_agree_for_any_unit(a: Format, b: Format, acc: Accumulator, seed: int) -> None:
    try:
        spec = MacSpec(a, b, acc)
    except SpecError:
        assume(False)
        raise
    assert_forms_agree(spec, lanes=8, steps=10, seed=seed)


@pytest.mark.parametrize("name", ["int8-int8-fx32", "e5m2-e5m2-fx", "e4m3fn-e4m3fn-fp32", "fp16-fp16-fp32", "e4m3-e4m3-chunk3:fp16:fp32"])
def test_run_is_many_steps(name: str) -> None:
    # More lanes than one block, and a number of them that no block divides.
    spec, lanes, steps = MacSpec.parse(name), 20_001, 5
    rng = np.random.default_rng(0)
    a, b = biased_codes(spec.a, (steps, lanes), rng), biased_codes(spec.b, (steps, lanes), rng)
    clear = rng.random((steps, lanes)) < 0.1
    run, walk, step = (golden.Mac(spec) for _ in range(3))
    for mac in (run, walk, step):
        mac.reset(lanes)
    for k, _ in enumerate(walk.walk(a, b, clear=clear)):
        step.step(a[k], b[k], clear[k])
        np.testing.assert_array_equal(walk.acc, step.acc)
    np.testing.assert_array_equal(run.run(a, b, clear), step.acc)
    np.testing.assert_array_equal(run.overflow, step.overflow)
    np.testing.assert_array_equal(run.invalid, step.invalid)
    assert len(np.unique(step.acc, axis=0)) > lanes // 40  # the lanes did differ


@pytest.mark.parametrize(
    "name", ["e4m3fn-e5m2-fx-x3", "int8-int8-chunk3:fx20:fp16.sr4", "e4m3fn+e5m2-int8-fp16", "mxfp4-int8-fp32-x4", "e3m2-e2m3fn-tc4f7:e5m6"]
)
def test_a_run_of_few_units_is_many_steps(name: str) -> None:
    """What many cycles add is made at once: more cycles than fit, and a number of them that nothing divides."""
    spec, units, steps = MacSpec.parse(name), 5, 2003
    rng = np.random.default_rng(1)
    ports = {port: rng.integers(0, 1 << width, (steps, units), dtype=np.uint64) for port, width in spec.inputs.items() if port not in "ab"}
    ports |= {
        port: rng.random((steps, units)) < chance for port, chance in (("clear", 0.01), ("valid", 0.9), ("flush", 0.1)) if port in ports
    }
    shape = (steps, units) if spec.lanes == 1 else (steps, units, spec.lanes)
    a, b = (rng.integers(0, 1 << fmt.width, shape, dtype=np.uint64) for fmt in (spec.a, spec.b))
    run, walk, step = (golden.Mac(spec) for _ in range(3))
    for mac in (run, walk, step):
        mac.reset(units)
    late = ports["clear"].copy()
    for k, _ in enumerate(walk.walk(a, b, **ports | {"clear": late})):
        step.step(a[k], b[k], **{port: codes[k] for port, codes in ports.items()} | {"clear": late[k]})
        np.testing.assert_array_equal(walk.acc, step.acc)
        np.testing.assert_array_equal(walk.overflow, step.overflow)
        np.testing.assert_array_equal(walk.invalid, step.invalid)
        late[k + 1 : k + 2] |= rng.random(units) < 0.01  # read when its cycle comes, not before
    assert k == steps - 1
    assert late.sum() > 1.5 * ports["clear"].sum()
    np.testing.assert_array_equal(run.run(a, b, **ports | {"clear": late}), walk.acc)
    np.testing.assert_array_equal(run.overflow, walk.overflow)


@pytest.mark.parametrize("specials", ["", "fn", "fnuz", "none"])
@pytest.mark.parametrize("rounding", ["rne", "rna", "rtz"])
@pytest.mark.parametrize("options", ["", ".ftz", ".unfused", ".ftz.unfused"])
def test_every_step_of_a_small_unit(specials: str, rounding: str, options: str) -> None:
    operands = "e2m1fn" if specials == "none" else "e3m1"
    check_every_step(MacSpec.parse(f"sm3-{operands}-e2m1b1{specials}.{rounding}{options}"))


@pytest.mark.parametrize("acc", ["e2m3b2fnnosub", "e2m3b2fnnosub.rna", "e2m3b2fnnosub.rtz", "e3m0b3fnnosub", "e3m0b3fnuznosub.rna"])
@pytest.mark.parametrize("options", ["", ".unfused"])
def test_every_step_beside_a_gap_around_zero(acc: str, options: str) -> None:
    check_every_step(MacSpec.parse(f"sm3-e3m1-{acc}{options}"))


@pytest.mark.parametrize("acc", ["e2m1b1.sr1", "e2m1b1.sr4.ftz", "e2m2b2fnnosub.sr2", "e3m0b3fnnosub.sr3", "e3m0b3fn.sr3"])
def test_every_step_with_every_random_number(acc: str) -> None:
    check_every_step(MacSpec.parse(f"sm2-e3m1-{acc}"))


def check_every_step(spec: MacSpec) -> None:
    """Hold the forms against each other on all operands, accumulators and random numbers."""
    sizes = [1 << bits for bits in (spec.a.width, spec.b.width, spec.acc_width, spec.random_bits)]
    a, b, start, rand = (grid.ravel() for grid in np.indices(sizes))
    array, scalar = golden.Mac(spec), golden.scalar.Mac(spec)
    array.load(start)
    array.step(a, b, rand=rand if spec.random_bits else None)
    for lane, ours in enumerate(array.acc.tolist()):
        scalar.load(int(start[lane]))
        scalar.step(int(a[lane]), int(b[lane]), rand=int(rand[lane]))
        assert ours == scalar.acc, f"{spec}: {start[lane]} + {a[lane]} · {b[lane]}, rand {rand[lane]}"
