"""Arguments and options that several commands share."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hwmodel.spec import Format, MacSpec, parse_block, parse_format
from hwmodel.spec.block_catalog import is_block_name

from .errors import InputError
from .output import note

if TYPE_CHECKING:
    from hwmodel.flow import TechCard
    from hwmodel_rtl import Architecture

Specs = Annotated[
    list[str],
    typer.Argument(
        metavar="SPEC", help="Units <a>-<b>-<acc>[-x<L>][-p<N>], L in 1..64, N in 0..2, as in e4m3fn-e4m3fn-fp32-x8.", show_default=False
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Csv = Annotated[bool, typer.Option("--csv", help="Print CSV.")]
Card = Annotated[str, typer.Option("--card", "--tech", metavar="NAME", help="A bundled tech card, or the path of one.")]
OutFolder = Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the files; made if it is not there.")]
Jobs = Annotated[int, typer.Option("--jobs", "-j", min=1, help="Units worked on at a time.")]
Adder = Annotated[
    str | None, typer.Option(help="Carry-propagate adders: ripple, brent_kung, sparse, sklansky or kogge_stone.", show_default="brent_kung")
]
Multiplier = Annotated[str | None, typer.Option(help="Rows of the multiplier: baugh_wooley or booth.", show_default="baugh_wooley")]
Paths = Annotated[str | None, typer.Option(help="Ways of a sum into a float: single, or near_far.", show_default="single")]


def scalar_format(text: str) -> Format:
    """Return the format that `text` names, whose codes mean something by themselves.

    Raises
    ------
    InputError
        If it is a block format.
    SpecError
        If it is none.
    """
    if is_block_name(text):
        fmt = parse_block(text)
        units = f" (in units of 2^{-fmt.point})" if fmt.point else ""
        raise InputError(
            f"{fmt} is a block format, and what its codes are worth depends on their block's scale; "
            f"name its element, {fmt.element}{units}, or quantise arrays with golden.quantise"
        )
    return parse_format(text)


def parse_specs(texts: Sequence[str]) -> list[MacSpec]:
    """Return the units that `texts` name, each once, and tell what a reader of a name should know.

    Raises
    ------
    SpecError
        If a text names none.
    """
    specs = list(dict.fromkeys(MacSpec.parse(text) for text in texts))
    names = [sentence for text in texts for sentence in MacSpec.notes(text)]
    for sentence in dict.fromkeys([*names, *filter(None, (spec.unit_note for spec in specs))]):
        note(sentence)
    return specs


def given_or_stdin(name: str, texts: Sequence[str]) -> Sequence[str]:
    """Return `texts`, or the words on stdin where they are ``-`` alone; for commands whose arguments may start with a minus.

    Raises
    ------
    InputError
        If `name` or a text is a mistyped option, or stdin is closed or not text.
    """
    for text in (name, *texts):
        if text.startswith("--"):
            raise InputError(f"no such option: {text}; see --help")
    if list(texts) != ["-"]:
        return texts
    if sys.stdin is None:
        raise InputError("stdin is closed; - reads from it")
    try:
        return sys.stdin.read().split()
    except UnicodeDecodeError as error:
        raise InputError(f"stdin is not text: {error.reason}") from error


def given(context: typer.Context, name: str) -> bool:
    """Return whether the option `name` stands on the command line, be it as its default."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def find_card(name: str) -> "TechCard":
    """Return the card `name`; see `hwmodel.flow.load_card`."""
    from hwmodel.flow import load_card

    return load_card(name)


def architecture_of(adder: str | None, multiplier: str | None, paths: str | None) -> "Architecture":
    """Return how units are to be built; None: as they are by default.

    Raises
    ------
    InputError
        If a choice is unknown.
    """
    from hwmodel_rtl import Architecture

    choices = {"adder": adder, "multiplier": multiplier, "paths": paths}
    try:
        return Architecture(**{name: choice for name, choice in choices.items() if choice is not None})
    except ValueError as error:
        raise InputError(str(error)) from error
