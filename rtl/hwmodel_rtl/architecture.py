"""Choices that change a circuit's size and speed, never its results."""

from dataclasses import asdict, dataclass

ADDERS = ("ripple", "brent_kung", "sparse", "sklansky", "kogge_stone")
MULTIPLIERS = ("baugh_wooley", "booth")
PATHS = ("single", "near_far")


@dataclass(frozen=True)
class Architecture:
    """How the arithmetic of a unit is built.

    Parameters
    ----------
    adder
        Carry-propagate adder of significands and sums: ``ripple`` (smallest on full-adder cells), ``brent_kung`` (default:
        hardly larger, far faster), ``sparse`` (a Brent-Kung network over groups of four bits: mapped for area it stays the faster
        of the two), ``sklansky`` or ``kogge_stone`` (fastest). Exponents, which are short, always ripple.
    multiplier
        Rows of the compressor tree: ``baugh_wooley`` (one a multiplier bit) or ``booth`` (radix 4, half as many).
    paths
        Additions into a float: ``single`` (every sum is aligned, added, normalised), or ``near_far`` (sums in which much cancels go
        another way, so that no way is long; larger and faster). Terms that may have many zeros on top, and other accumulators,
        have one path.

    Raises
    ------
    ValueError
        If a choice is not one of these.
    """

    adder: str = "brent_kung"
    multiplier: str = "baugh_wooley"
    paths: str = "single"

    def __post_init__(self) -> None:
        if self.adder not in ADDERS:
            raise ValueError(f"adder {self.adder!r} is not one of {', '.join(ADDERS)}")
        if self.multiplier not in MULTIPLIERS:
            raise ValueError(f"multiplier {self.multiplier!r} is not one of {', '.join(MULTIPLIERS)}")
        if self.paths not in PATHS:
            raise ValueError(f"paths {self.paths!r} is not one of {', '.join(PATHS)}")

    def as_dict(self) -> dict[str, str]:
        return asdict(self)
