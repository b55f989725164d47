"""The command line: one module a command.

Nothing here imports Amaranth, cocotb, pandas, matplotlib, NumPy or Yosys before a command needs it.
"""

from typing import Annotated

import typer

from . import (
    advise,
    calibrate,
    claims,
    compare,
    decode,
    emit,
    encode,
    error,
    estimate,
    formats,
    pareto,
    report,
    silicon,
    sweep,
    synth,
    tech,
    verify,
)
from .codebooks import add_codebooks
from .errors import Commands

app = typer.Typer(cls=Commands, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="rich")

# Negative numbers are values, not options.
_NUMBERS = {"ignore_unknown_options": True}

app.command("formats")(formats.formats)
app.command("encode", context_settings=_NUMBERS)(encode.encode)
app.command("decode", context_settings=_NUMBERS)(decode.decode)
app.command("emit")(emit.emit)
app.command("verify")(verify.verify)
app.command("estimate")(estimate.estimate)
app.command("calibrate")(calibrate.calibrate)
app.command("synth")(synth.synth)
app.command("compare")(compare.compare)
app.add_typer(tech.tech, name="tech")
app.command("report")(report.report)
app.command("error")(error.error)
app.command("silicon")(silicon.silicon)
app.command("sweep")(sweep.sweep)
app.command("pareto")(pareto.pareto)
app.command("advise")(advise.advise)
app.command("claims")(claims.claims)


@app.callback(invoke_without_command=True)
def hwmodel(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and leave.")] = False,
    codebook: Annotated[
        list[str] | None,
        typer.Option(
            "--codebook",
            metavar="NAME=FILE",
            help="2^n rising numbers as the format NAME; may be given again.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """What a number format costs in silicon: golden model, circuit, proof, gates and estimate of multiply-accumulate units.

    A unit is named [bold]<a>-<b>-<acc>[/bold]: two operand formats and an accumulator, as in int8-int8-fx32 or e4m3fn-e4m3fn-fp32.
    A codebook of your own is an operand once it says how it is held: hwmodel --codebook mine=levels.txt verify mine@fp16-fp16-fp32.
    """
    if version:
        from hwmodel import __version__

        print(f"hwmodel {__version__}")
        return
    add_codebooks(codebook or [])
    if context.invoked_subcommand is None:
        print(context.get_help())


def main() -> None:
    """Run the command line; the entry point of ``hwmodel``."""
    app(prog_name="hwmodel")
