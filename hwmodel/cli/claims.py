"""``hwmodel claims``: what others have published, held against counted gates, estimates and mapped cells."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .arguments import Card, Csv, Jobs, Json, find_card
from .errors import InputError, mismatch_exits
from .files import output_file, output_folder
from .output import Column, Form, facts, form_of, progress, show, tell

if TYPE_CHECKING:
    from hwmodel.flow import TechCard
    from hwmodel.report.claims.findings import Finding
    from hwmodel.report.claims.mapped import Rows
    from hwmodel.report.claims.parts import Split


def _ratio(value: Any) -> str:
    return "–" if value is None else f"{value:.2f}"


def _points(value: Any) -> str:
    return f"{value:+.0%}"


_COSTS = (
    Column("claim", "claim", left=True),
    Column("source", "source", left=True, wide=96),
    Column("quantity", "of", left=True),
    Column("published", "pub-\nlished", _ratio),
    Column("gates", "\ngates", _ratio),
    Column("estimated", "esti-\nmated", _ratio),
    Column("mapped", "\nmapped", _ratio),
    Column("mapped_flat", "\nflat", _ratio, wide=88),
    Column("mapped_timed", "with\nglitches", _ratio),
    Column("ratio", "ours over\npublished", _ratio, wide=112),
    Column("verdict", "verdict", left=True),
)
_ERRORS = (
    Column("claim", "claim", left=True),
    Column("published", "published", left=True),
    Column("measured", "ours", left=True),
    Column("verdict", "verdict", left=True),
)
_PARTS = (
    Column("pair", "FP8 over INT8", left=True),
    Column("way", "counted as", left=True),
    *(Column(f"surplus_{part}", part, _points) for part in ("mpy", "alignadd", "normacc")),
    Column("surplus_total", "together", _points),
)


def claims(
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="DIR", help="Write claims.md and claims.csv there too.", show_default=False),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Map nothing: counted gates, estimates and errors alone; mapping takes minutes.")
    ] = False,
    card: Card = "sky130hd",
    jobs: Jobs = 2,
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """What others have published of costs and errors, held against this model: counted gates, estimates, mapped cells; and why it differs.

    Costs are ratios of two units, per product: flat is the whole circuit mapped as one, all other figures keep its parts apart.
    """
    form = form_of(as_json, as_csv)
    cells = find_card(card)
    from hwmodel.cost import is_calibrated
    from hwmodel.report.claims.page import files_in, write_claims
    from hwmodel.report.claims.verdict import RULE

    if quick and not is_calibrated(cells):
        from hwmodel.report.text import no_estimates

        raise InputError(f"--quick leaves nothing to hold claims against: no estimates, for {no_estimates(cells)}")
    if out is not None:
        for file in files_in(output_folder(out)):
            output_file(file)
    found, parts = hold(cells, {} if quick else mapped(cells, jobs=jobs))
    files = write_claims(out, found, parts, cells) if out is not None else []
    if form is not Form.TABLE:
        show([each.row for each in found], (), form)
        return
    _show(found, parts, cells.name)
    tell("\n".join([RULE, *(f"written: {file}" for file in files)]))


def mapped(card: "TechCard", known: "Rows | None" = None, *, jobs: int) -> "Rows":
    """Map the units that claims are about, beyond those that are `known`."""
    from hwmodel.report.claims.mapped import mapped_units, missing

    with mismatch_exits(), progress("claims: mapped", len(missing(known or {})), at_end=True) as done:
        return mapped_units(card, known, jobs=jobs, done=done)


def hold(card: "TechCard", rows: "Rows") -> "tuple[list[Finding], list[Split]]":
    """Hold all claims against mapped rows, estimates and our arithmetic."""
    from hwmodel.report.claims.claim import ErrorClaim
    from hwmodel.report.claims.findings import held
    from hwmodel.report.claims.parts import splits
    from hwmodel.report.claims.published import CLAIMS

    with progress("claims: errors", sum(isinstance(claim, ErrorClaim) for claim in CLAIMS)) as start:
        return held(CLAIMS, rows, card, start), splits(rows, card)


def _show(found: "Sequence[Finding]", parts: "Sequence[Split]", card: str) -> None:
    """Print costs, errors, the surplus of FP8 by part, and why claims differ."""
    from hwmodel.report.claims.claim import CostClaim
    from hwmodel.report.claims.verdict import HOLDS

    costs = [each.row for each in found if isinstance(each.claim, CostClaim)]
    # An error that is a number is told with its unit.
    errors = [each.row | {"measured": each.measured} for each in found if not isinstance(each.claim, CostClaim)]
    filled = [column for column in _COSTS if column.left or any(row[column.key] is not None for row in costs)]
    hold = sum(each.verdict == HOLDS for each in found)
    title = f"Published costs of one unit over another, on {card}: {hold} of all {len(found)} claims hold"
    show(costs, filled, Form.TABLE, title=title)
    show(errors, _ERRORS, Form.TABLE, title="Published statements about errors")
    if parts:
        title = "Where FP8's surplus over INT8 comes from, as shares of the INT8 unit's area"
        show([each.row for each in parts], _PARTS, Form.TABLE, title=title)
    told: dict[str, list[Finding]] = {}
    for each in found:
        if each.verdict != HOLDS:
            told.setdefault(each.row["why"], []).append(each)
    reasons = [
        ("\n".join(each.claim.key for each in alike), " ".join([*(f"{each.claim.sentence}." for each in alike), why]))
        for why, alike in told.items()
    ]
    facts(reasons, title="What differs, and why")
    print()
