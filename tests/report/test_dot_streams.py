"""What units of several lanes and of blocks are fed, and what is told of them per product."""

import numpy as np
import pytest

from hwmodel import golden
from hwmodel.cost import CostError, estimate, paper
from hwmodel.spec import MacSpec
from hwmodel.sweep.stimulus import operand_streams


def streams(text: str, steps: int = 64) -> tuple[MacSpec, dict[str, np.ndarray]]:
    spec = MacSpec.parse(text)
    ports = operand_streams(spec, steps, 6, np.random.default_rng(2))
    assert set(ports) == {"rst", *spec.inputs}
    assert all(len(codes) == steps + spec.latency for codes in ports.values())
    return spec, ports


def test_lanes_are_fed_apart():
    _, ports = streams("int8-e4m3fn-fp32-x5")
    assert ports["a"].shape == ports["b"].shape == (65, 6, 5)
    lanes = ports["a"].astype(np.uint8).astype(np.int8).reshape(-1, 5)
    assert abs(np.corrcoef(lanes.T) - np.eye(5)).max() < 0.2


@pytest.mark.parametrize("text", ["mxfp4-mxint8-fp32-x8", "mxfp4-mxint8-fp32-x32", "mxfp4-mxint8-fp32"])
def test_a_scale_is_shown_with_every_step_of_its_block(text):
    """The rule of OCP MX: the largest of a block lies in the highest binade that its element has under the scale."""
    spec, ports = streams(text, 128)
    found = set()
    for name, fmt in (("a", spec.a), ("b", spec.b)):
        # Blocks that idle steps cut off are left out.
        blocks = 128 * spec.lanes // 32
        codes = np.moveaxis(ports[name].reshape(len(ports[name]), 6, -1), 0, 1)[:, :128].reshape(6, blocks, 32)
        scales = ports[f"{name}_scale"][:128].T.reshape(6, blocks, -1)
        assert (scales == scales[..., :1]).all()
        largest = np.abs(golden.decode(codes, fmt.element)).max(axis=-1)
        assert (largest >= 2.0 ** (fmt.emax + fmt.point)).all()
        values = golden.decode(codes, fmt.element) * 2.0**-fmt.point * golden.decode(scales[..., :1], fmt.scale)
        assert values.std() == pytest.approx(1, abs=0.15)
        found |= set(scales.ravel().tolist())
    assert len(found) > 2, "or a scale in the wrong place would not be seen"


@pytest.mark.parametrize("lanes", [1, 2, 8])
def test_a_shift_is_shown_with_its_sub_block(lanes):
    """mx9: two elements share a shift of one bit, which is 0 only where one of them needs the top bit of its magnitude."""
    spec, ports = streams(f"mx9-mx9-fp32-x{lanes}")
    shape = (6, -1)
    codes = np.moveaxis(ports["a"].reshape(len(ports["a"]), 6, -1), 0, 1).reshape(*shape)
    shifts = np.moveaxis(ports["a_shift"].reshape(len(ports["a"]), 6, -1), 0, 1).reshape(*shape)
    per_element = np.repeat(shifts, max(spec.a.sub_size, 1) if lanes > 1 else 1, axis=1)[:, : 64 * lanes]
    pairs = (codes[:, : 64 * lanes] & 0x7F).reshape(6, -1, 2).max(axis=-1)
    needed = np.repeat(pairs >= 64, 2, axis=1)
    assert (needed | (per_element == 1)).all()
    assert 0.1 < per_element.mean() < 0.9


def test_a_block_of_the_whole_tensor_ends_with_the_last_step():
    _, ports = streams("flex16-flex16-fp32-x2")
    assert np.flatnonzero(ports["flush"][:, 0]).tolist() == [63]
    assert len(np.unique(ports["a_scale"])) == 1
    assert not streams("mxint8-mxint8-fp32-x2")[1]["flush"].any()


def test_lanes_share_a_mode():
    _, ports = streams("int4+e4m3fn-e5m2-fp32-x3")
    assert ports["mode_a"].shape == (65, 6)
    assert ports["a"][:, ::2].max() < 16 <= ports["a"][:, 1::2].max()


def test_an_estimate_tells_what_a_product_costs():
    row = estimate(MacSpec.parse("fp16-fp16-tc4f23:fp32.rtz")).row
    assert row["lanes"] == 4
    assert 4 * row["area_per_product_um2"] == pytest.approx(row["area_um2"])
    assert 4 * row["energy_per_product_fj"] == pytest.approx(row["energy_fj"])


@pytest.mark.parametrize("text", ["int8-int8-fx32-x4", "mxint8-mxint8-fp32", "fp16-fp16-tc1f20:fp32"])
def test_the_literature_counts_one_product_a_step(text):
    with pytest.raises(CostError, match="the literature counts gates of"):
        paper(MacSpec.parse(text))
