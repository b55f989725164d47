"""Tell a difference in full: operands, state before, expected, got, and how to see it again."""

from fractions import Fraction

import numpy as np

from hwmodel.spec import FixedAcc, Format, MacSpec, ScalarOperand

from .choices import chosen
from .expected import acc_format
from .harness import delay
from .pairs import sizes
from .report import Mismatch
from .scales import block_operands
from .session import Difference
from .tape import Tape


def describe(spec: MacSpec, tape: Tape, difference: Difference, simulator: str, seed: int, replay: str, waves: str) -> Mismatch:
    """Return `difference` with everything that was on the tape at that place."""
    cycle, copy = difference.cycle, difference.copy
    first, last = min(max(cycle, 0), len(tape.rst) - 1), len(tape.rst) - 1
    operands: dict[str, str] = {}
    controls: dict[str, bool] = {}
    if 0 <= cycle <= last:
        operands = _operands(spec, {name: codes[cycle, copy].tolist() for name, codes in tape.inputs.items()})
        controls = {name: bool(tape.inputs[name][cycle, copy]) for name in ("valid", "clear", "flush") if name in tape.inputs}
        controls["rst"] = bool(tape.rst[cycle])
    before = integer(tape.states["acc"][min(cycle - 1, last), copy]) if cycle > 0 else 0

    # As much of the tape as shows up to this cycle, resets that follow included.
    late = delay(spec)
    shown = tape.extended(max(len(tape.rst), cycle + 1) + late).expected(spec)
    expected = {name: integer(codes[cycle + late, copy]) for name, codes in shown.items()}

    def got(name: str, bits: str) -> str:
        if not set(bits) <= {"0", "1"}:
            return f"0b{bits.lower()}"
        return accumulator(int(bits, 2), spec) if name == "acc" else bits

    return Mismatch(
        spec=str(spec),
        simulator=simulator,
        cycle=first if cycle < 0 else cycle,
        copy=copy,
        operands=operands,
        controls=controls,
        before=accumulator(before, spec),
        expected={name: accumulator(code, spec) if name == "acc" else str(code) for name, code in expected.items()},
        got={name: got(name, bits) for name, bits in difference.got.items()},
        seed=seed,
        replay=replay,
        waves=waves,
    )


def _operands(spec: MacSpec, at: dict) -> dict[str, str]:
    """Return what a step was given, by port; of several lanes each that has something, on a line of its own."""
    found = {}
    modes = [at.get(f"mode_{name}") for name in "ab"]
    if spec.lanes == 1:
        found = {name: operand(at[name], fmt, mode) for name, fmt, mode in zip("ab", spec.factors, modes, strict=True)}
    else:
        words = [
            [code if mode is None else code | mode << fmt.width for code in at[name]]
            for name, fmt, mode in zip("ab", spec.factors, modes, strict=True)
        ]
        size, _ = sizes(spec, *(np.array(each, np.uint64) for each in words))
        for lane in np.flatnonzero(size != -np.inf):
            pair = (operand(at[name][lane], fmt, mode) for name, fmt, mode in zip("ab", spec.factors, modes, strict=True))
            found[f"lane {lane}"] = " x ".join(pair)
        if zeros := int((size == -np.inf).sum()):
            found["lanes" if zeros == spec.lanes else "others"] = f"{zeros} of {spec.lanes} products are zero"
    for name, fmt in block_operands(spec).items():
        found[f"{name}_scale"] = operand(at[f"{name}_scale"], fmt.scale)
        if fmt.sub_size:
            shifts = at[f"{name}_shift"]
            found[f"{name}_shift"] = str(shifts) if isinstance(shifts, int) else " ".join(map(str, shifts))
    if "rand" in at:
        found["rand"] = f"0x{at['rand']:0{-(-spec.random_bits // 4)}x}"
    return found


def integer(code: np.ndarray) -> int:
    """Return a code, or its little-endian limbs, as a Python integer."""
    return int.from_bytes(np.asarray(code, "<u8").tobytes(), "little")


def operand(code: int, fmt: ScalarOperand, mode: int | None = None) -> str:
    """Return a code in hex, with its format (of several formats: the mode, and which it chooses) and value."""
    one = chosen(fmt, mode or 0)
    name = str(one) if mode is None else f"mode {mode}: {one}"
    return f"0x{code:0{-(-fmt.width // 4)}x} ({name} {_value(code & ((1 << one.width) - 1), one)})"


def accumulator(code: int, spec: MacSpec) -> str:
    """Return a code of the accumulator in hex, with its value."""
    level, fmt = spec.levels[-1], acc_format(spec)
    if fmt is not None:
        return f"0x{code:0{-(-spec.acc_width // 4)}x} ({_value(code, fmt)})"
    assert isinstance(level, FixedAcc)
    point = spec.fixed_point(level)
    value = (code - (code >> (point.width - 1) << point.width)) * Fraction(2) ** -point.fraction
    text = str(value) if value.denominator == 1 else f"{value.numerator}/2^{value.denominator.bit_length() - 1} = {float(value):.9g}"
    return f"0x{code:0{-(-point.width // 4)}x} ({text})"


def _value(code: int, fmt: Format) -> str:
    from hwmodel.golden import decode

    return repr(float(decode(np.array([code], np.uint64), fmt)[0])).removesuffix(".0")
