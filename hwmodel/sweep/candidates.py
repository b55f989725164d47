"""The units that advice chooses among: a default list, or names, templates and sweep files of a user's own."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from pathlib import Path

from hwmodel.spec import CATALOG, ChoiceFormat, CodebookFormat, MacSpec, SpecError, X87Format
from hwmodel.spec.block_catalog import BLOCK_CATALOG

from .errors import SweepError
from .plan import read_plan
from .templates import expand

MAX_BITS = 16
MAX_CANDIDATES = 100_000
"""More are refused: each is a unit whose error might have to be measured."""

_BATCH = 1 << 12

_INTEGERS = tuple(f"int{bits}" for bits in range(3, MAX_BITS + 1))
_MINIFLOATS = ("e2m2fn", "e3m1fn", "e2m5none", "e3m4none", "e4m3none", "e5m6", "e5m8")
_HELD = ("e4m3fn", "bf16", "fp16")
"""What codebooks' entries are held as."""

_SCALAR_ACCS = ("fx", "fx32", "e6m9", "bf16", "fp16", "fp32")
_BLOCK_ACCS = ("bf16", "fp16", "fp32")
"""Sums of blocks have scales that reach too far for a fixed point of a width that suits them all."""

_MIXED = (
    ("int4", "int8"),
    ("e2m1fn", "e4m3fn"),
    ("int8", "int16"),
    *product(("int4", "e2m1fn", "nf4@bf16", "int8", "e4m3fn"), ("bf16", "fp16")),
)
"""Narrow weights with wider activations: W4A8, W8A16, W4A16."""


def default_candidates(lanes: int = 1) -> list[MacSpec]:
    """Return the default list: operands of at most 16 bits, the same on both sides or narrow weights, into accumulators of all kinds.

    Formats are those of the catalog that are signed and fixed before the unit runs, integers of every width, some more minifloats, and
    block formats. Unsigned integers are left out, for software must take out what their zero points add.

    Parameters
    ----------
    lanes
        Operand pairs a step, of all of them; blocks that this does not divide are left out.
    """
    scalars = (*_INTEGERS, *_MINIFLOATS, *_catalog())
    pairs = [*((name, name) for name in dict.fromkeys(scalars)), *_MIXED]
    names = [f"{a}-{b}-{acc}" for (a, b), acc in product(pairs, _SCALAR_ACCS)]
    names += [f"{name}-{name}-{acc}" for name, acc in product(BLOCK_CATALOG, _BLOCK_ACCS)]
    return list(dict.fromkeys(_there_are(f"{name}-x{lanes}" if lanes > 1 else name for name in names)))


def candidates_of(texts: Sequence[str]) -> list[MacSpec]:
    """Return the units that `texts` name, each once: names of units, templates such as ``int{4..8}-int{4..8}-fx``, or sweep files.

    Raises
    ------
    SpecError, SweepError
        If one names nothing, or all of them too many.
    """
    found: dict[MacSpec, None] = {}
    for text in texts:
        for spec in _of_file(Path(text)) if text.endswith(".toml") else map(MacSpec.parse, expand(text)):
            found[spec] = None
            if len(found) > MAX_CANDIDATES:
                raise SweepError(f"{', '.join(texts)}: more than {MAX_CANDIDATES:,} units; name fewer, or narrow them by filters")
    if not found:
        raise SweepError(f"{', '.join(texts)}: no unit is left to choose from")
    return list(found)


def _of_file(path: Path) -> Iterator[MacSpec]:
    for batch in read_plan(path).batches(_BATCH):
        yield from (spec for spec, _, _ in batch.specs() if spec is not None)


def _catalog() -> Iterator[str]:
    """Yield the catalog's formats that stand for operands by themselves."""
    for name, entry in CATALOG.items():
        fmt = entry.format
        if isinstance(fmt, ChoiceFormat | X87Format) or fmt.width > MAX_BITS or not fmt.signed:
            continue
        yield from (f"{name}@{held}" for held in _HELD) if isinstance(fmt, CodebookFormat) else (name,)


def _there_are(names: Iterable[str]) -> Iterator[MacSpec]:
    """Yield the units of those names that are names."""
    for name in names:
        try:
            yield MacSpec.parse(name)
        except SpecError:
            continue
