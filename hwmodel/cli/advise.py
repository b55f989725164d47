"""``hwmodel advise``: the cheapest units that keep an error bound."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hwmodel.spec.mac import MAX_LANES

from .arguments import Card, Csv, Json, find_card, given
from .errors import InputError
from .output import Column, Form, decibels, form_of, note, progress, ratio, show

if TYPE_CHECKING:
    from hwmodel.error import Source
    from hwmodel.sweep.advice import Advice, Choice

ROWS, LENGTH = 256, 256
MAX_LENGTH = 4096
"""The longest dot product that is taken without being asked for."""

_AREA, _ENERGY = "area", "energy"
_GAUSSIAN = "gaussian"
_HEADS = {_AREA: "µm² a product", _ENERGY: "fJ a product"}
_COST_COLUMNS = {_AREA: "area_per_product{}_um2", _ENERGY: "energy_per_product{}_fj"}


def advise(
    context: typer.Context,
    sqnr: Annotated[float, typer.Option("--sqnr", metavar="DB", help="Signal to noise that dot products keep, in dB.", show_default=False)],
    data: Annotated[
        list[Path] | None,
        typer.Option(
            "--data",
            metavar="FILE",
            help="Your own numbers, a .npy file: operand a, dot products along its last axis, while b is drawn; or both operands, in one "
            "file of shape (2, n, K) or in two files of shape (n, K).",
            show_default=False,
        ),
    ] = None,
    distribution: Annotated[
        str | None,
        typer.Option("--distribution", "-d", metavar="NAME", help="Of what is drawn, as in hwmodel error.", show_default="gaussian"),
    ] = None,
    candidates: Annotated[
        list[str] | None,
        typer.Option(
            "--candidates",
            metavar="UNITS",
            help="A unit, a template such as int{4..8}-int{4..8}-fx, or a sweep file; may be given again.",
            show_default="formats of up to 16 bits, into six accumulators",
        ),
    ] = None,
    lanes: Annotated[int, typer.Option(min=1, max=MAX_LANES, help="Operand pairs a step of the default candidates.")] = 1,
    by: Annotated[str, typer.Option(metavar="area|energy", help="What is cheap.")] = _AREA,
    length: Annotated[
        int | None,
        typer.Option(
            "--length",
            "-k",
            min=1,
            metavar="K",
            help="Products in a dot product.",
            show_default=f"{LENGTH}; of your own data: a row, and at most {MAX_LENGTH} of it",
        ),
    ] = None,
    scale: Annotated[str, typer.Option(metavar="WHO", help="Who shares a scale of scalar operands: none, tensor or channel.")] = "tensor",
    seed: Annotated[int, typer.Option(min=0, help="Of drawn data.")] = 0,
    top: Annotated[int, typer.Option(min=1, help="How many units to show.")] = 10,
    card: Card = "sky130hd",
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """The cheapest units whose dot products keep an error bound, on your data: error measured bit by bit, cost estimated with an interval.

    The bound is on dot products as the unit computes them, against those of the data before they were quantised. A unit in which one
    overflows does not keep it. Units marked ≈ cannot be told apart from the cheapest: their intervals reach its own.
    """
    form = form_of(as_json, as_csv)
    if not math.isfinite(sqnr):
        raise InputError(f"--sqnr {sqnr} is not a number of decibels")
    if by not in _HEADS:
        raise InputError(f"--by {by!r} is not one of {', '.join(_HEADS)}")
    if candidates and given(context, "lanes"):
        raise InputError("--lanes is for the default candidates; name units with lanes, as in int8-int8-fx32-x8")
    from hwmodel.error import parse_sharing
    from hwmodel.sweep.advice import advise as choose
    from hwmodel.sweep.candidates import candidates_of, default_candidates

    sharing = parse_sharing(scale)
    cells = find_card(card)
    source = _given(data, distribution, length, seed) if data else _drawn(distribution or _GAUSSIAN, length or LENGTH)
    if length is None and source.shape[1] > MAX_LENGTH:
        note(f"rows of {source.name} have {source.shape[1]:,} numbers, of which the first {MAX_LENGTH:,} are measured; -k takes more")
    length = length or min(source.shape[1], MAX_LENGTH)
    units = candidates_of(candidates) if candidates else default_candidates(lanes)
    with progress("advise", len(units)) as start:
        advice = choose(units, source, sqnr, by=by, card=cells, length=length, sharing=sharing, seed=seed, top=top, started=start)
    if not advice.choices:
        raise InputError(_unreachable(advice, sqnr, source))
    rows = [_row(each, advice.choices[0], by) for each in advice.choices]
    about = f"{source.shape[0]:,} dot products of {length:,} of {source.name}, scale {scale}"
    if form is Form.TABLE:
        shown = [rows[0] | {"as_cheap": False}, *rows[1:]]
        show(shown, _columns(by), form, title=f"Units that keep {sqnr:g} dB, by {by}, on {cells.name}", caption=_caption(advice, about))
    else:
        show(rows, (), form)


def _columns(by: str) -> tuple[Column, ...]:
    head = _HEADS[by]
    return (
        Column("spec", "unit", left=True),
        Column("sqnr_db", "\nSQNR dB", decibels),
        Column(_COST_COLUMNS[by].format(""), f"{head}\nestimated", digits=3),
        Column(_COST_COLUMNS[by].format("_low"), "\nlow", digits=3, wide=70),
        Column(_COST_COLUMNS[by].format("_high"), "\nhigh", digits=3, wide=70),
        Column("cost_ratio", "\nratio", ratio),
        Column("as_cheap", "\n", _mark),
        Column("bits", "bits of\na, b", wide=60),
    )


def _row(choice: "Choice", cheapest: "Choice", by: str) -> dict[str, Any]:
    a, b = choice.bits
    costs = (choice.cost, choice.low, choice.high)
    return {
        "spec": str(choice.spec),
        "sqnr_db": choice.sqnr_db,
        **{_COST_COLUMNS[by].format(end): cost for end, cost in zip(("", "_low", "_high"), costs, strict=True)},
        "cost_ratio": choice.cost / cheapest.cost,
        "as_cheap": choice.as_cheap,
        "bits": f"{a:g}" if a == b else f"{a:g}, {b:g}",
        "bits_a": a,
        "bits_b": b,
    }


def _mark(value: Any) -> str:
    return "≈" if value else ""


def _caption(advice: "Advice", about: str) -> str:
    """Return what was done, and which units are as cheap as the first."""
    alike = sum(each.as_cheap for each in advice.choices[1:])
    first, told = str(advice.choices[0].spec), []
    if alike:
        some = "The unit below it" if alike == 1 else f"The {alike} units below it"
        told.append(f"{some} marked ≈ cannot be told apart from {first}: the 90 % intervals of their costs overlap.")
    if advice.more:
        told.append("There may be more that are as cheap; --top shows them.")
    elif not alike:
        told.append(f"{first} is the cheapest by more than the 90 % intervals of the estimates.")
    return (
        f"{' '.join(told)}\nSQNR: of {about}, from those of the data, computed bit by bit in each unit.\n"
        f"Units: {advice.candidates:,}; too coarse formats: {advice.too_coarse:,}; measured: {advice.measured:,}; dearer, not measured: "
        f"{advice.dearer:,}."
    )


def _unreachable(advice: "Advice", sqnr: float, source: "Source") -> str:
    few = f"none of the units ({advice.candidates:,}) keeps {sqnr:g} dB on {source.name}"
    if advice.best is None:
        where = "that were measured" if advice.untried else "that come near"
        others = f", and of others ({advice.untried:,}) none was measured" if advice.untried else ""
        return f"{few}: in all {where} a dot product overflows{others}; take --scale none, or accumulators of more range"
    spec, reached = advice.best
    nearest = "the nearest of those that were measured" if advice.untried else "the nearest"
    others = f", and {advice.untried:,} more may come nearer" if advice.untried else ""
    return f"{few}: {nearest} is {spec} with {reached:.1f} dB{others}; ask for less, or name other units with --candidates"


def _drawn(text: str, length: int) -> "Source":
    from hwmodel.error import DrawnPairs, parse_distribution

    return DrawnPairs(parse_distribution(text), (ROWS, length))


def _given(files: Sequence[Path], distribution: str | None, length: int | None, seed: int) -> "Source":
    """Return a user's own data: of one operand with one that is drawn, or of both; as many rows, evenly spread, as are measured.

    Raises
    ------
    InputError
        If there are more than two files, or nothing is left to draw.
    """
    from hwmodel.error import GivenPairs, parse_distribution, read_array

    if len(files) > 2:
        raise InputError(f"--data was given {len(files)} times; a dot product has two operands")
    arrays = [read_array(file) for file in files]
    name = " and ".join(file.name for file in files)
    if len(arrays) == 1 and arrays[0].ndim == 3 and arrays[0].shape[0] == 2:
        arrays = list(arrays[0])
    if len(arrays) == 2:
        if distribution is not None:
            raise InputError(f"{name}: both operands are given, and --distribution is for one that is drawn")
        a, b = (array[None] if array.ndim == 1 else array for array in arrays)
        return GivenPairs(name, *(_some_rows(each, name) if a.shape == b.shape and a.ndim == 2 else each for each in (a, b)))
    (values,) = arrays
    if values.ndim == 1 and values.size > (width := length or LENGTH):
        values = values[: values.size // width * width].reshape(-1, width)
    weights = _some_rows(values.reshape(-1, values.shape[-1]), name)
    drawn = parse_distribution(distribution or _GAUSSIAN)
    # A file that was itself drawn with this seed must not meet its own numbers: their products would all be squares.
    return GivenPairs(f"{name} by {drawn} numbers", weights, drawn.draw(weights.shape, (seed, 1)))


def _some_rows(values: Any, name: str) -> Any:
    """Return at most `ROWS` rows, evenly spread, and tell if those are not all."""
    if len(values) <= ROWS:
        return values
    import numpy as np

    note(f"{name} has {len(values):,} rows, of which {ROWS} are measured, evenly spread")
    return values[np.linspace(0, len(values) - 1, ROWS).astype(int)]
