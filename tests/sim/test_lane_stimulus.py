"""What units of several lanes and of blocks are given, before any simulator runs."""

import numpy as np
import pytest

from hwmodel.golden import decode
from hwmodel.spec import MacSpec, parse_format
from hwmodel_sim import tape
from hwmodel_sim.folds import Folds
from hwmodel_sim.obligations import in_words, obligations
from hwmodel_sim.planning import Reach, plan


def short_stories(unit: str, vectors: int = 40_000):
    return plan(MacSpec.parse(unit), 3, vectors, 8, Reach())[0]


@pytest.fixture(scope="module")
def products():
    """Products of the steps of a unit of four lanes, (steps, 4) float64, exact."""
    part, fmt = short_stories("e5m2-e5m2-fp32-x4"), parse_format("e5m2")
    with np.errstate(invalid="ignore"):
        return (decode(part.a, fmt) * decode(part.b, fmt))[part.valid]


def test_lanes_of_a_step_differ_in_every_way_that_sums_can_break_on(products):
    finite, zero = np.isfinite(products), products == 0
    size = np.abs(products)
    some = np.where(finite & ~zero, size, np.nan)[(finite & ~zero).sum(axis=1) > 1]
    cancels = (products[:, 0::2] == -products[:, 1::2]) & finite[:, 0::2] & ~zero[:, 0::2]
    met = {
        "zero": zero.all(axis=1),
        "minus zero": (zero & np.signbit(products)).all(axis=1),
        "zeros of both signs": zero.all(axis=1) & (np.signbit(products).sum(axis=1) % 4 > 0),
        "one that is no number": (~finite).sum(axis=1) == 1,
        "infinities of both signs": (products == np.inf).any(axis=1) & (products == -np.inf).any(axis=1),
        "both pairs of lanes cancel": cancels.all(axis=1),
        "one large among tiny ones": (size.max(axis=1) >= 2.0**20) & ((size < 2.0**-20).sum(axis=1) == 3),
        "all among the largest": finite.all(axis=1) & (products >= 2.0**30).all(axis=1),
        "both sides at once": (products >= 2.0**30).any(axis=1) & (products <= -(2.0**30)).any(axis=1),
        "all of one size": finite.all(axis=1) & (size.min(axis=1) * 4 >= size.max(axis=1)) & ~zero.any(axis=1),
    }
    for what, where in met.items():
        assert where.sum() > 20, what
    spread = np.log2(np.nanmax(some, axis=1) / np.nanmin(some, axis=1))
    assert (spread > 24).mean() > 0.1, "farther apart than the accumulator is wide"
    assert ((spread > 22) & (spread < 26)).mean() > 0.02, "and just about as far"


def test_lanes_share_a_mode_and_its_codes_are_finite():
    spec = MacSpec.parse("e2m1fn+e4m3fn-int8-fp32-x3")
    part = short_stories(str(spec))
    assert part.a.shape == (*part.valid.shape, 3)
    assert part.port("mode_a").shape == part.valid.shape
    value = decode(part.a & np.uint64(0xFF), parse_format("e4m3fn"))[part.valid & (part.port("mode_a") == 1)]
    assert np.isnan(value).mean() < 0.1, "but for the stories that want them"


def test_every_pair_is_met_in_some_lane():
    part = short_stories("e4m3fn-e4m3fn-fp32-x8", 60_000)
    assert len(np.unique(part.a[part.valid] << np.uint64(8) | part.b[part.valid])) == 1 << 16


@pytest.mark.parametrize(("lanes", "bits"), [(3, 5), (2, 64), (64, 32)])
def test_a_port_is_packed_with_lane_0_lowest(lanes, bits):
    codes = np.random.default_rng(0).integers(0, 1 << bits - 1, (4, 2, lanes), dtype=np.uint64)
    packed = tape._pack(*tape._one_by_one(codes, lanes * bits), cycles=2)
    assert packed.shape[0] == 2
    port = sum(int(code) << (bits * i) for i, code in enumerate(codes[:2].ravel().tolist()))
    assert int.from_bytes(packed[0].tobytes(), "little") == port


