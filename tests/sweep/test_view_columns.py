"""The columns of a table are those of what was asked for, whatever came of it."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sweep_cases import Crew, Here

from hwmodel.sweep import Store, parse_plan, run_sweep
from hwmodel.sweep.worker import Found

ERROR = {"length": 16, "rows": 4, "seeds": 1}
COMPUTE = {
    "synth": {"synth": True},
    "explored": {"synth": {"explore": True}},
    "explored for a clock": {"synth": {"explore": True, "clock_ps": 90_000}, "energy": {"streams": 4}},
    "energy": {"energy": {"streams": 4}},
    "glitches": {"energy": {"glitches": True, "streams": 4}},
    "error": {"error": ERROR},
    "all": {"estimate": True, "synth": {"explore": True}, "energy": {"glitches": True, "streams": 4}, "error": ERROR},
}


def fails() -> Crew:
    """Return processes that say of every view that it cannot be."""
    return Crew(lambda task, view: Found({}, "it cannot be"))


def sweep(compute: dict, unit: str, folder, crew) -> pa.Table:
    with Store(folder / "store") as store:
        run_sweep(parse_plan({"space": {"unit": unit}, "compute": compute}), store, folder / "t.parquet", crew)
    return pq.read_table(folder / "t.parquet")


@pytest.mark.parametrize("compute", COMPUTE.values(), ids=COMPUTE)
def test_what_fails_in_every_row_has_its_columns(compute, tmp_path):
    there = sweep(compute, "int2-int2-fx", tmp_path, Here)
    assert there["reason"].null_count == 1
    failed = sweep(compute, "int3-int3-fx", tmp_path, fails)
    assert failed["reason"].null_count == 0
    assert failed.schema == there.schema


def test_columns_of_results_are_declared(tmp_path):
    """Nothing else comes with them, also of units that have scales, lanes, registers, or a choice of formats."""
    for unit in ("mxfp4-mxfp4-fx32f8-x2-p1", "int2+e2m1fn-int2-fx16f4"):
        table = sweep({"energy": {"streams": 4}}, unit, tmp_path, Here)
        assert table["reason"].null_count == 1
        assert table.schema == sweep({"energy": {"streams": 4}}, "int3-int3-fx", tmp_path, fails).schema
