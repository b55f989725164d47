"""``hwmodel decode``: codes to values."""

from typing import Annotated

import typer

from hwmodel.spec import format_note

from .arguments import Csv, Json, given_or_stdin, scalar_format
from .output import Column, form_of, note, show
from .values import cell_of, code_text, hex_text, parse_code, value_text

_COLUMNS = (Column("code", "code"), Column("bits", "bits"), Column("text", "value"), Column("hex", "exactly"))


def decode(
    name: Annotated[str, typer.Argument(metavar="FORMAT", help="The format.", show_default=False)],
    codes: Annotated[
        list[str], typer.Argument(metavar="CODE", help="Codes: 0x7e, 0b01111110 or 126; - reads them from stdin.", show_default=False)
    ],
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """Codes to values, exactly."""
    from hwmodel.golden import scalar

    form = form_of(as_json, as_csv)
    fmt = scalar_format(name)
    if text := format_note(name):
        note(text)
    rows = []
    for given in given_or_stdin(name, codes):
        code = parse_code(given, str(fmt), fmt.width)
        value = scalar.decode(code, fmt)
        rows.append(
            {
                "format": str(fmt),
                "code": code_text(code, fmt.width),
                "bits": f"{code:0{fmt.width}b}",
                "value": cell_of(value),
                "text": value_text(value),
                "hex": hex_text(value.number, negative=value.negative) if value.is_finite else value_text(value),
            }
        )
    show(rows, _COLUMNS, form, title=str(fmt))
