"""Choices that change a circuit's size and speed, never its results."""

from dataclasses import asdict, dataclass

ADDERS = ("ripple", "brent_kung", "sparse", "sklansky", "kogge_stone")
MULTIPLIERS = ("baugh_wooley", "booth")


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

    Raises
    ------
    ValueError
        If a choice is not one of these.
    """

    adder: str = "brent_kung"
    multiplier: str = "baugh_wooley"

    def __post_init__(self) -> None:
        if self.adder not in ADDERS:
            raise ValueError(f"adder {self.adder!r} is not one of {', '.join(ADDERS)}")
        if self.multiplier not in MULTIPLIERS:
            raise ValueError(f"multiplier {self.multiplier!r} is not one of {', '.join(MULTIPLIERS)}")

    def as_dict(self) -> dict[str, str]:
        return asdict(self)
