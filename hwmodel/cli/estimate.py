"""``hwmodel estimate``: what a unit will cost, from its name alone."""

import math
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hwmodel.spec import MacSpec

from .arguments import Card, Csv, Json, Specs, find_card, given, parse_specs
from .errors import InputError
from .lanes import ratios_to, step, with_lanes
from .output import Column, Form, decimals, form_of, note, ratio, show, tell, with_ratios

if TYPE_CHECKING:
    from hwmodel.cost import Estimate, PaperGates

_PARTS = ("mpy", "alignadd", "normacc")

_PAPER = (
    Column("spec", "unit", left=True),
    *(Column(f"gates_{part}", f"{part}\ngates", decimals(0)) for part in _PARTS),
    Column("gates", "total\ngates", decimals(0)),
    Column("gates_ratio", "ratio", ratio),
)


def _columns(quantity: str, unit: str, head: str) -> tuple[Column, ...]:
    return (
        Column("spec", "unit", left=True),
        *(Column(f"{quantity}_{part}_{unit}", f"{part}\n{head}", decimals(0)) for part in _PARTS),
        Column(f"{quantity}_{unit}", f"total\n{head}", decimals(0)),
        Column(f"{quantity}_low_{unit}", f"low\n{head}", decimals(0)),
        Column(f"{quantity}_high_{unit}", f"high\n{head}", decimals(0)),
        Column(f"{quantity}_ratio", "ratio", ratio),
    )


_AREA = (
    *_columns("area", "um2", "µm²"),
    Column("area_ge", "total\nGE", decimals(0), wide=90),
    Column("area_decode_um2", "decode\nµm²", decimals(0), wide=112),
)
_DELAY = (
    Column("spec", "unit", left=True),
    Column("delay_ps", "delay\nps", decimals(0)),
    Column("delay_low_ps", "low\nps", decimals(0)),
    Column("delay_high_ps", "high\nps", decimals(0)),
)
_ENERGY = (*_columns("energy", "fj", "fJ"), Column("energy_decode_fj", "decode\nfJ", decimals(0), wide=112))
_TIMED = (*_columns("energy_timed", "fj", "fJ"), Column("energy_timed_decode_fj", "decode\nfJ", decimals(0), wide=112))


_PATH = (
    Column("part", "part", left=True),
    Column("level", "level", left=True),
    Column("levels", "levels", decimals(1)),
    Column("each_ps", "each\nps", decimals(1)),
    Column("delay_ps", "delay\nps", decimals(0)),
)
_EXPLAINED = (
    Column("part", "part", left=True),
    Column("cell", "cell", left=True),
    Column("count", "cells", decimals(0)),
    Column("each_um2", "each\nµm²", decimals(3)),
    Column("area_um2", "area\nµm²", decimals(1)),
    Column("working", "working", decimals(1)),
    Column("each_fj", "each\nfJ", decimals(3)),
    Column("clock_fj", "clock\nfJ", decimals(3), wide=90),
    Column("energy_fj", "energy\nfJ", decimals(1)),
    Column("energy_timed_fj", "glitching\nfJ", decimals(1)),
)


_OBJECTIVE = "What the unit is mapped for, with ripple, Brent-Kung or Sklansky adders; synth --objective tries all that there are."


