"""``hwmodel formats``: the catalog, formats in full, or a drawing of them."""

import math
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hwmodel.spec import (
    BLOCK_CATALOG,
    CATALOG,
    UNDEFINED,
    BlockFormat,
    CatalogEntry,
    ChoiceFormat,
    CodebookFormat,
    FloatFormat,
    Format,
    IntCoding,
    IntFormat,
    LogFormat,
    PositFormat,
    ScalarOperand,
    X87Format,
    format_name,
    format_note,
    parse_block,
    parse_operand,
)
from hwmodel.spec.block_catalog import is_block_name

from .arguments import Csv, Json, scalar_format
from .blocks import block_row, show_block
from .errors import InputError
from .files import plot_file
from .output import Column, Form, decimals, facts, form_of, note, progress, show, show_csv, show_json, show_side_by_side
from .values import cell_of, code_text, hex_text, in_float64, number_text, short_text, value_text

if TYPE_CHECKING:
    from hwmodel.golden.scalar.value import Value

FULL_TABLE_BITS = 8
"""Formats up to this width get a table of all their codes."""

_COLUMNS = (
    Column("name", "name", left=True),
    Column("bits", "bits"),
    Column("fields", "s-e-f"),
    Column("precision_bits", "precision\nbits", decimals(1), wide=96),
    Column("smallest", "smallest > 0"),
    Column("range", "range"),
    Column("dynamic_range_db", "range\ndB", decimals(0)),
    Column("specials", "specials", left=True, wide=88),
    Column("bias", "bias", wide=112),
    Column("overflow", "overflow", left=True, wide=112),
    Column("source", "source", left=True, wide=180),
)

_CODINGS = {IntCoding.TWOS_COMPLEMENT: "two's complement", IntCoding.UNSIGNED: "unsigned", IntCoding.SIGN_MAGNITUDE: "sign and magnitude"}


def formats(
    names: Annotated[list[str] | None, typer.Argument(metavar="NAME", help="Formats to show in full; without one, the catalog.")] = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            "--plot", metavar="FILE", help="Draw the formats' values and relative spacing (.png, .svg or .pdf).", show_default=False
        ),
    ] = None,
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """Number formats: the catalog, or some in full with their code tables."""
    form = form_of(as_json, as_csv)
    if plot is not None:
        _plot(names or [], plot)
        return
    if not names:
        named = [entry.format for entry in CATALOG.values()]
        rows = [_line(fmt) if form is Form.TABLE else _row(fmt) for fmt in named]
        if form is Form.CSV:
            rows = [row | {"aliases": " ".join(row["aliases"])} for row in rows]
        caption = (
            "s-e-f: bits of sign, exponent, fraction. Precision: bits of the significand, at best.\n"
            "One format in full: hwmodel formats NAME. "
            f"Not publicly defined, so not here: {', '.join(UNDEFINED)}.\n"
            f"Block formats: {', '.join(BLOCK_CATALOG)}."
        )
        show(rows, _COLUMNS, form, caption=caption)
        return
    unknown = list(dict.fromkeys(key for name in names if (key := name.strip().lower()) in UNDEFINED))
    defined = [name for name in names if name.strip().lower() not in UNDEFINED]
    asked = list(dict.fromkeys(parse_block(name) if is_block_name(name) else parse_operand(name) for name in defined))
    for text in filter(None, map(format_note, names)):
        note(text)
    if form is Form.JSON:
        rows = [block_row(fmt) if isinstance(fmt, BlockFormat) else _row(fmt) | {"codes": _codes(fmt)} for fmt in asked]
        show_json(rows + [{"name": key, "kind": "not publicly defined", "note": UNDEFINED[key]} for key in unknown])
    elif form is Form.CSV:
        if blocks := [fmt for fmt in asked if isinstance(fmt, BlockFormat)]:
            raise InputError(f"--csv lists codes, and the block format {blocks[0]} has none of its own; see its element, or use --json")
        show_csv([{"format": str(fmt), **code} for fmt in asked if not isinstance(fmt, BlockFormat) for code in _codes(fmt)])
    else:
        for fmt in asked:
            if isinstance(fmt, BlockFormat):
                show_block(fmt)
            else:
                _show_full(fmt)
        for key in unknown:
            facts([("kind", "not publicly defined"), ("note", UNDEFINED[key])], title=key)


