"""Speeds, measured in this run on this machine: `make bench`.

Figures depend on the machine and on what else it does; the ratio to the first row of a group is what can be compared.
"""

import gc
import itertools
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from types import ModuleType

import ml_dtypes
import numpy as np
from rich.console import Console
from rich.table import Table

from hwmodel import golden
from hwmodel.cost import Estimator, estimate, estimate_many
from hwmodel.flow import load_card, synthesize
from hwmodel.spec import Format, MacSpec, parse_accumulator, parse_block, parse_format
from hwmodel.sweep.stimulus import operand_streams
from hwmodel.yosys import Yosys
from hwmodel_rtl import emit
from hwmodel_sim import verify

FP8 = ("e4m3fn", "e5m2")
GOLDEN = ["int8-int8-fx32", *(f"{fmt}-{fmt}-{acc}" for fmt in FP8 for acc in ("fx", "fp16", "fp32"))]
LANES = ["int8-int8-fx32-x8", "e4m3fn-e4m3fn-fp32-x8", "fp16-fp16-fp32-x8", "fp16-fp16-h100", "mxfp8e4m3-mxfp8e4m3-fp32-x8"]
REPEATS = 5

CODECS: dict[str, type | None] = {
    "e4m3fn": ml_dtypes.float8_e4m3fn,
    "e5m2": ml_dtypes.float8_e5m2,
    "e2m1fn": ml_dtypes.float4_e2m1fn,
    "e2m3fn": ml_dtypes.float6_e2m3fn,
    "e4m3fnuz": ml_dtypes.float8_e4m3fnuz,
    "e8m0fnu": ml_dtypes.float8_e8m0fnu,
    "bf16": ml_dtypes.bfloat16,
    "fp16": np.float16,
}
OTHERS = "hfp8 dlfloat16 int8 int16 posit8 posit16 posit16es1 posit16es3 lns8 lns16g64 elma8 nf4 af4 fp24 fp32 int32 posit32"
CODECS |= dict.fromkeys(OTHERS.split())
"""Formats, and the type of ml_dtypes or NumPy that is the same one."""


def seconds(call: Callable[[], object], repeats: int = REPEATS) -> float:
    """Return the median time of a call, after one that is not counted."""
    call()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def side_by_side(calls: list[Callable[[], object]], repeats: int = 2 * REPEATS + 1) -> list[float]:
    """Return the median time of each call, taken in turns, so that all of them meet the same machine."""
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(1 + repeats):
        for call, taken in zip(calls, times, strict=True):
            start = time.perf_counter()
            call()
            taken.append(time.perf_counter() - start)
    return [statistics.median(taken[1:]) for taken in times]


def codecs() -> Table:
    """Measure `encode` of 10^6 float32, and `decode` to float32 (float64 where that is not exact), beside ml_dtypes."""
    table = Table("codec, million/s", "encode", "ml_dtypes", "ratio", "decode", "ml_dtypes", "ratio", box=None)
    for column in table.columns[1:]:
        column.justify = "right"
    values = np.random.default_rng(1).standard_normal(10**6).astype(np.float32)
    for name, dtype in CODECS.items():
        fmt = parse_format(name)
        codes = golden.encode(values, fmt).astype(f"u{1 if fmt.width <= 8 else 2 if fmt.width <= 16 else 4}")
        exact = not name.startswith(("lns", "elma", "nf4", "af4", "posit32", "int32"))
        target = np.float32 if exact else np.float64

        calls: list[Callable[[], object]] = [lambda fmt=fmt: golden.encode(values, fmt)]
        calls.append(lambda codes=codes, fmt=fmt, target=target: golden.decode(codes, fmt, target))
        if dtype is not None:
            theirs = values.astype(dtype)
            calls += [lambda dtype=dtype: values.astype(dtype), lambda theirs=theirs: theirs.astype(np.float32)]
        encode, decode, *others = (values.size / taken / 1e6 for taken in side_by_side(calls))
        cells = [f"{encode:.0f}", "", "", f"{decode:.0f}", "", ""]
        if others:
            cells = [f"{encode:.0f}", f"{others[0]:.0f}", f"{encode / others[0]:.2f}"]
            cells += [f"{decode:.0f}", f"{others[1]:.0f}", f"{decode / others[1]:.2f}"]
        table.add_row(name, *cells)
    return table


def posits_encoded() -> Iterable[tuple[str, float]]:
    softposit, values, some = _posit_inputs()
    fmt = parse_format("posit16es1")
    yield from _rates(
        {
            "softposit.posit16(x)": (len(some), lambda: [softposit.posit16(value) for value in some]),
            "softposit.convertDoubleToP16(x)": (len(some), lambda: [softposit.convertDoubleToP16(value) for value in some]),
            "encode to posit16es1": (values.size, lambda: golden.encode(values, fmt)),
        }
    )


def posits_decoded() -> Iterable[tuple[str, float]]:
    softposit, values, some = _posit_inputs()
    fmt = parse_format("posit16es1")
    codes = golden.encode(values, fmt).astype(np.uint16)
    posits = [softposit.posit16(value) for value in some]
    yield from _rates(
        {
            "float(softposit.posit16)": (len(some), lambda: [float(posit) for posit in posits]),
            "decode from posit16es1": (codes.size, lambda: golden.decode(codes, fmt)),
        }
    )


def _posit_inputs() -> tuple[ModuleType, np.ndarray, list[float]]:
    """Return softposit, 10^6 float32, and as many of them as it takes some milliseconds over."""
    import softposit  # only here, since it may not have been built

    values = np.random.default_rng(1).standard_normal(10**6).astype(np.float32)
    return softposit, values, values[: 10**4].tolist()


