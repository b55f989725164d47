"""Claims in words: a Markdown page and a table, `claims.md` and `claims.csv`."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from hwmodel.cost import PARTS, is_calibrated
from hwmodel.files import write_text
from hwmodel.flow import TechCard
from hwmodel.report.text import estimate_error, markdown_table

from .claim import CostClaim
from .findings import Finding
from .parts import ESTIMATED, GATES, MAPPED, PAIRS, THEIRS, Split
from .published import SOURCES
from .verdict import HOLDS, RULE

_WAYS = {
    GATES: "two-input gates, counted",
    ESTIMATED: "estimated",
    MAPPED: "mapped",
    THEIRS: "FormatScope's own areas",
}


def files_in(folder: Path) -> list[Path]:
    """Return the files that are written."""
    return [folder / "claims.csv", folder / "claims.md"]


def write_claims(folder: Path, findings: Sequence[Finding], parts: Sequence[Split], card: TechCard) -> list[Path]:
    """Write the page and the table of all findings; return the files."""
    table, page = files_in(folder)
    write_text(table, pd.DataFrame([each.row for each in findings]).to_csv(index=False, float_format="%.6g", lineterminator="\n"))
    write_text(page, claims_text(findings, parts, card))
    return [table, page]


def claims_text(findings: Sequence[Finding], parts: Sequence[Split], card: TechCard) -> str:
    """Return the page."""
    costs = [each for each in findings if isinstance(each.claim, CostClaim)]
    errors = [each for each in findings if not isinstance(each.claim, CostClaim)]
    hold = sum(each.verdict == HOLDS for each in findings)
    estimates = f"Estimates: {estimate_error(card)}" if is_calibrated(card) else "The card has no estimates."
    return (
        "\n\n".join(
            [
                "# Published figures, held against this model",
                f"{hold} of {len(findings)} hold. Costs are ratios of two units, per product, told in three ways: two-input gates of "
                "textbook circuits, the estimate from the spec alone with its 90 % interval, and the emitted circuits mapped to cells of "
                f"{card.name}. Never absolute figures: those are of other processes. {RULE} {estimates}",
                "## Costs\n\n" + _costs(costs),
                "## Errors\n\nOf claims about errors there is one figure of ours, computed bit by bit.\n\n" + _errors(errors),
                *_parts(parts, card),
                "## What explains a difference\n\n" + _reasons(findings),
                "## The sources, and what is known of them\n\n"
                + "\n".join(
                    f"- **{name}**: {text}" for name, text in SOURCES.items() if any(each.claim.source == name for each in findings)
                ),
            ]
        )
        + "\n"
    )


def _costs(findings: Sequence[Finding]) -> str:
    header = ["claim", "source", "of", "published", "gates", "estimated", "90 % interval", "mapped", "flat", "with glitches"]
    rows = []
    for each in findings:
        claim = each.claim
        assert isinstance(claim, CostClaim)
        interval = "–" if each.estimated is None else f"{each.estimated.low:.2f} … {each.estimated.high:.2f}"
        rows.append(
            [
                claim.sentence,
                _source(each),
                claim.quantity,
                _ratio(claim.published),
                _ratio(each.counted),
                _ratio(None if each.estimated is None else each.estimated.value),
                interval,
                *map(_ratio, (each.mapped, each.mapped_flat, each.mapped_timed)),
                _ratio(each.row["ratio"]),
                each.verdict,
            ]
        )
    return markdown_table([*header, "ours over published", "verdict"], rows)


def _errors(findings: Sequence[Finding]) -> str:
    rows = [[each.claim.sentence, _source(each), str(each.claim.published), each.measured, each.verdict] for each in findings]
    return markdown_table(["claim", "source", "published", "ours", "verdict"], rows)


def _reasons(findings: Sequence[Finding]) -> str:
    """Return what each claim was held against, and what explains a difference; claims of one text together."""
    told: dict[str, list[str]] = {}
    for each in findings:
        claim = each.claim
        against = f" (`{claim.unit}` over `{claim.over}`)" if isinstance(claim, CostClaim) else ""
        told.setdefault(each.row["why"], []).append(f"{claim.sentence}{against}: {each.verdict}.")
    return "\n".join("- " + " ".join([*sentences, f"*{why}*"]) for why, sentences in told.items())


def _source(finding: Finding) -> str:
    return f"{finding.claim.source}, {finding.claim.where}" if finding.claim.where else finding.claim.source


def _ratio(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _parts(parts: Sequence[Split], card: TechCard) -> list[str]:
    """Return the section on where FP8's surplus comes from."""
    if not parts:
        return []
    header = ["FP8 over INT8", "counted as", *PARTS, "together"]
    surplus = [[each.pair, _WAYS[each.way], *(f"{share:+.0%}" for share in each.surplus.values())] for each in parts]
    text = [
        "## From +53 % to a fused dot unit, part by part\n\n"
        "What FP8 costs more than INT8, as shares of the whole INT8 unit: the parts add up. "
        + " ".join(f"*{name}*: `{unit}` over `{over}`." for name, (unit, over) in PAIRS.items())
        + "\n\n"
        + markdown_table(header, surplus)
    ]
    by_way = {(each.pair, each.way): each for each in parts}
    cells = []
    for pair in PAIRS:
        gates, mapped = by_way.get((pair, GATES)), by_way.get((pair, MAPPED))
        if gates is None or mapped is None:
            continue
        for name, counted, area in ((PAIRS[pair][1], gates.over, mapped.over), (PAIRS[pair][0], gates.unit, mapped.unit)):
            ge = {part: area[part] / card.nand2.area_um2 for part in PARTS}
            row = [f"`{name}`", *(f"{counted[part]:,.0f} → {ge[part]:,.0f} ({ge[part] / counted[part]:.2f})" for part in PARTS)]
            total = sum(counted.values()), sum(ge.values())
            cells.append([*row, f"{total[0]:,.0f} → {total[1]:,.0f} ({total[1] / total[0]:.2f})"])
    if cells:
        unique = [list(row) for row in dict.fromkeys(map(tuple, cells))]
        text.append(
            "Counted gates, what they become in cells (gate equivalents, GE: over the library's NAND2), and GE for each counted gate:\n\n"
            + markdown_table(["unit", *PARTS, "together"], unique)
        )
    text.append(_WORDS)
    return text


_WORDS = (
    "A counted gate is not a cell. A full adder counts seven gates, and is one cell of the library that is worth fewer: what multiplies "
    "shrinks most, and INT8 has most of it. An accumulator's adder counts as a ripple of full adders, and is mapped with carries that "
    "look ahead; its register counts six gates a bit, and is a flip-flop with what clears and holds it: both are most of what INT8 has "
    "beside its multiplier, so INT8 grows. Shifters, leading zeros and rounding, which are FP8's surplus, are counted at the full width of "
    "the accumulator, and built no wider than what the formats can produce. So the same two units are nearer to each other in cells than "
    "in gates. And INT8 is usually added into 32 bits, not 27: five more bits of adder and register make the surplus smaller still.\n\n"
    "In a dot unit normalising and rounding are done once for all lanes, and alignment is all that a lane of FP8 has over one of INT8; "
    "against it stands a multiplier of four bits in place of eight. How much that outweighs depends on how good the INT8 multiplier is "
    "that it is over: FormatScope's is a tool's product of two words, twice as large as this one. Its stages are areas mapped apart, as "
    "are ours; mapped as a whole its FP8 unit is the published 12.6 % larger."
)
