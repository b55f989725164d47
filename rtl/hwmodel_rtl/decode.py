"""Decode: a code becomes an unpacked number."""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hwmodel.spec import BlockFormat, ChoiceFormat, CodebookFormat, FloatFormat, IntFormat, Operand, PositFormat
from hwmodel.spec.ranges import NumberShape, operand_shape

from .adders import add, constant, extend, invert, offset_by
from .cells import AdderCells
from .decode_codebook import unpack_codebook
from .decode_float import unpack_floats
from .decode_integer import unpack_integer, widened
from .number import exponent_of, field, fields, signature
from .posit import unpack_posit
from .select import choose

_NO_MODE = Const(0, 0)


class Decode(wiring.Component):
    """Unpack one operand: sign, exponent, significand, specials. Combinational.

    Parameters
    ----------
    fmt
        The operand's format; any but a logarithmic one.
    normalised
        Shift subnormals (and integers) until their highest bit is one. A float accumulator wants that; a fixed-point one
        shifts the product anyway and does not.

    Attributes
    ----------
    code : In(fmt.width)
        The operand.
    mode : In(fmt.mode_bits)
        Operands of several formats only: which one.
    shift : In(fmt.shift_bits)
        Elements of sub-blocks only: the shift of theirs.
    number : Out(signature(shape))
        The unpacked number, of shape `shape`.
    """

    def __init__(self, fmt: Operand, *, normalised: bool) -> None:
        self.fmt = fmt
        self.normalised = normalised
        self.shape = operand_shape(fmt, normalised=normalised)
        ports = {"code": In(fmt.width), "number": Out(signature(self.shape))}
        if isinstance(fmt, ChoiceFormat):
            ports["mode"] = In(fmt.mode_bits)
        if isinstance(fmt, BlockFormat) and fmt.sub_size:
            ports["shift"] = In(fmt.shift_bits)
        super().__init__(ports)

    def elaborate(self, platform):
        m = Module()
        cells = AdderCells(m)
        if isinstance(self.fmt, ChoiceFormat):
            _unpack_choice(m, cells, self.fmt, self.mode, self.code, self.number, self.shape, normalised=self.normalised)
        elif isinstance(self.fmt, BlockFormat):
            self._unpack_element(m, cells, self.fmt)
        else:
            _unpack(m, cells, self.fmt, self.code, self.number, self.shape, normalised=self.normalised)
        return m

    def _unpack_element(self, m: Module, cells: AdderCells, fmt: BlockFormat) -> None:
        """Drive `number` with what an element's code means; its sub-block's shift is taken off the exponent."""
        own = operand_shape(fmt.element, normalised=self.normalised)
        if not fmt.sub_size:
            # Another binary point is another `top`, and no gate.
            _unpack(m, cells, fmt.element, self.code, self.number, own, normalised=self.normalised)
            return
        element = Signal(data.StructLayout(fields(own)))
        _unpack(m, cells, fmt.element, self.code, element, own, normalised=self.normalised)
        m.d.comb += [getattr(self.number, name).eq(element[name]) for name in fields(own) if name != "exponent"]
        exponent, width = exponent_of(element, own), len(self.number.exponent)
        bits = extend(list(exponent), width, signed=exponent.shape().signed) if own.has_exponent else constant(own.exponent_low, width)
        minus_shift = invert(extend(list(self.shift), width, signed=False))
        m.d.comb += self.number.exponent.eq(Cat(*add(m, cells, bits, minus_shift, 1)[:width]))


def _unpack(m: Module, cells: AdderCells, fmt: Operand, code: Value, number: Any, shape: NumberShape, *, normalised: bool) -> None:
    """Drive `number`, of shape `shape`, with what `code` means in the one format `fmt`."""
    match fmt:
        case IntFormat():
            unpack_integer(m, cells, fmt, code, number, shape, normalised=normalised)
        case FloatFormat():
            unpack_floats(m, cells, [fmt], _NO_MODE, code, number, shape, normalised=normalised)
        case PositFormat():
            unpack_posit(m, cells, code, number, fmt)
        case CodebookFormat():
            unpack_codebook(m, fmt, code, number, shape)
        case _:
            raise NotImplementedError(f"no circuit decodes {fmt}")


def _unpack_choice(
    m: Module, cells: AdderCells, fmt: ChoiceFormat, mode: Value, code: Value, number: Any, shape: NumberShape, *, normalised: bool
) -> None:
    """Drive `number` with what `code` means in the format of `mode`.

    Integers are unpacked as the widest, minifloats together, all others side by side.
    """
    if fmt.as_integer is not None:
        unpack_integer(m, cells, fmt.as_integer, widened(m, fmt, mode, code), number, shape, normalised=normalised)
        return
    floats = [each for each in fmt.choices if isinstance(each, FloatFormat)]
    if len(floats) == len(fmt.choices):
        unpack_floats(m, cells, floats, mode, code, number, shape, normalised=normalised)
        return
    numbers: dict[int, dict[str, Value]] = {}
    for i, each in enumerate(fmt.choices):
        if isinstance(each, FloatFormat):
            continue
        own = operand_shape(each, normalised=normalised)
        unpacked = Signal(data.StructLayout(fields(own)), name=f"number_{i}")
        _unpack(m, cells, each, code[: each.width], unpacked, own, normalised=normalised)
        numbers[i] = _widened(m, unpacked, own, shape)
    if floats:
        own = operand_shape(ChoiceFormat(tuple(floats)) if len(floats) > 1 else floats[0], normalised=normalised)
        unpacked = Signal(data.StructLayout(fields(own)), name="number_float")
        # In the modes of other formats it does not matter which minifloat the code is read as.
        by_mode = [each if isinstance(each, FloatFormat) else floats[0] for each in fmt.choices]
        unpack_floats(m, cells, by_mode, mode, code, unpacked, own, normalised=normalised)
        joint = _widened(m, unpacked, own, shape)
        numbers |= {i: joint for i, each in enumerate(fmt.choices) if isinstance(each, FloatFormat)}
    for name in fields(shape):
        m.d.comb += getattr(number, name).eq(choose(m, mode, [numbers[i][name] for i in range(len(fmt.choices))], name))


def _widened(m: Module, number: Any, own: NumberShape, shape: NumberShape) -> dict[str, Value]:
    """Return the fields of `number` in the wider `shape`: its significand at the top, its exponent counted from the lower `top`."""
    values = {name: field(number, name) for name in ("sign", "nan", "inf")}
    values["significand"] = Cat(Const(0, shape.significand_bits - own.significand_bits), number.significand)
    if shape.has_exponent:
        exponent, width = exponent_of(number, own), len(Signal(fields(shape)["exponent"]))
        if own.has_exponent:
            bits = extend(list(exponent), width, signed=exponent.shape().signed)
            values["exponent"] = offset_by(m, bits, own.top - shape.top)
        else:
            values["exponent"] = Const((own.exponent_low + own.top - shape.top) % (1 << width), width)
    return values
