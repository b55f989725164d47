"""The columns of mapping, energy and errors, as they are before there is any result: a view that fails in every row has them, too.

A test holds them against those that results have.
"""

from collections.abc import Mapping
from typing import Any

_PARTS = ("mpy", "alignadd", "normacc")
_SPENT = (*_PARTS, "decode", "", "ci", "internal", "switching", "clock", "leakage")
_FIGURES = ("snr_db", "worst_snr_db", "mean_error", "worst_error")
_SIZES = ("um2", "sequential_um2", "combinational_um2")


def columns_of(options: Mapping[str, Mapping[str, Any]]) -> dict[str, type]:
    """Return column -> int, float or str of the views that `options` are of, as `hwmodel.sweep.desk.Desk.options` has them."""
    found: dict[str, type] = {}
    explores = "synth" in options and options["synth"]["explore"]
    if "synth" in options:
        found["rtl_sha256"] = str
        found |= dict.fromkeys(("adder", "multiplier", "paths") if explores else (), str)
        found |= dict.fromkeys(
            [*(f"area_{part}_um2" for part in (*_PARTS, "decode")), *(f"area_{size}" for size in _SIZES), "area_ge"], float
        )
        found |= dict.fromkeys([*(f"area_flat_{size}" for size in _SIZES), "area_flat_combinational_ge", "delay_ps", "clock_min_ps"], float)
        found["clock_reason"] = str
        found |= dict.fromkeys(["delay_parted_ps", *(f"delay_{part}_ps" for part in _PARTS)], float)
        found["critical_part"] = str
        found |= dict.fromkeys(["cells", "flip_flops", "full_adders", "half_adders"], int)
        found["area_per_product_um2"] = float
    if "energy" in options:
        timed = options["energy"]["glitches"]
        found |= dict.fromkeys([*_spent("energy"), "clock_ps", *([*_spent("energy_timed"), "glitch_share"] if timed else ())], float)
        found |= dict.fromkeys(["energy_per_product_fj", *(["energy_timed_per_product_fj"] if timed else ())], float)
        found |= {"energy_operands": str, "energy_seed": int, "energy_macs": int}
    if explores:
        found |= {"script": str, "tried": int}
    if "error" in options:
        found |= {"data": str, "length": int, "products": int}
        names = [f"{of}{figure}" for of in ("", "quantisation_", "total_") for figure in _FIGURES]
        found |= dict.fromkeys([name for name in names if name != "total_snr_db"], float)
        found |= {"lost": int, "sqnr_db": float}
    return found


def _spent(name: str) -> list[str]:
    return [f"{name}_{part}_fj" if part else f"{name}_fj" for part in _SPENT]