def test_scales_are_held_through_blocks_or_shown_only_when_they_count():
    spec = MacSpec.parse("mxfp8e4m3-mxfp8e4m3-fp32-x8")
    part = short_stories(str(spec))
    scale = part.port("a_scale")
    folds = Folds.of(spec.fold_steps, part.valid, part.clear, part.flush, part.rst)
    inside = part.valid[1:] & part.valid[:-1] & ~folds.fresh[1:]
    changes = ((scale[1:] != scale[:-1]) & inside).sum(axis=0) / inside.sum(axis=0)
    assert (changes < 0.1).sum() > 40, "stories that hold a scale"
    assert (changes > 0.9).sum() > 20, "stories that show another code in every step but the last"
    counts = scale[folds.ends & part.valid]
    assert {0, 254, 255} <= set(counts.tolist())
    assert (counts == 255).mean() < 0.1, "most blocks are numbers"
    total = (scale + part.port("b_scale"))[folds.ends & part.valid].astype(int) - 254
    assert ((total > -170) & (total < 130)).mean() > 0.7, "most land in the accumulator's range"


def test_blocks_end_everywhere():
    spec = MacSpec.parse("mx9-mx9-fp32-x4")
    part = short_stories(str(spec))
    assert part.port("a_shift").shape == (*part.valid.shape, 2)
    folds = Folds.of(spec.fold_steps, part.valid, part.clear, part.flush, part.rst)
    assert folds.whole
    # Steps that a block had when a flush ended it, with a step and alone, or a clear cut it off.
    run = np.zeros(part.valid.shape, int)
    for t in range(len(run)):
        so_far = run[t - 1] * ~folds.ends[t - 1] if t else 0
        run[t] = np.where(folds.fresh[t], 1, so_far + part.valid[t])
    flushed = folds.ends & part.flush
    cut = folds.fresh[1:] & ~folds.ends[:-1] & (run[:-1] > 0)
    for steps in (1, 2, 3):
        assert (flushed & part.valid & (run == steps)).sum() > 10, steps
        assert (flushed & ~part.valid & (run == steps)).sum() > 10, steps
        assert (cut & (run[:-1] == steps)).sum() > 3, steps


def owed(unit: str) -> str:
    return in_words(obligations(MacSpec.parse(unit)))


def test_what_lanes_and_blocks_owe():
    # Four products of 2^14 a step, to 2^31: 2^15 steps.
    assert obligations(MacSpec.parse("int8-int8-fx32-x4"))[0].steps == 1 << 15
    # Sixteen products of 2^6, with scales of 15 each: 230,400 a block of eight steps, to 2^47.
    assert obligations(MacSpec.parse("vsq4-vsq4-fx48f0-x2"))[1].steps == (((1 << 47) - 1) // 230_400 + 1) * 8
    assert owed("vsq4-vsq4-fx48f0-x2") == "two whole blocks (16 steps), both ends of the register (2^33 steps)"
    # Scales up to 2^127 each: the first block overflows.
    assert owed("mxfp8e4m3-mxfp8e4m3-fp32-x32") == "both ends of the register (2 steps)"
    # The sum of a tensor's elements has 44 bits, for products of 2^30.
    assert owed("flex16-flex16-fx80f10") == "both ends of the block's register (8,192 steps), both ends of the register (2^39 steps)"


def test_a_tensor_core_is_stuck_where_alignment_leaves_nothing_of_a_push():
    # 16 products of 1.75^2 = 3.0625 times 2^30; they vanish once 2^(E - 13) is above 2^31, at the latest, and E is then 45.
    (up, _) = obligations(MacSpec.parse("e5m2-e5m2-tc16f13:fp32.rtz"))
    assert 2**44 / (16 * 3.0625 * 2**30) < up.steps < 2**47 / (16 * 3.0625 * 2**30)