def _plot(names: list[str], file: Path) -> None:
    """Draw formats to `file`."""
    plot_file(file)
    from hwmodel.report.zoo import SHOWN, SPACED, draw_formats
    from hwmodel.spec import parse_format

    with progress("draw", 1) as start:
        start(file.name)
        chosen = list(dict.fromkeys(map(scalar_format, names or SHOWN)))
        draw_formats(chosen, chosen if names else [parse_format(name) for name in SPACED], [file])
    print(f"written: {file}")


def _row(fmt: ScalarOperand) -> dict[str, Any]:
    """Return what a machine wants to know of a format."""
    name = format_name(fmt)
    entry = CATALOG.get(name, CatalogEntry(fmt, ""))
    smallest, lowest, largest = _extremes(fmt)
    minifloat = fmt if isinstance(fmt, FloatFormat | X87Format) else None
    return {
        "name": name,
        "kind": _kind(fmt),
        "bits": fmt.width,
        "sign_bits": int(fmt.signed),
        "exponent_bits": minifloat and minifloat.exponent_bits,
        "fraction_bits": minifloat and minifloat.fraction_bits,
        "bias": minifloat and minifloat.bias,
        "subnormals": minifloat and minifloat.subnormals,
        "has_inf": fmt.has_inf,
        "has_nan": fmt.has_nan,
        "has_negative_zero": fmt.has_negative_zero,
        "precision_bits": _precision(fmt),
        "smallest_positive": None if smallest is None else in_float64(smallest),
        "smallest_positive_hex": None if smallest is None else hex_text(smallest),
        "lowest": in_float64(lowest),
        "largest": in_float64(largest),
        "largest_hex": hex_text(largest),
        # Exactly, for the range of a quire is beyond float64.
        "dynamic_range_db": None if smallest is None else 20 * (_log10(largest) - _log10(smallest)),
        "overflow": fmt.default_overflow,
        "aliases": list(entry.aliases),
        "source": entry.source,
        "note": entry.note,
    }


def _log10(number: Fraction) -> float:
    return math.log10(number.numerator) - math.log10(number.denominator)


def _kind(fmt: ScalarOperand) -> str:
    match fmt:
        case IntFormat():
            return _CODINGS[fmt.coding]
        case PositFormat():
            return "posit"
        case LogFormat():
            return "logarithmic" if fmt.regime_exponent_bits is None else "tapered logarithmic"
        case CodebookFormat():
            return "codebook"
        case ChoiceFormat():
            return "several formats, chosen each cycle"
        case _:
            return "float"


def _precision(fmt: ScalarOperand) -> float | None:
    """Return the bits of the significand, at best; of a logarithmic format the same measure of its steps; None where there is none."""
    match fmt:
        case IntFormat():
            return float(fmt.max_value.bit_length())
        case LogFormat():
            return -math.log2(2 ** (1 / fmt.gamma) - 1) + 1
        case CodebookFormat():
            return None
        case ChoiceFormat():
            return max(filter(None, map(_precision, fmt.choices)), default=None)
        case _:
            return float(fmt.precision)


def _line(fmt: ScalarOperand) -> dict[str, Any]:
    """Return the line of the catalog that a person reads."""
    row = _row(fmt)
    smallest, lowest, largest = _extremes(fmt)
    if isinstance(fmt, FloatFormat | X87Format):
        fields = f"{row['sign_bits']}-{fmt.exponent_bits}-{fmt.fraction_bits}"
    elif isinstance(fmt, PositFormat):
        fields = f"es {fmt.exponent_bits}"
    elif isinstance(fmt, LogFormat):
        fields = f"γ {fmt.gamma}"
    else:
        fields = "–"
    has_nar = isinstance(fmt, PositFormat | LogFormat)
    return row | {
        "fields": fields,
        "specials": "NaR" if has_nar else ", ".join(word for word, there in (("inf", fmt.has_inf), ("NaN", fmt.has_nan)) if there) or "–",
        "smallest": "–" if smallest is None else short_text(smallest),
        "range": f"±{short_text(largest)}" if lowest == -largest else f"{short_text(lowest)}…{short_text(largest)}",
    }


