"""What stirs a unit's cells: what comes late, and no more behind a register."""

import numpy as np
import pytest

from hwmodel.cost import ARCHITECTURES, counts
from hwmodel.cost.depth import arrivals
from hwmodel.cost.glitches import STIRS, stirred_cells
from hwmodel.cost.model import fitted_cells
from hwmodel.spec import MacSpec


def stirred(name: str) -> dict[str, np.ndarray]:
    """Return how many cells of the fitted parts each of `STIRS` stirs, times what it does."""
    spec, architecture = MacSpec.parse(name), ARCHITECTURES["balanced"]
    unit = counts(spec, **architecture)
    found = stirred_cells(spec, unit, fitted_cells(unit), objective="balanced", **architecture)
    return dict(zip(STIRS, found.reshape(4, len(STIRS), -1).sum(axis=2).T, strict=True))


def test_a_register_stops_what_comes_before():
    through, behind = stirred("e4m3fn-e4m3fn-fp32"), stirred("e4m3fn-e4m3fn-fp32-p1")
    assert (through["by depth before"][2:] > 0).all()
    assert (behind["by depth before"][2:] == 0).all()
    assert (behind["by depth"] >= 0.95 * through["by depth"]).all()
    assert stirred("int8-int8-fx32")["in fixed point"][2] > 0
    assert stirred("int8-int8-fx32-p1")["in fixed point"][2] == 0


def test_sums_that_become_a_float_stir_it_most():
    one, many = stirred("int8-int8-fp32"), stirred("int8-int8-fp32-x8")
    assert many["by depth before"][3] > 3 * one["by depth before"][3]
    assert many["in sums"][2] > 0 == one["in sums"][2]
    assert stirred("int8-int8-fp32-x8-p1")["by depth before"][3] == 0


def test_no_sign_stirs_the_bits_above_unsigned_products():
    assert stirred("uint8-uint8-fx32")["in fixed point"][2] < 0.6 * stirred("int8-int8-fx32")["in fixed point"][2]


def test_rounding_of_products_is_told_from_that_of_sums():
    fused, unfused = stirred("fp16-fp16-fp16"), stirred("fp16-fp16-fp16.unfused")
    assert fused["in sums"][3] == 0 < unfused["in sums"][3]


def test_what_is_folded_into_seldom_is_seldom_stirred():
    often, seldom = (stirred(f"e5m2-e5m2-chunk{steps}:fp16:fp32") for steps in (4, 64))
    assert seldom["by depth"][2] < often["by depth"][2]


@pytest.mark.parametrize("objective", ARCHITECTURES)
@pytest.mark.parametrize("name", ["e4m3fn-e4m3fn-fp32", "posit8-posit8-posit8", "e5m2-e5m2-chunk64:fp16:fp32", "int8-int8-fx32"])
def test_what_is_handed_on_comes_in_order(name, objective):
    found = arrivals(MacSpec.parse(name), **ARCHITECTURES[objective], objective=objective)
    assert 0 <= found.operands <= found.product
    assert len(found.levels) == len(MacSpec.parse(name).levels)
    for level in found.levels:
        assert level is None or max(level.significand, level.exponent) < level.total < level.end
