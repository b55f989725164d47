"""``hwmodel synth``: units mapped to gates."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .arguments import Adder, Card, Csv, Json, Multiplier, Paths, Specs, architecture_of, find_card, given, parse_specs
from .errors import InputError, mismatch_exits
from .files import output_folder
from .lanes import ratios_to, step, with_lanes
from .output import Column, Form, decimals, form_of, progress, ratio, show, with_ratios

if TYPE_CHECKING:
    from hwmodel.flow import TechCard
    from hwmodel.sweep.operands import Operands

_AREA = (
    Column("spec", "unit", left=True),
    Column("area_mpy_um2", "mpy\num²", digits=3),
    Column("area_alignadd_um2", "alignadd\num²", digits=3),
    Column("area_normacc_um2", "normacc\num²", digits=3),
    Column("area_um2", "total\num²", digits=3),
    Column("area_ratio", "ratio", ratio),
    Column("area_ge", "total\nGE", decimals(0)),
    Column("area_flat_um2", "flat\num²", digits=3),
    Column("area_decode_um2", "decode\num²", digits=3, wide=112),
    Column("area_sequential_um2", "registers\num²", digits=3, wide=112),
)

_DELAY = (
    Column("spec", "unit", left=True),
    Column("delay_ps", "delay\nps", decimals(0)),
    Column("clock_min_ps", "clock\nps", decimals(0)),
    Column("critical_part", "critical\npart", left=True),
    Column("cells", "cells", decimals(0)),
    Column("flip_flops", "flip-\nflops", decimals(0)),
    Column("full_adders", "full\nadders", decimals(0)),
    Column("half_adders", "half\nadders", decimals(0)),
    Column("adder", "adder", left=True, wide=112),
    Column("multiplier", "multiplier", left=True, wide=112),
    Column("paths", "paths", left=True, wide=112),
    Column("delay_mpy_ps", "in mpy\nps", decimals(0), wide=112),
    Column("delay_alignadd_ps", "in alignadd\nps", decimals(0), wide=112),
    Column("delay_normacc_ps", "in normacc\nps", decimals(0), wide=112),
)

_PATH = (
    Column("part", "part", left=True),
    Column("cell", "cell", left=True),
    Column("pins", "pins", left=True),
    Column("edge", "edge", left=True),
    Column("delay_ps", "delay\nps", decimals(1)),
    Column("arrival_ps", "arrival\nps", decimals(1)),
    Column("load_ff", "load\nfF", decimals(1), wide=80),
    Column("slew_ps", "slew\nps", decimals(1), wide=80),
    Column("instance", "instance", left=True, wide=112, text=lambda name: "" if name.startswith("$") else name),
)


def _energies(name: str, *own: Column, kinds: tuple[str, ...]) -> tuple[Column, ...]:
    """Return the columns of one kind of energy: by part, total with ratio and interval, `own`, and by what spends it."""
    return (
        Column("spec", "unit", left=True),
        *(Column(f"{name}_{part}_fj", f"{part}\nfJ", digits=3) for part in ("mpy", "alignadd", "normacc")),
        Column(f"{name}_fj", "total\nfJ", digits=3),
        Column(f"{name}_ratio", "ratio", ratio),
        Column(f"{name}_ci_fj", "±\nfJ", digits=3),
        *own,
        *(Column(f"{name}_{kind}_fj", f"{kind}\nfJ", digits=3, wide=112) for kind in kinds),
    )


_ENERGY = _energies("energy", kinds=("internal", "switching", "clock", "leakage"))
# Clock and leakage are the same with glitches.
_TIMED = _energies("energy_timed", Column("glitch_share", "glitches", lambda share: f"{share:.0%}"), kinds=("internal", "switching"))


def synth(
    context: typer.Context,
    texts: Specs,
    card: Card = "sky130hd",
    liberty: Annotated[
        list[Path] | None,
        typer.Option(
            "--liberty", metavar="FILE", help="A library's Liberty file in the card's place; may be given again.", show_default=False
        ),
    ] = None,
    energy: Annotated[bool, typer.Option("--energy/--no-energy", help="Simulate the gates and count their toggles.")] = True,
    glitches: Annotated[
        bool, typer.Option("--glitches/--no-glitches", help="Simulate them with their delays too, which takes most of the time.")
    ] = True,
    operands: Annotated[
        list[str] | None,
        typer.Option(
            "--operands",
            metavar="NAME|FILE",
            help="What both operands are drawn from, or, given twice, a and then b: gaussian, uniform, laplace, student[:<nu>], "
            "lognormal[:<sigma>], offset[:<mean>], relu, or codes (all alike). Your own numbers, rounded to the format and not scaled: a "
            ".npy file of shape (2, n, K) for both, (n, K) for one; n streams of K numbers, each lane's in turn.",
            show_default="gaussian",
        ),
    ] = None,
    steps: Annotated[
        int | None, typer.Option("--steps", metavar="N", help="Cycles of drawn operands, accumulated into one.", show_default="128")
    ] = None,
    streams: Annotated[
        int | None, typer.Option("--streams", metavar="N", help="How often that is done, independently.", show_default="64")
    ] = None,
    objective: Annotated[
        str,
        typer.Option(
            help="area, balanced or delay: the architecture that is the smallest, the best product of both, the fastest. "
            "yosys: Yosys's own script. Not given: the default architecture, mapped for balance."
        ),
    ] = "balanced",
    clock_ps: Annotated[
        float | None,
        typer.Option(
            "--clock-ps",
            min=1,
            metavar="PS",
            help="Clock period to meet: clock to output, path and set-up, without wires.",
            show_default=False,
        ),
    ] = None,
    path: Annotated[bool, typer.Option("--path", help="Print the path that limits the clock too, cell by cell.")] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="DIR", help="Folder for Verilog and manifests.", show_default=False),
    ] = None,
    adder: Adder = None,
    multiplier: Multiplier = None,
    paths: Paths = None,
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """Area, delay and energy of each unit mapped to a library's gates, by part; ratios, per product, to the first unit."""
    form = form_of(as_json, as_csv)
    specs = parse_specs(texts)
    architecture = architecture_of(adder, multiplier, paths)
    _check_objective(objective)
    explores = objective != "yosys" and (given(context, "objective") or clock_ps is not None)
    if clock_ps is not None and not explores:
        raise InputError("--clock-ps chooses among architectures, which the objective yosys does not; use area, balanced or delay")
    folder = output_folder(out) if out else None
    if path and form is Form.CSV:
        raise InputError("--path goes with a table or --json; a row of CSV has no room for it")
    if liberty and given(context, "card"):
        raise InputError("--card and --liberty exclude each other")
    fed = _operands(operands, steps, streams, energy=energy, lanes=[spec.lanes for spec in specs])
    cells = find_card(card) if not liberty else _import(liberty)
    from hwmodel.sweep.explore import UnmetClockError, explore
    from hwmodel.sweep.rows import mapped_row
    from hwmodel.yosys import Yosys

    rows = []
    with mismatch_exits(), Yosys() as yosys, progress("map", len(specs)) as start:
        for spec in specs:
            start(str(spec))
            script = objective
            if explores:
                try:
                    choice = explore(spec, cells, yosys, objective, clock_ps=clock_ps, adder=adder, multiplier=multiplier, paths=paths)
                except UnmetClockError as error:
                    raise InputError(str(error)) from error
                architecture, script = choice.architecture, choice.script
            rows.append(
                mapped_row(
                    spec,
                    cells,
                    yosys,
                    architecture=architecture,
                    objective=script,
                    energy=energy,
                    glitches=glitches,
                    operands=fed,
                    path=path,
                    clock_ps=clock_ps,
                    verilog=folder,
                )
            )
    ratios = {"area_ratio": "area_per_product_um2"} | ({"energy_ratio": "energy_per_product_fj"} if energy else {})
    ratios |= {"energy_timed_ratio": "energy_timed_per_product_fj"} if energy and glitches else {}
    _show(with_ratios(rows, ratios), cells, form, energy=energy, glitches=glitches)


