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


@pytest.mark.parametrize("number", [-1, 2.5, 2.0, "2", None, True])
def test_what_is_no_number_of_units(mac, number):
    mac.reset(np.int64(2))
    with pytest.raises(SpecError, match=f"^{number!r} units were asked for; a number of units is 0 or more$"):
        mac.reset(number)
    assert mac.acc.shape == (2,)