def _extremes(fmt: ScalarOperand) -> tuple[Fraction | None, Fraction, Fraction]:
    """Return the smallest positive, the lowest and the largest value; only a codebook may have nothing positive."""
    from hwmodel.golden import scalar

    match fmt:
        case IntFormat():
            return Fraction(1), Fraction(fmt.min_value), Fraction(fmt.max_value)
        case PositFormat() | LogFormat():
            smallest, largest = (scalar.decode(code, fmt).number for code in (1, fmt.nan_code - 1))
            return smallest, -largest, largest
        case X87Format():
            largest = fmt.max_magnitude * Fraction(2) ** fmt.lsb_exponent
            return Fraction(2) ** fmt.lsb_exponent, -largest, largest
        case CodebookFormat():
            return min((entry for entry in fmt.entries if entry > 0), default=None), fmt.entries[0], fmt.entries[-1]
        case ChoiceFormat():
            each = [_extremes(choice) for choice in fmt.choices]
            return (
                min((found[0] for found in each if found[0] is not None), default=None),
                min(found[1] for found in each),
                max(found[2] for found in each),
            )
        case _:
            # Without subnormals code 0 is zero, and code 1 the first number after it; without a zero it is code 0.
            first = 1 if fmt.subnormals else (1 << fmt.fraction_bits) + fmt.zero
            smallest = first * Fraction(2) ** fmt.lsb_exponent
            return smallest, -fmt.max_value if fmt.signed else smallest * (not fmt.zero), fmt.max_value


def _codes(fmt: ScalarOperand) -> list[dict[str, Any]]:
    """Return all codes of a narrow format, or the notable ones, and what they are worth; a choice of formats has none of its own."""
    from hwmodel.golden import scalar

    if isinstance(fmt, ChoiceFormat):
        return []

    names: dict[int, str] = {}
    for name, code in _notable(fmt):
        names[code] = f"{names[code]}, {name}" if code in names else name
    codes = range(1 << fmt.width) if fmt.width <= FULL_TABLE_BITS else sorted(names)
    return [_code_row(code, fmt, scalar.decode(code, fmt), names.get(code, "")) for code in codes]


def _code_row(code: int, fmt: Format, value: "Value", name: str) -> dict[str, Any]:
    return {
        "code": code_text(code, fmt.width),
        "value": cell_of(value),
        "text": value_text(value),
        "hex": hex_text(value.number, negative=value.negative) if value.is_finite else value_text(value),
        "name": name,
    }


def _notable(fmt: Format) -> list[tuple[str, int]]:
    """Return the codes one looks up most, with their names."""
    from hwmodel.golden import scalar

    _, lowest, highest = _extremes(fmt)
    found = [(name, scalar.encode(value, fmt)) for name, value in (("zero", 0), ("one", 1), ("largest", highest))]
    if fmt.signed:
        found.append(("lowest", scalar.encode(lowest, fmt)))
    if fmt.has_negative_zero:
        found.append(("negative zero", 1 << (fmt.width - 1)))
    if isinstance(fmt, FloatFormat):
        if fmt.fraction_bits and fmt.subnormals:
            found += [("smallest subnormal", 1), ("largest subnormal", fmt.fraction_mask)]
        found.append(("smallest normal", 1 << fmt.fraction_bits if fmt.subnormals else int(fmt.zero)))
        if fmt.inf_code is not None:
            found += [("infinity", fmt.inf_code), ("negative infinity", fmt.inf_code | fmt.sign_mask)]
        if fmt.nan_code is not None:
            found.append(("canonical NaN" if fmt.has_inf else "NaN", fmt.nan_code))
    elif isinstance(fmt, X87Format):
        found += [("smallest subnormal", 1), ("infinity", fmt.inf_code), ("canonical NaN", fmt.nan_code)]
    elif isinstance(fmt, PositFormat | LogFormat):
        found += [("smallest", 1), ("not a real", fmt.nan_code)]
    # Some formats have no code for 1, or none for 0.
    exact = {"zero": 0, "one": 1}
    return [(name, code) for name, code in found if name not in exact or scalar.decode(code, fmt).number == exact[name]]


