"""The lanes of a unit: operands decoded and multiplied, pair by pair."""

from collections.abc import Mapping
from typing import Any

from amaranth.hdl import Cat, Module, Value

from hwmodel.spec import BlockFormat, ChoiceFormat, LogFormat, MacSpec, PositFormat, TensorAcc
from hwmodel.spec.dataflow import is_halved, joins_rows, lane_product, normalises_operands, normalises_product, raised_shape, stays_signed
from hwmodel.spec.ranges import row_integer

from .architecture import Architecture
from .decode import Decode
from .decode_halved import RaiseHalved
from .decode_integer import Widen
from .decode_log import DecodeLog
from .decode_posit import DecodePosit
from .mpy import Mpy, MpyInteger
from .mpy_log import MpyLog
from .mpy_posit import MpyPosit
from .number import connect, field, fields
from .pipeline import register
from .terms import Rows, Terms

OPERANDS = ("a", "b")


def multiply_lanes(
    m: Module, unit: Any, spec: MacSpec, architecture: Architecture, sum_width: int, valid: Value, *, decoded: bool, multiplied: bool
) -> Terms | Rows:
    """Return the products of a step, of instances called decode and mpy with the lane's number where there are several.

    Parameters
    ----------
    unit
        Where the operand ports are.
    sum_width
        Bits that the sum of the products shall be good for; of integers whose products are not added up here.
    valid
        Whether there are operands, by the time that they are multiplied.
    decoded, multiplied
        Whether there is a register behind the decoders, and behind the multipliers.
    """
    if joins_rows(spec):
        return _integers(m, unit, spec, architecture, sum_width, valid, decoded=decoded, multiplied=multiplied)
    normalised, aligned = normalises_operands(spec), isinstance(spec.acc, TensorAcc)
    products, zeros = [], []
    for lane in range(spec.lanes):
        suffix = f"_{lane}" if spec.lanes > 1 else ""
        decoders, mpy = _parts(spec, architecture, normalised)
        for name, decode in decoders.items():
            m.submodules[f"decode_{name}{suffix}"] = decode
            m.d.comb += decode.code.eq(_code(unit, spec, name, lane))
            if isinstance(getattr(spec, name), ChoiceFormat):
                m.d.comb += decode.mode.eq(getattr(unit, f"mode_{name}"))
            if hasattr(decode, "shift"):
                m.d.comb += decode.shift.eq(_shift(unit, getattr(spec, name), name, lane))
            number = {key: getattr(decode.number, key) for key in decode.number.signature.members}
            if aligned and is_halved(spec.factors[OPERANDS.index(name)]):
                m.submodules[f"decode_{name}{suffix}_raise"] = part = RaiseHalved(decode.shape)
                m.d.comb += connect(decode.shape, part.number, decode.number)
                number = {key: getattr(part.raised, key) for key in fields(part.shape)}
            if decoded:
                number = _registered(m, f"decode_{name}{suffix}_register", number)
            m.d.comb += [getattr(getattr(mpy, name), key).eq(value) for key, value in number.items()]
        m.submodules[f"mpy{suffix}"] = mpy
        m.d.comb += mpy.valid.eq(valid)
        product, zero = mpy.product, field(mpy, "zero")
        if multiplied:
            values = {key: getattr(product, key) for key in fields(mpy.shape)}
            product = register(m, f"mpy{suffix}_register", {**values, "zero": zero} if normalised or aligned else values)
            zero = field(product, "zero")
        products.append(product)
        zeros.append(zero)
    return Terms(products, lane_product(spec), Cat(*zeros) if aligned else zeros[0])


def _integers(
    m: Module, unit: Any, spec: MacSpec, architecture: Architecture, sum_width: int, valid: Value, *, decoded: bool, multiplied: bool
) -> Rows:
    """Multiply integers in one compressor tree for all lanes."""
    a, b = row_integer(spec.a), row_integer(spec.b)
    assert a is not None
    assert b is not None
    # Only a float tells -0 from +0; a block's sum is +0 whatever its signs.
    tells_sign = spec.exact_sum is not None and not spec.blocks and (a.signed or b.signed)
    m.submodules.mpy = mpy = MpyInteger(a, b, sum_width, architecture, spec.lanes, tells_sign=tells_sign)
    codes = {name: Cat(*(_integer(m, unit, spec, name, lane) for lane in range(spec.lanes))) for name in OPERANDS}
    if decoded:
        codes = _registered(m, "decode_register", codes)
    m.d.comb += [mpy.a.eq(codes["a"]), mpy.b.eq(codes["b"]), mpy.valid.eq(valid)]
    rows = {name: getattr(mpy, name) for name in ("row_0", "row_1", *(["negative"] if tells_sign else []))}
    if multiplied:
        rows = _registered(m, "mpy_register", rows)
    return Rows(rows["row_0"], rows["row_1"], mpy.constant, sum_width, rows.get("negative"))


def _integer(m: Module, unit: Any, spec: MacSpec, name: str, lane: int) -> Value:
    """Return the code of an operand that is an integer; of one of several widths, brought to the widest."""
    fmt, code = getattr(spec, name), _code(unit, spec, name, lane)
    if not isinstance(fmt, ChoiceFormat):
        return code
    m.submodules[f"decode_{name}_{lane}" if spec.lanes > 1 else f"decode_{name}"] = widen = Widen(fmt)
    m.d.comb += [widen.code.eq(code), widen.mode.eq(getattr(unit, f"mode_{name}"))]
    return widen.integer


def _code(unit: Any, spec: MacSpec, name: str, lane: int) -> Value:
    """Return the code of an operand in one lane."""
    codes, width = getattr(unit, name), getattr(spec, name).width
    return codes if spec.lanes == 1 else codes[lane * width : (lane + 1) * width]


def _shift(unit: Any, fmt: BlockFormat, name: str, lane: int) -> Value:
    """Return the shift of the sub-block that a lane's element is from."""
    index = lane // fmt.sub_size
    return getattr(unit, f"{name}_shift")[index * fmt.shift_bits : (index + 1) * fmt.shift_bits]


def _parts(spec: MacSpec, architecture: Architecture, normalised: bool) -> tuple[dict[str, Any], Any]:
    """Return the decoders of a lane by operand, and its multiplier."""
    a, b = spec.a, spec.b
    if isinstance(a, LogFormat) and isinstance(b, LogFormat):
        return {"a": DecodeLog(a), "b": DecodeLog(b)}, MpyLog(a, b)
    if stays_signed(spec):
        assert isinstance(a, PositFormat)
        assert isinstance(b, PositFormat)
        return {"a": DecodePosit(a), "b": DecodePosit(b)}, MpyPosit(a, b, architecture)
    decoders = {"a": Decode(a, normalised=normalised), "b": Decode(b, normalised=normalised)}
    aligned = isinstance(spec.acc, TensorAcc)
    shapes = [decode.shape for decode in decoders.values()]
    if aligned:
        shapes = [raised_shape(shape) if is_halved(fmt) else shape for shape, fmt in zip(shapes, spec.factors, strict=True)]
    return decoders, Mpy(
        *shapes, normalised=normalised, product_normalised=normalises_product(spec), architecture=architecture, tells_zero=aligned
    )


def _registered(m: Module, name: str, values: Mapping[str, Value]) -> dict[str, Value]:
    """Return `values` one cycle later, through an instance called `name`."""
    later = register(m, name, values)
    return {key: getattr(later, key) for key in values}
