"""``hwmodel formats``: the catalog, or formats in full."""

from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hwmodel.spec import CATALOG, CatalogEntry, FloatFormat, Format, IntCoding, IntFormat, format_name, format_note, parse_format

from .arguments import Csv, Json
from .output import Column, Form, facts, form_of, note, show, show_csv, show_json, show_side_by_side
from .values import code_text, hex_text, number_text, short_text, to_float, value_text

if TYPE_CHECKING:
    from hwmodel.golden.scalar.value import Value

FULL_TABLE_BITS = 8
"""Formats up to this width get a table of all their codes."""

_COLUMNS = (
    Column("name", "name", left=True),
    Column("bits", "bits"),
    Column("fields", "s-e-f"),
    Column("bias", "bias"),
    Column("specials", "specials", left=True),
    Column("smallest", "smallest > 0"),
    Column("range", "range"),
    Column("overflow", "overflow", left=True),
    Column("source", "source", left=True, wide=112),
)

_CODINGS = {IntCoding.TWOS_COMPLEMENT: "two's complement", IntCoding.UNSIGNED: "unsigned", IntCoding.SIGN_MAGNITUDE: "sign and magnitude"}


def formats(
    names: Annotated[list[str] | None, typer.Argument(metavar="NAME", help="Formats to show in full; without one, the catalog.")] = None,
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """Number formats: the catalog, or some in full with their code tables."""
    form = form_of(as_json, as_csv)
    if not names:
        named = [entry.format for entry in CATALOG.values()]
        rows = [_line(fmt) if form is Form.TABLE else _row(fmt) for fmt in named]
        show(rows, _COLUMNS, form, caption="s-e-f: bits of sign, exponent, fraction. One format in full: hwmodel formats NAME")
        return
    asked = list(dict.fromkeys(parse_format(name) for name in names))
    for text in filter(None, map(format_note, names)):
        note(text)
    if form is Form.JSON:
        show_json([_row(fmt) | {"codes": _codes(fmt)} for fmt in asked])
    elif form is Form.CSV:
        show_csv([{"format": str(fmt), **code} for fmt in asked for code in _codes(fmt)])
    else:
        for fmt in asked:
            _show_full(fmt)


def _row(fmt: Format) -> dict[str, Any]:
    """Return what a machine wants to know of a format."""
    name = format_name(fmt)
    entry = CATALOG.get(name, CatalogEntry(fmt, ""))
    smallest, lowest, largest = _extremes(fmt)
    minifloat = fmt if isinstance(fmt, FloatFormat) else None
    return {
        "name": name,
        "kind": _CODINGS[fmt.coding] if isinstance(fmt, IntFormat) else "float",
        "bits": fmt.width,
        "sign_bits": int(fmt.signed),
        "exponent_bits": minifloat and minifloat.exponent_bits,
        "fraction_bits": minifloat and minifloat.fraction_bits,
        "bias": minifloat and minifloat.bias,
        "subnormals": minifloat and minifloat.subnormals,
        "has_inf": fmt.has_inf,
        "has_nan": fmt.has_nan,
        "has_negative_zero": fmt.has_negative_zero,
        "smallest_positive": to_float(smallest),
        "smallest_positive_hex": hex_text(smallest),
        "lowest": to_float(lowest),
        "largest": to_float(largest),
        "largest_hex": hex_text(largest),
        "overflow": fmt.default_overflow,
        "aliases": list(entry.aliases),
        "source": entry.source,
        "note": entry.note,
    }


def _line(fmt: Format) -> dict[str, Any]:
    """Return the line of the catalog that a person reads."""
    row = _row(fmt)
    smallest, lowest, largest = _extremes(fmt)
    return row | {
        "fields": f"{row['sign_bits']}-{fmt.exponent_bits}-{fmt.fraction_bits}" if isinstance(fmt, FloatFormat) else "–",
        "specials": ", ".join(word for word, there in (("inf", fmt.has_inf), ("NaN", fmt.has_nan)) if there) or "–",
        "smallest": short_text(smallest),
        "range": f"±{short_text(largest)}" if lowest == -largest else f"{short_text(lowest)}…{short_text(largest)}",
    }


def _extremes(fmt: Format) -> tuple[Fraction, Fraction, Fraction]:
    """Return the smallest positive, the lowest and the largest value."""
    if not isinstance(fmt, FloatFormat):
        return Fraction(1), Fraction(fmt.min_value), Fraction(fmt.max_value)
    # Without subnormals code 0 is zero, and code 1 the first number after it.
    first = 1 if fmt.subnormals else (1 << fmt.fraction_bits) + 1
    return first * Fraction(2) ** fmt.lsb_exponent, -fmt.max_value if fmt.signed else Fraction(0), fmt.max_value


def _codes(fmt: Format) -> list[dict[str, Any]]:
    """Return all codes of a narrow format, or the notable ones, and what they are worth."""
    from hwmodel.golden import scalar

    names: dict[int, str] = {}
    for name, code in _notable(fmt):
        names[code] = f"{names[code]}, {name}" if code in names else name
    codes = range(1 << fmt.width) if fmt.width <= FULL_TABLE_BITS else sorted(names)
    return [_code_row(code, fmt, scalar.decode(code, fmt), names.get(code, "")) for code in codes]


def _code_row(code: int, fmt: Format, value: "Value", name: str) -> dict[str, Any]:
    return {
        "code": code_text(code, fmt.width),
        "value": to_float(value.number) if value.is_finite else None,
        "text": value_text(value),
        "hex": hex_text(value.number, negative=value.negative) if value.is_finite else value_text(value),
        "name": name,
    }


def _notable(fmt: Format) -> list[tuple[str, int]]:
    """Return the codes one looks up most, with their names."""
    from hwmodel.golden import scalar

    largest = scalar.encode(_extremes(fmt)[2], fmt)
    found = [("zero", 0), ("one", scalar.encode(1, fmt)), ("largest", largest)]
    if fmt.signed:
        found.append(("lowest", scalar.encode(_extremes(fmt)[1], fmt)))
    if fmt.has_negative_zero:
        found.append(("negative zero", 1 << (fmt.width - 1)))
    if isinstance(fmt, FloatFormat):
        if fmt.fraction_bits and fmt.subnormals:
            found += [("smallest subnormal", 1), ("largest subnormal", fmt.fraction_mask)]
        found.append(("smallest normal", 1 << fmt.fraction_bits if fmt.subnormals else 1))
        if fmt.inf_code is not None:
            found += [("infinity", fmt.inf_code), ("negative infinity", fmt.inf_code | fmt.sign_mask)]
        if fmt.nan_code is not None:
            found.append(("canonical NaN" if fmt.has_inf else "NaN", fmt.nan_code))
    # A format whose values all lie above or below 1 has no code for it.
    return [(name, code) for name, code in found if name != "one" or scalar.decode(code, fmt).number == 1]


def _show_full(fmt: Format) -> None:
    row = _row(fmt)
    smallest, lowest, largest = _extremes(fmt)
    pairs = [("bits", str(fmt.width))]
    if isinstance(fmt, FloatFormat):
        pairs[0] = ("bits", f"{fmt.width}: sign {int(fmt.signed)}, exponent {fmt.exponent_bits}, fraction {fmt.fraction_bits}")
        pairs += [
            ("bias", str(fmt.bias)),
            ("exponent field 0", "subnormals" if fmt.subnormals else "a binade like any other; code 0 is zero"),
            ("infinity", "yes" if fmt.has_inf else "no"),
            ("NaN", "yes" if fmt.has_nan else "no"),
        ]
    else:
        pairs.append(("coding", _CODINGS[fmt.coding]))
    pairs += [
        ("negative zero", "yes" if fmt.has_negative_zero else "no"),
        ("smallest > 0", " = ".join(dict.fromkeys((number_text(smallest), hex_text(smallest))))),
        ("range", f"{number_text(lowest)} to {number_text(largest)}"),
        ("overflow", f"{fmt.default_overflow}, by default"),
        ("aliases", ", ".join(row["aliases"])),
        ("source", row["source"]),
        ("note", row["note"]),
    ]
    facts([pair for pair in pairs if pair[1]], title=row["name"])
    codes = _codes(fmt)
    if fmt.width <= FULL_TABLE_BITS:
        show_side_by_side([(code["code"], code["text"]) for code in codes], ("code", "value"))
    else:
        columns = (Column("code", "code", left=True), Column("text", "value"), Column("hex", "exactly"), Column("name", "", left=True))
        show([code | {"hex": "" if code["hex"] == code["text"] else code["hex"]} for code in codes], columns, Form.TABLE)
