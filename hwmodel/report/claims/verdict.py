"""When a claim holds.

Ratios are within a tenth of the published one, or they are not. Cells count for more than the estimate of them, which is asked where
nothing was mapped; then the published ratio may also lie inside the estimate's own interval. An area must hold with parts kept apart and
flattened, as sources measure either. An energy is told without glitches and with them, and silicon lies between: so may a published
ratio. Where a source counted gates and our count of gates agrees with it while cells do not, it holds as counted.
"""

TOLERANCE = 0.1

HOLDS, COUNTED, DIFFERS, UNLIKE, UNKNOWN = "holds", "as counted", "differs", "not comparable", "not measured"

RULE = (
    f"A claim holds if cells give the published ratio to {TOLERANCE:.0%}, with their parts kept apart and flattened (an energy: without "
    "glitches, with them, or between); where nothing was mapped, if the estimate does, or its 90 % interval has it. It holds as counted if "
    "gates counted as the source did give it, and cells do not. It is not comparable if the source's figure is of something else, which is "
    "told. Of errors, decibels hold to the same share, and orders as they stand."
)


def near(ours: float, published: float) -> bool:
    """Return whether a ratio is the published one, to a tenth of it."""
    return abs(ours / published - 1) <= TOLERANCE


def verdict(
    published: float,
    *,
    counted: float | None = None,
    estimated: tuple[float, float, float] | None = None,
    mapped: tuple[float, ...] = (),
    between: bool = False,
    unlike: bool = False,
) -> str:
    """Return the verdict on a ratio.

    Parameters
    ----------
    published
        The ratio.
    counted
        Ours in counted gates, where the source counted them.
    estimated
        Ours as estimated, and the ends of its interval.
    mapped
        Ours in cells, measured in one way or several; empty where nothing was mapped.
    between
        Whether one of those is enough, or lying between them; else all must agree.
    unlike
        Whether the source's figure is of something else.
    """
    if unlike:
        return UNLIKE
    if mapped:
        each = [near(ours, published) for ours in mapped]
        holds = any(each) or min(mapped) <= published <= max(mapped) if between else all(each)
    elif estimated is not None:
        value, low, high = estimated
        holds = near(value, published) or low <= published <= high
    else:
        return UNKNOWN
    if holds:
        return HOLDS
    return COUNTED if counted is not None and near(counted, published) else DIFFERS
