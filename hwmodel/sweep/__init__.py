"""Sweeps: a design space to a table, one row a unit.

    plan = read_plan(Path("fp8.toml"))                       # axes, filters, and what to compute
    with Store(Path("hwmodel.store")) as store:              # what is there is not computed again
        run_sweep(plan, store, Path("fp8.parquet"), lambda: LocalPool(2))

A row is looked up by all that decides it (`desk`), computed in a worker (`worker`, in processes by `pool`, on other machines by `cluster`),
kept at once (`store`), and written with all others at the end (`table`). `docs/sweeps.md` is for people.
"""

from typing import TYPE_CHECKING

from hwmodel.lazy import lazily

if TYPE_CHECKING:
    from .cluster import Cluster
    from .errors import SweepError
    from .plan import MAX_UNASKED, Plan, parse_plan, read_plan
    from .pool import LocalPool
    from .run import Crew, Summary, run_sweep
    from .store import Store

_HOME = {
    "MAX_UNASKED": "plan",
    "Cluster": "cluster",
    "Crew": "run",
    "LocalPool": "pool",
    "Plan": "plan",
    "Store": "store",
    "Summary": "run",
    "SweepError": "errors",
    "parse_plan": "plan",
    "read_plan": "plan",
    "run_sweep": "run",
}

__all__ = [
    "MAX_UNASKED",
    "Cluster",
    "Crew",
    "LocalPool",
    "Plan",
    "Store",
    "Summary",
    "SweepError",
    "parse_plan",
    "read_plan",
    "run_sweep",
]

# Lazily, since a worker needs little of it.
__getattr__ = lazily(__name__, _HOME)
