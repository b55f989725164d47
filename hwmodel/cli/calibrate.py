"""``hwmodel calibrate``: what estimates rest on, how wrong they are, and the mapped units that they are learnt from."""

from pathlib import Path
from typing import Annotated, Any

import typer

from .arguments import Csv, Json, find_card, given
from .errors import INTERRUPTED, InputError
from .files import output_file, output_folder
from .output import Column, Form, decimals, form_of, note, show
from .sweep import STORE, crew_of, progress_bar


def _percent(value: float) -> str:
    return "" if value != value else f"{value:.1%}"  # NaN: there is none


_LEARNT = (
    Column("card", "card", left=True),
    Column("objective", "objective", left=True),
    Column("units", "units", decimals(0)),
    Column("area_error", "area", _percent),
    Column("energy_error", "energy", _percent),
    Column("energy_timed_error", "energy,\nglitches", _percent),
    Column("delay_error", "delay", _percent),
)
_CHECKED = (
    Column("quantity", "quantity", left=True),
    Column("part", "part", left=True),
    Column("units", "units", decimals(0)),
    Column("mean", "mean\nerror", _percent),
    Column("p95", "95th\npercentile", _percent),
    Column("bias", "bias", lambda value: f"{value:+.1%}"),
    Column("mean_family_left_out", "family\nleft out", _percent),
    Column("coverage", "in the\ninterval", _percent),
)
_FAMILIES = (Column("family", "family", left=True), *_CHECKED[:1], *_CHECKED[2:-1])


def calibrate(
    context: typer.Context,
    check: Annotated[bool, typer.Option("--check", help="Learn anew, and tell how wrong estimates are of units left out.")] = False,
    families: Annotated[bool, typer.Option("--families", help="With --check: the totals of each family of units, too.")] = False,
    make: Annotated[bool, typer.Option("--make", help="Map and simulate the units, and write what is learnt from them.")] = False,
    card: Annotated[
        list[str] | None, typer.Option("--card", metavar="NAME|FILE", help="Only this card; may be given again.", show_default="all")
    ] = None,
    objective: Annotated[
        list[str] | None,
        typer.Option("--objective", metavar="area|balanced|delay", help="Only this objective; may be given again.", show_default="all"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", help="With --make: where to write.", show_default="where estimates look")
    ] = None,
    store: Annotated[
        Path, typer.Option("--store", metavar="FILE", help="With --make: where results are kept; what is there is not computed again.")
    ] = Path(STORE),
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", min=1, help="With --make: worker processes.", show_default="one a core")
    ] = None,
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """Cards and objectives that estimates are calibrated for, with the mean error of each."""
    form = form_of(as_json, as_csv)
    if check and make:
        raise InputError("--check and --make exclude each other; make first, and check then")
    for option, needs in (("families", "check"), ("out", "make"), ("store", "make"), ("jobs", "make")):
        if given(context, option) and not {"check": check, "make": make}[needs]:
            raise InputError(f"--{option} goes with --{needs}")
    if make:
        _make(card, objective, out, store, jobs)
    elif check:
        _show_errors(_chosen(card, objective), families, form)
    else:
        _show_calibrations(_chosen(card, objective), form)


def _chosen(cards: list[str] | None, objectives: list[str] | None) -> list[tuple[str, str]]:
    """Return the calibrated pairs of card and objective that were asked for."""
    from hwmodel.cost import ARCHITECTURES, calibrated_cards, load_calibration

    names = [find_card(name).name if Path(name).is_file() else name for name in cards or ()]
    asked = [(name, objective) for name in names or calibrated_cards() for objective in objectives or ARCHITECTURES]
    for name, objective in asked:
        if objectives or name not in calibrated_cards():
            load_calibration(name, objective)  # says what there is, where this is not
    return [(name, objective) for name, objective in asked if name in calibrated_cards(objective)]


def _show_calibrations(pairs: list[tuple[str, str]], form: Form) -> None:
    from hwmodel.cost import load_calibration

    rows: list[dict[str, Any]] = []
    for card, objective in pairs:
        calibration = load_calibration(card, objective)
        errors = {f"{quantity.rsplit('_', 1)[0]}_error": parts["total"]["mean"] for quantity, parts in calibration.error.items()}
        rows.append({"card": card, "objective": objective, "units": calibration.units, **errors})
    caption = "Mean error of the total on mapped units, each left out of its own fit."
    show(rows, _LEARNT, form, title="Calibrated estimates", caption=caption)


def _show_errors(pairs: list[tuple[str, str]], families: bool, form: Form) -> None:
    from hwmodel.cost.calibration import stored_of, tables_of
    from hwmodel.cost.learning import UNITS, errors, read_units, unit_sets

    wanted, cards = set(pairs), dict.fromkeys(card for card, _ in pairs)
    folders = dict.fromkeys(tables_of(card) for card in cards)
    rows = [row for folder in folders for row in read_units(folder / UNITS) if (row["card"], row["objective"]) in wanted]
    sets = unit_sets(rows, {card: stored_of(card)["cards"][card]["cells"] for card in cards})
    found = [row for each in sets for row in errors(each)]
    if form is not Form.TABLE:
        show(found if families else [row for row in found if row["family"] == "all"], (), form)
        return
    caption = (
        "Of units left out of their own fit: mean and 95th percentile of the error, and bias. Family left out: the mean\n"
        "where no unit of the family was learnt from. In the interval: of each tenth of the units, by bounds from the others."
    )
    for card, objective in pairs:
        own = [row for row in found if (row["card"], row["objective"]) == (card, objective)]
        show([row for row in own if row["family"] == "all"], _CHECKED, form, title=f"{card}, {objective}", caption=caption)
        if families:
            totals = [row for row in own if row["family"] != "all" and row["part"] == "total"]
            show(sorted(totals, key=lambda row: str(row["family"])), _FAMILIES, form, title=f"{card}, {objective}: totals by family")


def _make(cards: list[str] | None, objectives: list[str] | None, out: Path | None, store: Path, jobs: int | None) -> None:
    from hwmodel.cost import ARCHITECTURES
    from hwmodel.cost.calibration import tables_of
    from hwmodel.flow import list_cards
    from hwmodel.report.calibration import make_units, write_tables
    from hwmodel.sweep import Store

    for objective in objectives or ():
        if objective not in ARCHITECTURES:
            raise InputError(f"--objective {objective!r} is not one of {', '.join(ARCHITECTURES)}")
    found = {name: find_card(name) for name in cards or list_cards()}
    for name, each in found.items():
        if each.name in list_cards() and name != each.name:
            raise InputError(f"the card in {name} is called {each.name}, as a bundled one is; give it a name of its own")
    with Store(output_file(store)) as results:
        for name, each in found.items():
            folder = output_folder(out or tables_of(each.name))
            for objective in objectives or ARCHITECTURES:
                with progress_bar() as progress:
                    rows, summary = make_units(name, objective, results, crew_of(jobs), progress)
                if summary.interrupted:
                    note(f"stopped; what was finished is in {store}, and the same command goes on from there")
                    raise typer.Exit(INTERRUPTED)
                if summary.failed:
                    note(f"{name}, {objective}: {summary.failed} units are left out, such as: {'; '.join(summary.reasons)}")
                write_tables(rows, each, folder)
                print(f"{each.name}, {objective}: {len(rows)} units in {folder}")
