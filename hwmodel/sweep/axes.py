"""Axes of a design space: what can be chosen of a unit and of how it is made, each choice with the fields that filters see."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from hwmodel.spec import (
    BlockFormat,
    ChoiceFormat,
    ChunkAcc,
    CodebookFormat,
    FixedAcc,
    FloatAcc,
    FloatFormat,
    IntCoding,
    IntFormat,
    LogFormat,
    MacSpec,
    PositAcc,
    PositFormat,
    QuireAcc,
    SpecError,
    TensorAcc,
    X87Format,
    parse_accumulator,
    parse_block,
    parse_operand,
)
from hwmodel.spec.block_catalog import is_block_name
from hwmodel.spec.tensor import is_gpu_name

from .errors import SweepError
from .templates import expand, is_template

_OPERAND_KINDS: Mapping[type, str] = {
    FloatFormat: "float",
    X87Format: "float",
    PositFormat: "posit",
    LogFormat: "log",
    CodebookFormat: "codebook",
    ChoiceFormat: "choice",
    BlockFormat: "block",
}
_ACC_KINDS: Mapping[type, str] = {
    FixedAcc: "fixed",
    FloatAcc: "float",
    PositAcc: "posit",
    QuireAcc: "quire",
    ChunkAcc: "chunk",
    TensorAcc: "tensor",
}
FORMAT_FIELDS = ("name", "kind", "width", "exponent_bits", "fraction_bits", "bias", "signed", "has_nan", "has_inf", "size")
"""Fields of an operand; `size` is that of a block. Those of a block format are its element's."""

ACC_FIELDS = ("name", "kind", "width", "exponent_bits", "fraction_bits", "rounding")
"""Fields of an accumulator; `width` of one in fixed point is there where its name says it."""

UNIT_FIELDS = (*(f"{operand}.{field}" for operand in "ab" for field in FORMAT_FIELDS), *(f"acc.{field}" for field in ACC_FIELDS))
MAKING = ("card", "objective", "adder", "multiplier", "paths")
"""How a unit is made: the axes behind those of the unit itself."""

FIELDS = (*UNIT_FIELDS, "lanes", "pipeline", *MAKING)
"""All that a filter can ask for."""

KINDS: Mapping[str, Sequence[str]] = {
    **{f"{operand}.kind": (*(coding.value for coding in IntCoding), *dict.fromkeys(_OPERAND_KINDS.values())) for operand in "ab"},
    "acc.kind": tuple(_ACC_KINDS.values()),
    "acc.rounding": (*dict.fromkeys((*FixedAcc.ROUNDINGS, *FloatAcc.ROUNDINGS, *TensorAcc.ROUNDINGS)), "sr<k>"),
}
"""Of fields with few values all that there are."""

STOCHASTIC = re.compile(r"sr[1-9]\d?", re.ASCII)
"""What ``sr<k>`` stands for."""

TEXT_FIELDS = frozenset(field for field in FIELDS if field.rpartition(".")[2] in ("name", "kind", "rounding", *MAKING))
FLAG_FIELDS = frozenset(field for field in FIELDS if field.rpartition(".")[2] in ("signed", "has_nan", "has_inf"))
"""What is text, and what is true or false; all other fields are numbers."""

Field = float | str | None


def making_values(key: str) -> tuple[str, ...]:
    """Return all that there are of `MAKING` but cards, which are files, too."""
    from hwmodel.flow.mapping import SCRIPTS
    from hwmodel_rtl.architecture import ADDERS, MULTIPLIERS, PATHS

    return {"objective": tuple(SCRIPTS), "adder": tuple(ADDERS), "multiplier": tuple(MULTIPLIERS), "paths": tuple(PATHS)}[key]


@dataclass(frozen=True)
class Choice:
    """One value of an axis.

    Attributes
    ----------
    name
        Its canonical name, or the text where there is nothing of that name.
    value
        A format, an accumulator, a unit, a number, or a name.
    reason
        Why there is no value; empty where there is one.
    """

    name: str
    value: Any
    reason: str = ""