def _show_full(fmt: ScalarOperand) -> None:
    row = _row(fmt)
    smallest, lowest, largest = _extremes(fmt)
    pairs = [("kind", row["kind"]), *_fields(fmt)]
    pairs += [
        ("negative zero", "yes" if fmt.has_negative_zero else "no"),
        ("smallest > 0", "none" if smallest is None else " = ".join(dict.fromkeys((number_text(smallest), hex_text(smallest))))),
        ("range", f"{number_text(lowest)} to {number_text(largest)}"),
        ("dynamic range", "" if smallest is None else f"{row['dynamic_range_db']:.1f} dB"),
        ("overflow", f"{fmt.default_overflow}, by default"),
        ("aliases", ", ".join(row["aliases"])),
        ("source", row["source"]),
        ("note", row["note"]),
    ]
    facts([pair for pair in pairs if pair[1]], title=row["name"])
    codes = _codes(fmt)
    if not codes:
        return
    if fmt.width <= FULL_TABLE_BITS:
        show_side_by_side([(code["code"], code["text"]) for code in codes], ("code", "value"))
    else:
        columns = (Column("code", "code", left=True), Column("text", "value"), Column("hex", "exactly"), Column("name", "", left=True))
        show([code | {"hex": "" if code["hex"] == code["text"] else code["hex"]} for code in codes], columns, Form.TABLE)


def _fields(fmt: ScalarOperand) -> list[tuple[str, str]]:
    """Return what is particular to the format's family."""
    match fmt:
        case FloatFormat():
            low = "subnormals" if fmt.subnormals else "a binade like any other" + ("; code 0 is zero" if fmt.zero else "; there is no zero")
            return [
                ("bits", f"{fmt.width}: sign {int(fmt.signed)}, exponent {fmt.exponent_bits}, fraction {fmt.fraction_bits}"),
                ("bias", str(fmt.bias)),
                ("exponent field 0", low + (", worth half of what IEEE 754 has" if fmt.halved else "")),
                ("infinity", "yes" if fmt.has_inf else "no"),
                ("NaN", "yes" if fmt.has_nan else "no"),
            ]
        case X87Format():
            fields = f"{fmt.width}: sign 1, exponent {fmt.exponent_bits}, integer bit 1, fraction {fmt.fraction_bits}"
            return [("bits", fields), ("bias", str(fmt.bias)), ("infinity", "yes"), ("NaN", "yes; so are codes without their integer bit")]
        case PositFormat():
            exponent = min(fmt.exponent_bits, max(fmt.width - 3, 0))  # behind the sign and the shortest regime
            return [("bits", f"{fmt.width}: sign, regime, up to {exponent} of exponent and {fmt.fraction_bits} of fraction")]
        case LogFormat():
            taper = "" if fmt.regime_exponent_bits is None else f", tapered as a posit with es {fmt.regime_exponent_bits}"
            return [
                ("bits", f"{fmt.width}: sign and logarithm{taper}"),
                ("value", f"±2^(x/{fmt.gamma}), x from {-fmt.max_log} to {fmt.max_log}"),
                ("table", f"2^(i/{fmt.gamma}) in units of 2^-{fmt.table_bits}: {' '.join(map(str, fmt.table))}"),
            ]
        case ChoiceFormat():
            shown = ", ".join(map(str, fmt.choices[:4])) + (", …" if len(fmt.choices) > 4 else "")
            return [("bits", str(fmt.width)), ("mode", f"{fmt.mode_bits} bits: {shown}")]
        case _:
            return [("bits", str(fmt.width))]
