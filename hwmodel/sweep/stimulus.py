"""Operands for an energy figure: what a unit's ports show while its toggles are counted."""

import numpy as np

from hwmodel import golden
from hwmodel.spec import BlockFormat, ChoiceFormat, MacSpec, ScalarOperand

from .operands import GAUSSIAN, Shape, Source


def operand_streams(
    spec: MacSpec, steps: int, streams: int, rng: np.random.Generator, sources: tuple[Source, Source] = GAUSSIAN.sources
) -> dict[str, np.ndarray]:
    """Return what the input ports show in `streams` dot products of `steps` steps, one a cycle.

    Lanes are fed independent numbers. A block's scale is shown with all of its steps; a block of the whole tensor ends with the last step.

    Returns
    -------
    dict of (cycles, streams) or (cycles, 1) uint64
        By port, of `a`, `b` and the shifts (cycles, streams, lanes) where they have several. There are latency more cycles than steps:
        the last rows are idle, so that the last state can be seen.
    """
    cycles = steps + spec.latency
    row = np.arange(cycles)[:, np.newaxis]
    ports = {
        "rst": np.zeros((cycles, 1), np.uint64),
        "valid": (row < steps).astype(np.uint64),
        "clear": (row == 0).astype(np.uint64),
    }
    shape = (cycles, streams, spec.lanes)
    for name, operand, source in zip(("a", "b"), (spec.a, spec.b), sources, strict=True):
        if isinstance(operand, BlockFormat):
            ports |= _blocks(name, operand, source, shape, rng)
        else:
            ports |= _scalars(name, operand, source, shape, rng)
    if spec.fold_steps is not None:
        ports["flush"] = ((row == steps - 1) & (spec.fold_steps == 0)).astype(np.uint64)
    if spec.random_bits:
        ports["rand"] = rng.integers(0, (1 << spec.random_bits) - 1, (cycles, streams), dtype=np.uint64, endpoint=True)
    return {name: codes[..., 0] if codes.shape[2:] == (1,) else codes for name, codes in ports.items()}


def _scalars(name: str, operand: ScalarOperand, source: Source, shape: Shape, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return the codes of an operand, and the modes of one of several formats.

    A stream stays in one mode, as a tensor has one format; streams are shared out evenly among the formats. Where only the bias is
    to be chosen, it is the usual one.
    """
    if not isinstance(operand, ChoiceFormat):
        return {name: source.codes(operand, shape, rng)}
    modes = operand.usual_modes
    codes, mode = np.zeros(shape, np.uint64), np.zeros(shape[:2], np.uint64)
    for i, each in enumerate(modes):
        streams = slice(i, None, len(modes))
        own = codes[:, streams]
        if own.size:
            own[...] = source.of(streams).codes(operand.choices[each], own.shape, rng)
        mode[:, streams] = each
    return {name: codes, f"mode_{name}": mode}


def _blocks(name: str, fmt: BlockFormat, source: Source, shape: Shape, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return the codes of numbers quantised to blocks that follow each other in every stream, their scales and shifts."""
    cycles, streams, lanes = shape
    values = source.numbers(shape, rng)
    blocks = golden.quantise(values if fmt.signed else np.abs(values), fmt, pad=True)
    codes = blocks.codes.reshape(streams, -1)[:, : cycles * lanes].reshape(streams, cycles, lanes)
    first = np.arange(cycles) * lanes  # the element that lane 0 has in each cycle
    scales = np.broadcast_to(blocks.scales, (streams, cycles)) if fmt.size is None else blocks.scales[:, first // fmt.size]
    ports = {name: codes.swapaxes(0, 1), f"{name}_scale": scales.T}
    if blocks.shifts is not None:
        groups = np.arange(max(lanes // fmt.sub_size, 1))
        shifts = blocks.shifts.reshape(streams, -1)[:, first[:, np.newaxis] // fmt.sub_size + groups]
        ports[f"{name}_shift"] = shifts.swapaxes(0, 1).astype(np.uint64)
    return ports