def estimate(
    context: typer.Context,
    texts: Specs,
    card: Card = "sky130hd",
    objective: Annotated[str, typer.Option(metavar="area|balanced|delay", help=_OBJECTIVE)] = "balanced",
    paper: Annotated[bool, typer.Option("--paper", help="Count two-input gates as the literature does.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Show what it is the sum of: cells, what each counts, contributions.")] = False,
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """Area and energy by part from the spec alone, with intervals; ratios, per product, to the first unit."""
    form = form_of(as_json, as_csv)
    if paper and explain:
        raise InputError("--paper and --explain exclude each other")
    for option in ("card", "objective"):
        if paper and given(context, option):
            raise InputError(f"--paper counts gates of textbook circuits, whatever the {option}; leave out one of --paper and --{option}")
    specs = parse_specs(texts)
    if paper:
        _show_paper(specs, form)
    elif explain:
        _show_explained(specs, card, objective, form)
    else:
        _show_estimates(specs, card, objective, form)


def _show_paper(specs: list[MacSpec], form: Form) -> None:
    from hwmodel.cost import paper

    rows = with_ratios([_paper_row(spec, paper(spec)) for spec in specs], {"gates_ratio": "gates"})
    caption = "Textbook circuits; conventional gate counts (full adder 7, half adder 3, multiplexer 3, XOR 2), assumed."
    show(rows, _PAPER, form, title="Two-input gates, counted as in the literature", caption=caption)


def _paper_row(spec: MacSpec, gates: "PaperGates") -> dict[str, Any]:
    return {"spec": str(spec), **{f"gates_{part}": getattr(gates, part) for part in _PARTS}, "gates": gates.total}


def _show_estimates(specs: list[MacSpec], name: str, objective: str, form: Form) -> None:
    from hwmodel.cost import estimate as estimate_unit

    card = find_card(name)
    found = [estimate_unit(spec, card, objective) for spec in specs]
    rows: list[dict[str, Any]] = [dict(each.row) | {"area_ge": each.total_area_um2.value / card.nand2.area_um2} for each in found]
    ratios = {f"{kind}_ratio": f"{kind}_per_product_{unit}" for kind, unit in (("area", "um2"), ("energy", "fj"), ("energy_timed", "fj"))}
    rows = with_ratios(rows, ratios)
    _note_beyond(found)
    if form is not Form.TABLE:
        show(rows, (), form)
        return
    energy = f"Estimated energy per {step(rows)} on {card.name}"
    for quantity, title, columns, per_product in (
        ("area_um2", f"Estimated area on {card.name}", _AREA, ("area_per_product_um2", "µm²")),
        ("energy_fj", f"{energy}, zero-delay, without glitches", _ENERGY, ("energy_per_product_fj", "fJ")),
        ("energy_timed_fj", f"{energy}, with glitches", _TIMED, ("energy_timed_per_product_fj", "fJ")),
    ):
        shown = with_lanes(columns, rows, *per_product)
        # A part's interval is the same share of its value for every unit.
        show(rows, shown, form, title=title + ratios_to(rows), caption=_caption(found[0], quantity))
        print()
    title = f"Estimated delay of the longest combinational path on {card.name}, built and mapped for: {objective}"
    show(rows, _DELAY, form, title=title, caption=_caption(found[0], "delay_ps"))


def _show_explained(specs: list[MacSpec], name: str, objective: str, form: Form) -> None:
    """Print a row for each kind of cell in each part; the contributions add up to the unit's estimate."""
    from hwmodel.cost import estimate as estimate_unit

    card = find_card(name)
    found = [estimate_unit(spec, card, objective) for spec in specs]
    if form is not Form.TABLE:
        show([{"spec": str(each.spec), **row} for each in found for row in each.explain()], (), form)
        return
    for each in found:
        total = f"{each.total_area_um2.value:,.0f} µm², {each.total_energy_fj.value:,.0f} fJ per {step([each.row])}"
        total += f", {each.total_energy_timed_fj.value:,.0f} fJ with glitches"
        show(each.explain(), _EXPLAINED, form, title=f"{each.spec} on {card.name}: {total}")
        show(each.explain_delay(), _PATH, form, title=f"{each.spec} on {card.name}: {each.delay_ps.value:,.0f} ps")
    tell(
        "area = cells × each; energy = cells × clock + working × each. Each: the card's figure for the cell, times the scale learnt for "
        "the part and kind. Working: cells that change in an average cycle as the part's do. mpy = decode + multiply. "
        "Glitching: energy with glitches. Clock: of flip-flops, a column on terminals of 90 characters and more.\n"
        "delay = levels × each, along the longest way through the unit; a load is an input driven, a fan-out the logarithm of many."
    )


def _caption(found: "Estimate", quantity: str) -> str:
    """Return the intervals part by part, and how wrong estimates were on mapped units."""
    from hwmodel.cost import load_calibration
    from hwmodel.cost.calibration import COVERAGE

    intervals, calibration = found.figures[quantity], load_calibration(found.card, found.objective)
    spans = [
        f"{part} {each.low / each.value - 1:+.0%}…{each.high / each.value - 1:+.0%}"
        for part in (*_PARTS, "total")
        if part in intervals and (each := intervals[part]).value and math.isfinite(each.value)
    ]
    errors = calibration.error[quantity]
    means = ", ".join(f"{part} {errors[part]['mean']:.1%}" for part in (*_PARTS, "total") if part in errors)
    return (
        f"{COVERAGE:.0%} intervals: {', '.join(spans)}.\n"
        f"Mean error on {calibration.units} mapped units, each left out of its own fit: {means} "
        f"(95th percentile {errors['total']['p95']:.1%}); with its whole family left out: total {errors['total']['family']:.1%}."
    )


def _note_beyond(found: "list[Estimate]") -> None:
    """Say which estimates are extrapolated, on stderr."""
    for each in found:
        if each.beyond:
            parts = [part for part in each.beyond if part != "total"] or ["all parts together"]
            are = "is" if len(parts) == 1 and each.beyond != ("total",) else "are"
            told = f"{' and '.join(parts)} {are} far larger than in any unit that estimates were learnt from"
            note(f"{each.spec}: {told}; the figures are extrapolated")
