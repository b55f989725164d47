"""What a unit is: formats, accumulators and `MacSpec`, as frozen data."""

from .accumulators import Accumulator, ChunkAcc, FixedAcc, FloatAcc, Level, PositAcc, QuireAcc, parse_accumulator
from .block_catalog import BLOCK_CATALOG, BlockEntry, parse_block, parse_scalar_or_block
from .blocks import SCALE_RULES, BlockFormat
from .catalog import CATALOG, UNDEFINED, CatalogEntry, add_codebook, format_name, format_note, parse_format, parse_operand
from .choices import ChoiceFormat
from .codebooks import CodebookFormat
from .errors import SpecError, WidthError
from .floats import FloatFormat, Specials
from .formats import Format, Operand, ScalarOperand
from .integers import IntCoding, IntFormat
from .lfsr import Lfsr
from .logarithms import LogFormat
from .mac import FixedPoint, MacSpec
from .posits import PositFormat
from .tensor import TENSOR_PRESETS, TensorAcc, TensorPreset, gpu_name, parse_tensor, presets_of
from .x87 import X87Format

__all__ = [
    "BLOCK_CATALOG",
    "CATALOG",
    "SCALE_RULES",
    "TENSOR_PRESETS",
    "UNDEFINED",
    "Accumulator",
    "BlockEntry",
    "BlockFormat",
    "CatalogEntry",
    "ChoiceFormat",
    "ChunkAcc",
    "CodebookFormat",
    "FixedAcc",
    "FixedPoint",
    "FloatAcc",
    "FloatFormat",
    "Format",
    "IntCoding",
    "IntFormat",
    "Level",
    "Lfsr",
    "LogFormat",
    "MacSpec",
    "Operand",
    "PositAcc",
    "PositFormat",
    "QuireAcc",
    "ScalarOperand",
    "SpecError",
    "Specials",
    "TensorAcc",
    "TensorPreset",
    "WidthError",
    "X87Format",
    "add_codebook",
    "format_name",
    "format_note",
    "gpu_name",
    "parse_accumulator",
    "parse_block",
    "parse_format",
    "parse_operand",
    "parse_scalar_or_block",
    "parse_tensor",
    "presets_of",
]
