"""``hwmodel encode``: values to codes."""

from typing import Annotated, Any

import typer

from hwmodel.spec import Format, format_note

from .arguments import Csv, Json, given_or_stdin, scalar_format
from .errors import InputError
from .output import Column, form_of, note, show, significant
from .values import code_text, parse_value, to_float, value_text

_COLUMNS = (
    Column("value", "value"),
    Column("code", "code"),
    Column("bits", "bits", wide=112),
    Column("worth", "worth"),
    Column("error", "error", significant(6)),
    Column("relative_error", "relative error", significant(3)),
)


def encode(
    name: Annotated[str, typer.Argument(metavar="FORMAT", help="The format.", show_default=False)],
    values: Annotated[
        list[str],
        typer.Argument(metavar="VALUE", help="Numbers: 1.5, -2e-3, 0x1.8p-3, 1/3, inf, nan; - reads them from stdin.", show_default=False),
    ],
    rounding: Annotated[str, typer.Option(help="rne, rna, rtz, rup, rdn or sr<k>.")] = "rne",
    overflow: Annotated[str | None, typer.Option(help="sat or ieee.", show_default="the format's")] = None,
    nan: Annotated[str, typer.Option(help="A NaN, where the format has none: error, sat or zero.")] = "error",
    random: Annotated[int | None, typer.Option(metavar="INTEGER", help="The k random bits of sr<k>.", show_default=False)] = None,
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """Values to codes, with what each code is worth and the error; decimals are taken exactly and rounded once."""
    form = form_of(as_json, as_csv)
    if random is not None and not rounding.startswith("sr"):
        raise InputError(f"--random goes with --rounding sr<k>, and the rounding is {rounding}")
    if random is None and rounding.startswith("sr"):
        raise InputError(f"--rounding {rounding} goes with --random, the integer that its random bits are")
    fmt = scalar_format(name)
    if text := format_note(name):
        note(text)
    texts = given_or_stdin(name, values)
    rows = [_row(fmt, value, rounding=rounding, overflow=overflow, nan=nan, random=random) for value in texts]
    show(rows, _COLUMNS, form, title=str(fmt))


def _row(fmt: Format, text: str, **options: Any) -> dict[str, Any]:
    from hwmodel.golden import scalar

    value = parse_value(text)
    code = scalar.encode(value, fmt, **options)
    worth = scalar.decode(code, fmt)
    error = worth.number - value.number if worth.is_finite and value.is_finite else None
    relative = error / abs(value.number) if error is not None and value.number else None
    return {
        "format": str(fmt),
        "value": text,
        "code": code_text(code, fmt.width),
        "bits": f"{code:0{fmt.width}b}",
        "worth": value_text(worth),
        "error": None if error is None else to_float(error),
        "relative_error": None if relative is None else to_float(relative),
    }
