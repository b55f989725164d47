"""What comes to a weight in a shift by windows is what its definition says, window by window."""

import pytest

from hwmodel.spec import MacSpec
from hwmodel.spec.posit_products import posit_product_shape
from hwmodel.spec.window_shift import WindowShift

PAIRS = ["posit8-posit8", "posit6es0-posit6es0", "posit8es2-posit5es1", "posit10es3-posit7es0"]


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize(("fraction", "rounding"), [(16, "floor"), (4, "rne"), (60, "floor"), (-3, "rne")])
def test_bits_signs_and_gates_are_those_of_all_windows(pair, fraction, rounding):
    spec = MacSpec.parse(f"{pair}-fx500f200")
    shape = posit_product_shape(spec.a, spec.b)
    for fine in range(8):
        plan, gates = WindowShift._with(shape, fraction, rounding, fine), 0.0
        for weight in plan.weights:
            at = {window: weight - plan.place - (window << fine) for window in plan.windows}
            sources = [(window, bit) for window, bit in at.items() if 0 <= bit < plan.moved_bits - 1]
            sources = [each for each in sources if weight >= plan.lowest[each[0] - plan.windows[0]]]
            signs = tuple(window for window, bit in at.items() if bit >= plan.moved_bits - 1)
            assert list(plan.sources(weight)) == sources
            assert plan.signs(weight) == signs
            gates += len(sources) + bool(signs) + 0.5
        moves = sum(2.3 * (plan.bits + (1 << stage) - 2) + (1 << stage) for stage in range(fine))
        assert plan.gates == moves + gates + 3 * len(plan.windows)
