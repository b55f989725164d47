"""A card against its library's full Liberty files: twenty units mapped, timed and simulated with either."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from hwmodel.flow import TechCard, switching, synthesize
from hwmodel.flow.fidelity import FullLibrary
from hwmodel.spec import MacSpec
from hwmodel.sweep.rows import SEED, check_states
from hwmodel.sweep.stimulus import operand_streams
from hwmodel.yosys import Yosys
from hwmodel_rtl import emit

from .crew import side_by_side

UNITS = (
    "int4-int4-fx24",
    "int8-int8-fx32",
    "uint8-int8-fx24.sat",
    "sm8-sm8-fx32",
    "int8-int8-fp16",
    "int8-e4m3fn-fx40",
    "e4m3fn-e4m3fn-fx",
    "e2m1fn-e2m1fn-fx",
    "e4m3fn-e4m3fn-fp16",
    "e4m3fn-e4m3fn-fp32",
    "e5m2-e5m2-fp32.rtz-p1",
    "bf16-bf16-fp32",
    "e5m2-e5m2-chunk64:e6m9:fp32",
    "posit8es1-posit8es1-posit8es1",
    "lns8-lns8-fx32",
    "nf4@fp16-fp16-fp32",
    "e4m3fn+e5m2-e4m3fn+e5m2-fp16",
    "int8-int8-fx32-x4",
    "e4m3fn-e4m3fn-tc4f13:fp32.rtz",
    "mxfp4-mxfp4-fp32-x4",
)
"""Twenty units, of every family that the project builds."""

BOUNDS = {"area": 0.005, "delay": 0.05, "energy": 0.05}
"""By how much, in parts of the full library's figure, a card's figure may differ."""

_STEPS, _STREAMS = 64, 64
_COLUMNS = {"area": "area_um2", "delay": "delay_ps", "energy": "energy_fj"}


def check_card(
    card: TechCard,
    library: FullLibrary,
    specs: Sequence[MacSpec],
    *,
    objective: str = "area",
    jobs: int = 2,
    progress: Callable[[str], None] = lambda line: None,
) -> list[dict[str, Any]]:
    """Map each unit with a card and with the full library it was made of.

    Parameters
    ----------
    objective
        What the mapper aims at, see `hwmodel.flow.synthesize`. By default area, which needs no tables. Where gates are sized, as for
        ``"balanced"``, ABC chooses among gates that are equally good by the last digits of tables, and so two tellings of one library
        come out up to 2 % apart in area.
    jobs
        Units worked on at a time.
    progress
        Called with a unit's name when it is done.

    Returns
    -------
    list of dict
        One row a unit: `spec`; ``area_card_um2``, ``area_full_um2``, ``area_ratio`` (card over full); the same of delay in ps and energy
        in fJ per step.

    Raises
    ------
    hwmodel.sweep.rows.MismatchError
        If a netlist's accumulator differs from the golden model's in any cycle.
    """

    def one(spec: MacSpec, yosys: Yosys) -> dict[str, Any]:
        row = _row(spec, card, library, yosys, objective)
        progress(str(spec))
        return row

    return side_by_side(one, specs, jobs)


def _row(spec: MacSpec, card: TechCard, library: FullLibrary, yosys: Yosys, objective: str) -> dict[str, Any]:
    unit = emit(spec, yosys=yosys)
    stimulus = operand_streams(spec, _STEPS, _STREAMS, np.random.default_rng(SEED))
    mapped = synthesize(unit.verilog, unit.name, card, yosys, objective=objective)
    whole = library.synthesize(unit.verilog, unit.name, yosys, objective=objective)
    spent = switching(mapped, stimulus, glitches=False)
    full_fj, averaged = library.energy_fj(whole, stimulus)
    for energy in (spent, averaged):
        check_states(spec, stimulus, energy.activity.outputs["acc"])
    row: dict[str, Any] = {"spec": str(spec)}
    figures = {"card": mapped.row | {"energy_fj": spent.settled.total_fj}, "full": whole.row | {"energy_fj": full_fj}}
    for quantity, column in _COLUMNS.items():
        unit_name = column.rpartition("_")[2]
        of_card, of_full = (float(figures[side][column]) for side in ("card", "full"))
        row |= {f"{quantity}_card_{unit_name}": of_card, f"{quantity}_full_{unit_name}": of_full, f"{quantity}_ratio": of_card / of_full}
    return row


def worst(rows: Sequence[dict[str, Any]]) -> dict[str, tuple[str, float]]:
    """Return, for each quantity, the unit whose ratio is farthest from 1, and the ratio less 1."""
    found = {}
    for quantity in BOUNDS:
        row = max(rows, key=lambda row: abs(row[f"{quantity}_ratio"] - 1))
        found[quantity] = (row["spec"], row[f"{quantity}_ratio"] - 1)
    return found
