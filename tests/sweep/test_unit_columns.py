"""Units of a batch are named, refused and estimated together as they are one by one."""

import numpy as np
import pytest

from hwmodel.cost import estimate
from hwmodel.sweep import parse_plan
from hwmodel.sweep.shares import Shares
from hwmodel.sweep.units import units_in

SPACES = {
    "minifloats": {"a": "e{1..6}m{0..3}{,fn,none}", "b": "e{2..11}m2", "acc": ["fx", "fx24f8.rne", "e5m2none"], "lanes": [1, 3, 16]},
    "integers": {
        "a": ["int{4..8+2}", "uint5", "e4m3fn"],
        "b": ["int8", "sm6", "int4+int8"],
        "acc": ["fx", "fx20fm2", "bf16"],
        "lanes": [1, 4, 65],
    },
    "posits": {
        "a": "posit{5..8}es{0..3}",
        "b": ["posit8", "e5m2"],
        "acc": ["quire", "posit8", "fx", "fp32"],
        "lanes": "{1..2}",
        "pipeline": [0, 3],
    },
    "logarithms": {"a": ["lns8", "lns6g4", "e4m3fn"], "b": ["lns8", "int4"], "acc": ["fx", "fp16"]},
    "tensor cores": {"a": ["e4m3fn", "fp32", "int8"], "b": ["e5m2", "bf16"], "acc": ["tc4f13:fp32", "tc8f8:fp16.late"], "lanes": [1, 4, 8]},
    "blocks": {
        "a": ["mxfp8e4m3", "nvfp4", "mx9", "fp16"],
        "b": ["mxfp4", "mxint8", "int8"],
        "acc": ["fp32", "fx", "fx64f20"],
        "lanes": [1, 8, 32],
    },
    "same": {"a": ["e4m3fn", "nf4", "nf4@fp16", "int8"], "acc": ["chunk16:fp16:fp32", "chunk4:fx:fx40", "e6m9"], "lanes": [1, 2]},
    "gpus": {"a": ["fp16", "int8"], "acc": ["h100", "h100:fp16", "fp32"], "lanes": [1, 16]},
    "units": {"unit": ["fp16-fp16-h100", "e{1..4}m0none-int8-fx"]},
}


@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
def test_together_as_one_by_one(space):
    (found,) = parse_plan({"space": space}).spaces
    (batch,) = found.batches(1 << 20)
    units, alone = units_in(batch, Shares(1)), list(batch.specs())
    assert units.names.to_pylist() == [name for _, name, _ in alone]
    assert units.reasons.to_pylist() == [reason or None for _, _, reason in alone]
    assert units.there.tolist() == [spec is not None for spec, _, _ in alone]
    some = np.flatnonzero(units.there)[:: max(units.there.sum() // 40, 1)]
    objective = "area" if "lanes" in space else "balanced"
    columns = units.estimates(some, "sky130hd", objective)
    for row, place in enumerate(some):
        expected = estimate(alone[place][0], objective=objective).row
        assert {name: figures[row] for name, figures in columns.items()} == {name: expected[name] for name in columns}
