"""What a unit is: formats, accumulators and `MacSpec`, as frozen data."""

from .accumulators import Accumulator, ChunkAcc, FixedAcc, FloatAcc, parse_accumulator
from .catalog import CATALOG, CatalogEntry, format_name, format_note, parse_format
from .errors import SpecError
from .formats import FloatFormat, Format, IntCoding, IntFormat, Specials
from .mac import FixedPoint, MacSpec

__all__ = [
    "CATALOG",
    "Accumulator",
    "CatalogEntry",
    "ChunkAcc",
    "FixedAcc",
    "FixedPoint",
    "FloatAcc",
    "FloatFormat",
    "Format",
    "IntCoding",
    "IntFormat",
    "MacSpec",
    "SpecError",
    "Specials",
    "format_name",
    "format_note",
    "parse_accumulator",
    "parse_format",
]
