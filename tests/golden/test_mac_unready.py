"""What a unit over many lanes says before it has any."""

import numpy as np
import pytest

from hwmodel import golden
from hwmodel.spec import MacSpec, SpecError


@pytest.fixture
def mac() -> golden.Mac:
    return golden.Mac(MacSpec.parse("int8-int8-fx32"))


@pytest.mark.parametrize("shape", [[1, 2], [[1, 2]]])
def test_operands_before_a_reset(mac, shape):
    call = mac.run if isinstance(shape[0], list) else mac.step
    with pytest.raises(SpecError, match=r"there is no unit to take them: call reset\(n\) first"):
        call(shape, shape)


def test_no_lanes_take_no_operands(mac):
    mac.step(np.empty(0, np.uint8), np.empty(0, np.uint8))
    assert mac.acc.shape == (0,)


def test_a_negative_number_of_units(mac):
    with pytest.raises(SpecError, match="-1 units were asked for; a number of units is 0 or more"):
        mac.reset(-1)
