"""Block formats for `hwmodel formats`."""

from typing import Any

from hwmodel.spec import BLOCK_CATALOG, SCALE_RULES, BlockEntry, BlockFormat
from hwmodel.spec.blocks import max_of, scale_name

from .output import facts
from .values import number_text


def block_row(fmt: BlockFormat) -> dict[str, Any]:
    """Return what a machine wants to know of a block format."""
    entry = BLOCK_CATALOG.get(str(fmt), BlockEntry(fmt, ""))
    return {
        "name": str(fmt),
        "kind": "blocks",
        "spelled": fmt.spelled,
        "element": str(fmt.element),
        "point": fmt.point,
        "block_size": fmt.size,
        "sub_block_size": fmt.sub_size or None,
        "shift_bits": fmt.shift_bits or None,
        "scale": scale_name(fmt.scale),
        "rule": fmt.rule,
        "outer_scale": fmt.outer or None,
        "bits_per_element": float(fmt.bits_per_element),
        "largest_element": float(fmt.max_element),
        "source": entry.source,
        "note": entry.note,
    }


def show_block(fmt: BlockFormat) -> None:
    """Print a block format in full."""
    row = block_row(fmt)
    pairs = [
        ("kind", "blocks" if fmt.size else "one block for the whole tensor"),
        ("spelled", fmt.spelled),
        ("element", f"{fmt.element}{f' · 2^{-fmt.point}' if fmt.point else ''}, up to {number_text(fmt.max_element)}"),
        ("block", f"{fmt.size} elements" if fmt.size else ""),
        ("sub-blocks", f"{fmt.sub_size} elements, shifted by up to {fmt.max_shift}" if fmt.sub_size else ""),
        ("scale", f"{row['scale']}, {fmt.scale.width} bits, up to {number_text(max_of(fmt.scale))}"),
        ("rule", f"{fmt.rule}: {SCALE_RULES[fmt.rule]}"),
        ("outer scale", f"an FP32 a {fmt.outer}" if fmt.outer else ""),
        ("bits an element", f"{row['bits_per_element']:g}"),
        ("source", row["source"]),
        ("note", row["note"]),
    ]
    facts([pair for pair in pairs if pair[1]], title=row["name"])
