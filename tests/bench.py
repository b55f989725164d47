"""Speeds, measured in this run on this machine: `make bench`.

Figures depend on the machine and on what else it does; the ratio to the first row of a group is what can be compared.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable

import numpy as np
from rich.console import Console
from rich.table import Table

from hwmodel import golden
from hwmodel.cost import estimate, estimate_many
from hwmodel.flow import load_card, synthesize
from hwmodel.report.rows import operand_streams
from hwmodel.spec import Format, MacSpec, parse_block, parse_format
from hwmodel.yosys import Yosys
from hwmodel_rtl import emit
from hwmodel_sim import verify

FP8 = ("e4m3fn", "e5m2")
GOLDEN = ["int8-int8-fx32", *(f"{fmt}-{fmt}-{acc}" for fmt in FP8 for acc in ("fx", "fp16", "fp32"))]
REPEATS = 5


def seconds(call: Callable[[], object], repeats: int = REPEATS) -> float:
    """Return the median time of a call, after one that is not counted."""
    call()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def golden_model() -> Iterable[tuple[str, float]]:
    rng = np.random.default_rng(1)
    steps, lanes = 16, 1 << 16
    for text in GOLDEN:
        spec = MacSpec.parse(text)
        mac = golden.Mac(spec)
        a, b = (rng.integers(0, 1 << fmt.width, (steps, lanes)).astype(np.uint8) for fmt in (spec.a, spec.b))

        def run(mac: golden.Mac = mac, a: np.ndarray = a, b: np.ndarray = b) -> None:
            mac.reset(lanes)
            mac.run(a, b)

        yield text, steps * lanes / seconds(run)


def tensor_cores() -> Iterable[tuple[str, float]]:
    rng = np.random.default_rng(1)
    size = 256
    for core, name in (
        ("v100", "fp16"),
        ("a100", "bf16"),
        ("h100", "fp16"),
        ("h100:fp16", "fp16"),
        ("h100", "e4m3fn"),
        ("h100:fp16", "e5m2"),
    ):
        fmt = parse_format(name)
        a, b = (golden.encode(rng.standard_normal((size, size)), fmt) for _ in range(2))

        def run(core: str = core, fmt: Format = fmt, a: np.ndarray = a, b: np.ndarray = b) -> None:
            golden.matmul(a, b, 0, core, fmt)

        yield f"{core}, {name}", size**3 / seconds(run, 3)


def blocks() -> Iterable[tuple[str, float]]:
    values = np.random.default_rng(1).standard_normal((4096, 1024)).astype(np.float32)
    for name in ("mxfp8e4m3", "mxfp4", "mxint8", "mx9", "nvfp4"):
        fmt = parse_block(name)
        made = golden.quantise(values, fmt)
        yield f"to {name}", values.size / seconds(lambda fmt=fmt: golden.quantise(values, fmt))
        yield f"from {name}", values.size / seconds(lambda made=made: golden.dequantise(made, np.float32))


def simulated() -> Iterable[tuple[str, float]]:
    for text in ("int8-int8-fx32", "e4m3fn-e4m3fn-fp32", "e5m2-e5m2-fp16"):
        report = verify(MacSpec.parse(text))
        assert not report.mismatches
        yield f"{text} ({report.simulator}, without its build)", report.vectors / report.simulation_seconds


def mapped() -> Iterable[tuple[str, float]]:
    card = load_card("sky130hd")
    with Yosys() as yosys:
        for text in ("int8-int8-fx32", "e4m3fn-e4m3fn-fp32"):
            unit = emit(MacSpec.parse(text), yosys=yosys)
            yield text, 1 / seconds(lambda unit=unit: synthesize(unit.verilog, unit.name, card, yosys), 3)


def switched() -> Iterable[tuple[str, float]]:
    from hwmodel.flow import simulate

    card = load_card("sky130hd")
    for text in ("int8-int8-fx32", "e4m3fn-e4m3fn-fp32"):
        spec = MacSpec.parse(text)
        unit = emit(spec)
        mapped = synthesize(unit.verilog, unit.name, card)
        stimulus = operand_streams(spec, 200, 256, np.random.default_rng(1))
        yield text, 200 * 256 / seconds(lambda mapped=mapped, stimulus=stimulus: simulate(mapped.parted, stimulus), 3)


def estimated() -> Iterable[tuple[str, float]]:
    specs = [MacSpec.parse(f"e{e}m{m}none-e{e}m{m}none-fx{w}") for e in range(2, 6) for m in range(1, 6) for w in range(24, 64)]
    yield "one at a time", len(specs) / seconds(lambda: [estimate(spec) for spec in specs], 3)
    yield "all in one call", len(specs) / seconds(lambda: estimate_many(specs), 3)


def started() -> Iterable[tuple[str, float]]:
    for arguments in (["--help"], ["formats"], ["estimate", "int8-int8-fx32"]):
        command = [sys.executable, "-m", "hwmodel", *arguments]

        def run(command: list[str] = command) -> None:
            subprocess.run(command, capture_output=True, check=True)

        yield " ".join(["hwmodel", *arguments]), 1 / seconds(run)


GROUPS = {
    "golden model, MACs/s": golden_model,
    "tensor cores, products/s": tensor_cores,
    "blocks, elements/s": blocks,
    "cocotb, MACs/s": simulated,
    "mapping, units/s": mapped,
    "switching, stream-cycles/s": switched,
    "estimates/s": estimated,
    "commands/s": started,
}


def main() -> None:
    """Print one table."""
    table = Table("what", "unit", "rate", "ratio to the first", box=None)
    for column in table.columns[2:]:
        column.justify = "right"
    for group, measure in GROUPS.items():
        first = 0.0
        for name, rate in measure():
            first = first or rate
            table.add_row(group, name, f"{rate:,.0f}" if rate >= 100 else f"{rate:.2f}", f"{rate / first:.2f}")
            group = ""
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