@dataclass(frozen=True, eq=False)
class Axis:
    """What is chosen independently of all else.

    Attributes
    ----------
    choices
        By what is chosen (`unit`, `a`, `b`, `acc`, `lanes`, …) the values, in step: one choice each makes a place of the axis.
        Operands that are to be the same are chosen together.
    """

    choices: Mapping[str, Sequence[Choice]]

    def __len__(self) -> int:
        return len(next(iter(self.choices.values())))

    def only(self, kept: np.ndarray) -> "Axis":
        """Return the axis with the places that `kept`, (places,) bool, says."""
        at = np.flatnonzero(kept).tolist()
        return Axis({name: [values[i] for i in at] for name, values in self.choices.items()})

    @cached_property
    def fields(self) -> dict[str, np.ndarray]:
        """Field -> its value at each place, (places,) float64 or object: NaN or None where a choice has no such field."""
        rows: list[dict[str, Field]] = [{} for _ in range(len(self))]
        for name, values in self.choices.items():
            for row, choice in zip(rows, values, strict=True):
                row |= _fields(name, choice)
        return {field: _array([row.get(field) for row in rows]) for field in dict.fromkeys(key for row in rows for key in row)}


def _array(values: Sequence[Field]) -> np.ndarray:
    if any(isinstance(value, str) for value in values):
        return np.array(values, dtype=object)
    return np.array([np.nan if value is None else float(value) for value in values])


def _fields(name: str, choice: Choice) -> dict[str, Field]:
    value = choice.value
    if name in ("a", "b"):
        return {f"{name}.{field}": figure for field, figure in _format_fields(choice).items()}
    if name == "acc":
        return {f"acc.{field}": figure for field, figure in _acc_fields(choice).items()}
    if name == "unit":
        if not isinstance(value, MacSpec):
            return {}
        parts = {"a": value.a, "b": value.b, "acc": value.acc, "lanes": value.lanes, "pipeline": value.pipeline}
        return {field: figure for part, each in parts.items() for field, figure in _fields(part, Choice(str(each), each)).items()}
    return {name: value}


def _format_fields(choice: Choice) -> dict[str, Field]:
    fmt = choice.value
    if fmt is None:
        return {"name": choice.name}
    kind = fmt.coding.value if isinstance(fmt, IntFormat) else _OPERAND_KINDS[type(fmt)]
    own = fmt.element if isinstance(fmt, BlockFormat) else fmt
    found: dict[str, Field] = {"name": choice.name, "kind": kind}
    for field in FORMAT_FIELDS[2:-1]:
        figure = getattr(own, field, None)
        found[field] = None if figure is None else float(figure)
    return found | {"size": fmt.size if isinstance(fmt, BlockFormat) else None}


def _acc_fields(choice: Choice) -> dict[str, Field]:
    acc = choice.value
    if isinstance(acc, str):  # a GPU, whose accumulator the operands decide
        return {"name": choice.name, "kind": "tensor"}
    if acc is None:
        return {"name": choice.name}
    fmt = getattr(acc, "format", None)
    found: dict[str, Field] = {"name": choice.name, "kind": _ACC_KINDS[type(acc)], "rounding": getattr(acc, "rounding", None)}
    found["width"] = acc.width if isinstance(acc, FixedAcc) else getattr(fmt, "width", None)
    return found | {field: getattr(fmt, field, None) for field in ("exponent_bits", "fraction_bits")}


def choices(where: str, name: str, texts: Sequence[str]) -> list[Choice]:
    """Return what `texts` name on the axis `name`, templates expanded, each once.

    A text without holes must name something. Of what a template stands for, some may not: their rows say why.

    Raises
    ------
    SpecError, SweepError
        If a text, or all that a template stands for, names nothing.
    """
    found: dict[str, Choice] = {}
    for text in texts:
        expanded = expand(text)
        each = [_choice(name, one) for one in expanded]
        if all(choice.value is None for choice in each):
            first = each[0].reason
            raise SweepError(f"{where}: {first}" if not is_template(text) else f"{where}: nothing that {text!r} stands for exists: {first}")
        for choice in each:
            found.setdefault(choice.name, choice)
    return list(found.values())


def _choice(name: str, text: str) -> Choice:
    key = text.strip().lower()
    try:
        value = _PARSERS[name](key)
    except SpecError as error:
        return Choice(key, None, str(error))
    return Choice(str(value), value)


def _parse_operand(text: str) -> Any:
    return parse_block(text) if is_block_name(text) else parse_operand(text)


def _parse_acc(text: str) -> Any:
    return text if is_gpu_name(text) else parse_accumulator(text)


_PARSERS: Mapping[str, Any] = {"a": _parse_operand, "b": _parse_operand, "acc": _parse_acc, "unit": MacSpec.parse}