def _rates(calls: dict[str, tuple[int, Callable[[], object]]]) -> Iterable[tuple[str, float]]:
    """Measure calls, each with what it does a number of, in turns."""
    taken = side_by_side([call for _, call in calls.values()])
    for (name, (count, _)), time_taken in zip(calls.items(), taken, strict=True):
        yield name, count / time_taken


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


def golden_lanes() -> Iterable[tuple[str, float]]:
    rng = np.random.default_rng(1)
    steps, products = 16, 1 << 16
    for text in LANES:
        spec = MacSpec.parse(text)
        n = products // spec.lanes
        mac = golden.Mac(spec)
        shown = {name: rng.integers(0, 1 << fmt.width, (steps, n, spec.lanes)) for name, fmt in (("a", spec.a), ("b", spec.b))}
        shown = {name: codes.astype(np.uint16 if codes.max() > 255 else np.uint8) for name, codes in shown.items()}
        shown |= {name: rng.integers(0, 1 << bits, (steps, n)) for name, bits in spec.inputs.items() if name.endswith("_scale")}

        def run(mac: golden.Mac = mac, n: int = n, shown: dict[str, np.ndarray] = shown) -> None:
            mac.reset(n)
            mac.run(**shown)

        yield text, steps * n * spec.lanes / seconds(run)


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
    """Cycles of all streams together: settled, 10^6, and with delays, 10^4, of which each takes many more steps."""
    from hwmodel.flow import simulate
    from hwmodel.flow.delays import delays_of
    from hwmodel.flow.glitches import timed_toggles

    card = load_card("sky130hd")
    for text in ("int8-int8-fx32", "e4m3fn-e4m3fn-fp32"):
        spec = MacSpec.parse(text)
        unit = emit(spec)
        mapped = synthesize(unit.verilog, unit.name, card)
        stimulus = operand_streams(spec, 1000, 1000, np.random.default_rng(1))
        yield f"{text}, zero-delay", 10**6 / seconds(lambda mapped=mapped, stimulus=stimulus: simulate(mapped.parted, stimulus), 3)
        activity = simulate(mapped.parted, operand_streams(spec, 100, 100, np.random.default_rng(1)))
        delays = delays_of(mapped.parted, card, mapped.parted_timing)
        yield f"{text}, timed", 10**4 / seconds(lambda activity=activity, delays=delays: timed_toggles(activity, delays), 3)


def estimated() -> Iterable[tuple[str, float]]:
    """Units never met and once met, one at a time and as arrays of places; and what an `Estimator` takes that has not met them."""
    formats = [parse_format(f"e{e}m{m}") for e in range(2, 9) for m in range(1, 8)]
    accumulators = [parse_accumulator(name) for name in ("fx", "fx32f12", "fp16", "bf16", "fp32", "e5m10.rtz")]
    specs = [MacSpec(a, b, acc) for a in formats[::5] for b in formats[::3] for acc in accumulators if a != b]
    estimate(specs[0])  # reads the coefficients
    start = time.perf_counter()
    for spec in specs[1:]:
        estimate(spec)
    yield "one at a time, never met", (len(specs) - 1) / (time.perf_counter() - start)
    yield "one at a time", len(specs) / seconds(lambda: [estimate(spec) for spec in specs], 3)
    yield "a list in one call", len(specs) / seconds(lambda: estimate_many(specs), 3)
    pairs = list(itertools.product(formats, formats))
    at = np.meshgrid(np.arange(len(pairs)), np.arange(len(accumulators)), [1, 2, 4, 8], [0, 1], indexing="ij")
    places = dict(zip(("pair", "acc", "lanes", "pipeline"), (axis.ravel() for axis in at), strict=True))
    estimator = Estimator(pairs, accumulators)
    yield f"{at[0].size:,} in arrays", at[0].size / seconds(lambda: estimator.columns(**places), 3)
    yield "with glitches and delay", at[0].size / seconds(lambda: estimator.timed_columns(**places, cards=["sky130hd"]), 3)
    start = time.perf_counter()
    Estimator(pairs, [*accumulators, parse_accumulator("e6m9")]).columns(**places | {"acc": 1 + places["acc"]})
    yield "the same, by an Estimator that is new", at[0].size / (time.perf_counter() - start)


def started() -> Iterable[tuple[str, float]]:
    for arguments in (["--help"], ["formats"], ["estimate", "int8-int8-fx32"]):
        command = [sys.executable, "-m", "hwmodel", *arguments]

        def run(command: list[str] = command) -> None:
            subprocess.run(command, capture_output=True, check=True)

        yield " ".join(["hwmodel", *arguments]), 1 / seconds(run)


GROUPS = {
    "posits encoded/s": posits_encoded,
    "posits decoded/s": posits_decoded,
    "golden model, MACs/s": golden_model,
    "golden lanes, products/s": golden_lanes,
    "tensor cores, products/s": tensor_cores,
    "blocks, elements/s": blocks,
    "cocotb, MACs/s": simulated,
    "mapping, units/s": mapped,
    "switching, stream-cycles/s": switched,
    "estimates/s": estimated,
    "commands/s": started,
}


def main() -> None:
    """Print two tables."""
    console = Console(width=120)
    console.print(codecs())
    console.print()
    table = Table("what", "unit", "rate", "ratio to the first", box=None)
    for column in table.columns[2:]:
        column.justify = "right"
    for group, measure in GROUPS.items():
        first = 0.0
        # What others left behind is looked through no more, as if each were run alone.
        gc.collect()
        gc.freeze()
        for name, rate in measure():
            first = first or rate
            table.add_row(group, name, f"{rate:,.0f}" if rate >= 100 else f"{rate:.2f}", f"{rate / first:.2f}")
            group = ""
    console.print(table)


if __name__ == "__main__":
    main()