def _operands(texts: list[str] | None, steps: int | None, streams: int | None, *, energy: bool, lanes: Sequence[int]) -> "Operands":
    """Return the operands that the options ask for, refused before anything is mapped if some unit cannot take them."""
    if not energy and (texts or steps is not None or streams is not None):
        raise InputError("--operands, --steps and --streams are for energy, which --no-energy leaves out")
    from hwmodel.sweep.operands import parse_operands

    fed = parse_operands(texts or ["gaussian"], steps, streams)
    for each in lanes if energy else ():
        fed.for_lanes(each)
    return fed


def _check_objective(objective: str) -> None:
    from hwmodel.sweep.explore import OBJECTIVES

    if objective not in (*OBJECTIVES, "yosys"):
        raise InputError(f"the objective {objective!r} is not one of {', '.join((*OBJECTIVES, 'yosys'))}")


def _import(files: list[Path]) -> "TechCard":
    from hwmodel.flow import import_liberty

    name = files[0].name.removesuffix(".gz").removesuffix(".lib")
    with progress("read", 1) as start:
        start(", ".join(path.name for path in files))
        return import_liberty(name, files)


def _show(rows: list[dict[str, Any]], card: "TechCard", form: Form, *, energy: bool, glitches: bool) -> None:
    if form is not Form.TABLE:
        show(rows, (), form)
        return
    title = f"Area on {card.name}, parts kept apart (mpy with its decoders); flat: mapped as one{ratios_to(rows)}"
    show(rows, with_lanes(_AREA, rows, "area_per_product_um2", "µm²"), form, title=title)
    title = f"Delay and cells on {card.name}, {card.process}; flat unit, without wires; clock: with clock to output and set-up"
    reasons = dict.fromkeys(row["clock_reason"] for row in rows if row["clock_reason"])
    show(rows, with_lanes(_DELAY, rows), form, title=title, caption="\n".join(reasons))
    for row in rows:
        if steps := row.get("clock_path"):
            _show_path(row, steps)
    if energy:
        title = f"Energy per {step(rows)} on {card.name}, zero-delay, without glitches; {_run_text(rows)}{ratios_to(rows)}"
        caption = "±: half the 95 % interval of the total, over batches of streams"
        show(rows, with_lanes(_ENERGY, rows, "energy_per_product_fj", "fJ"), form, title=title, caption=caption)
    if energy and glitches:
        title = f"Energy per {step(rows)} on {card.name}, with delays and the glitches they make; the same run{ratios_to(rows)}"
        caption = "glitches: what they add, of the total"
        show(rows, with_lanes(_TIMED, rows, "energy_timed_per_product_fj", "fJ"), form, title=title, caption=caption)


def _run_text(rows: list[dict[str, Any]]) -> str:
    """Return how much was simulated, on what."""
    counts = sorted({row["energy_macs"] for row in rows})
    name = rows[0]["energy_operands"]
    on = {"gaussian": "Gaussian operands", "codes": "all codes alike"}.get(name, f"operands of {name}")
    return f"{' to '.join(f'{count:,}' for count in (counts[0], *counts[1:][-1:]))} MACs on {on}"


def _show_path(row: dict[str, Any], steps: list[dict[str, Any]]) -> None:
    """Print what limits the clock of one unit, cell by cell."""
    within: dict[str, float] = {}
    for each in steps:
        within[each["part"]] = within.get(each["part"], 0.0) + each["delay_ps"]
    shares = ", ".join(f"{part} {ps:,.0f}" for part, ps in within.items())
    title = f"What limits the clock of {row['spec']} with its parts kept apart: {steps[-1]['arrival_ps']:,.0f} ps ({shares})"
    show(steps, _PATH, Form.TABLE, title=title)
