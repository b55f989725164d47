"""Our circuits beside those of others, for the same function: part of `make bench`.

For each function: the smallest combinational circuit of ours that is no slower than the peer's smallest, and the fastest that is no
larger, mapped flat; beside it one circuit in Yosys's own flow, which tells the circuit from the flow. Control is tied off (operands
are always valid, nothing is cleared or flagged), for the peers have none. The peers' figures are the best of three flows each:
combinational area in NAND2 equivalents and delay in ps, of sky130hd and of the NanGate 45 nm library, which is used where its file
lies in ``../shared/data/liberty``. Words on the command line choose functions by name. What has been mapped is kept in
``build/peers.store``, so that a run that was stopped goes on: the whole table takes more than an hour.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from hwmodel.files import scratch_folder
from hwmodel.flow import TechCard, import_liberty, load_card, map_flat, static_timing
from hwmodel.spec import MacSpec
from hwmodel.spec.dataflow import has_near_path
from hwmodel.sweep import Store
from hwmodel.sweep.provenance import provenance
from hwmodel.sweep.store import key_of
from hwmodel.yosys import Yosys
from hwmodel_rtl import Architecture, Unit, emit

NANGATE = Path(__file__).parents[2] / "shared" / "data" / "liberty" / "nangate45_typ.lib.gz"
STORE = Path(__file__).parents[1] / "build" / "peers.store"

DECODED = ", operands decoded"
ALONE = ", no accumulator"
"""What is left out of a unit, behind its name."""

Figure = tuple[int, int] | None
"""Area in gate equivalents and delay in ps."""

PEERS: list[tuple[str, str, str, float, Figure, Figure]] = [
    # unit, what it is without, peer, ratio aimed at, NanGate 45, sky130hd
    ("int8-int8-fx32", "", "c + a*b in plain Verilog", 0.85, (628, 1784), (718, 9126)),
    ("int8-int8-fx32-x8", "", "dot product in plain Verilog", 0.80, (4569, 2269), (5356, 11828)),
    ("int8-int8-fx32-x32", "", "dot product in plain Verilog", 0.80, (17159, 2761), (20460, 12561)),
    ("e4m3-e4m3-fp16", "", "cvfpu", 0.50, (1860, 4320), (1864, 18647)),
    ("e4m3-e4m3-fp32", "", "cvfpu", 0.45, (3576, 5578), (3645, 25418)),
    ("e5m2-e5m2-fp16", "", "cvfpu", 0.50, (1769, 4296), None),
    ("e5m2-e5m2-fp32", "", "cvfpu", 0.45, (3485, 6032), None),
    ("e4m3fn-e4m3fn-fp16", "", "HardFloat", 0.50, (2122, 3309), (2186, 14695)),
    ("e4m3fn-e4m3fn-fp32", "", "HardFloat", 0.45, (3999, 4725), (4227, 20879)),
    ("e4m3fn-e4m3fn-fx40", "", "ttihp-fp8-mul, which rounds products", 0.85, (873, 2245), (921, 11272)),
    ("e5m2-e5m2-e5m2", "", "cvfpu", 0.85, (917, 2895), None),
    ("e4m3-e4m3-e4m3", "", "cvfpu", 0.85, (993, 3340), None),
    ("bf16-bf16-bf16", "", "cvfpu", 0.85, (2021, 4427), None),
    ("fp16-fp16-fp16", "", "cvfpu", 0.85, (2664, 4606), (2827, 20410)),
    ("fp32-fp32-fp32", "", "cvfpu", 0.85, (7640, 6848), (8328, 33564)),
    ("posit8es1-posit8es1-fx38f24", DECODED, "deepfloat, operands decoded", 0.80, (886, 2311), (959, 11629)),
    ("int8-int8-fxh4-x8", ALONE, "MX-for-FPGA, mxint8", 0.85, (4843, 1915), None),
    ("int8-int8-fxh6-x32", ALONE, "MX-for-FPGA, mxint8", 0.85, (19687, 2519), (22996, 11563)),
    ("e4m3fn-e4m3fn-fxh3-x8", ALONE, "MX-for-FPGA", 0.85, (4937, 2550), None),
    ("e4m3fn-e4m3fn-fxh5-x32", ALONE, "MX-for-FPGA", 0.85, (20365, 3117), (24001, 13907)),
    ("e5m2-e5m2-fxh3-x8", ALONE, "MX-for-FPGA", 0.85, (6575, 3566), None),
    ("e3m2fn-e3m2fn-fxh5-x32", ALONE, "MX-for-FPGA", 0.85, (11029, 2295), None),
    ("e2m3fn-e2m3fn-fxh5-x32", ALONE, "MX-for-FPGA", 0.85, (10176, 2130), None),
    ("e2m1fn-e2m1fn-fxh5-x32", ALONE, "MX-for-FPGA", 0.85, (4927, 1776), None),
]


def function_of(spec: MacSpec, unit: Unit, without: str, yosys: Yosys) -> str:
    """Return Verilog of a module `core` around a unit whose control is tied off; its accumulator may count as zero."""
    tied = {"valid": "1'b1", "clear": f"1'b{int(without == ALONE)}", "rst": "1'b0"}
    data = {name: width for name, width in spec.inputs.items() if name not in tied}
    ports = ["input clk", *(f"input [{width - 1}:0] {name}" for name, width in data.items()), f"output [{spec.acc_width - 1}:0] acc"]
    joined = [f".{name}({value})" for name, value in ({name: name for name in ("clk", *data, "acc")} | tied).items()]
    verilog = f"{unit.verilog}\nmodule core({', '.join(ports)});\n  {unit.name} unit({', '.join(joined)});\nendmodule\n"
    return without_decoders(verilog, yosys) if without == DECODED else verilog


def without_decoders(verilog: str, yosys: Yosys) -> str:
    """Return the module `core` with ports in place of its decoders; only they and the adder cells stay modules of their own."""
    with scratch_folder("hwmodel-peers-") as name:
        folder = Path(name)
        (folder / "core.v").write_text(verilog, encoding="utf-8")
        apart = "setattr -mod -set keep_hierarchy 1 *__decode_* *__fa *__ha"
        commands = ["read_verilog core.v", "hierarchy -top core", "proc", apart, "flatten", "expose -evert core/c:*decode*"]
        yosys.run([*commands, "write_verilog -noattr out.v"], folder)
        return (folder / "out.v").read_text(encoding="utf-8")


Way = tuple[str, str, str, str]
"""Adder, multiplier, paths and script."""

PLAIN: Way = ("brent_kung", "baugh_wooley", "single", "yosys")


def ways(spec: MacSpec) -> Iterator[Way]:
    """Yield ways to try; of large dot products, whose adders are a small part, only a few."""
    yield PLAIN
    if spec.lanes > 1:
        scripts = {"ripple": ["area"], "sparse": ["area", "balanced", "delay"], "sklansky": ["delay"]}
        if spec.lanes <= 8:
            scripts |= {"brent_kung": ["area", "balanced"], "sklansky": ["balanced", "delay"]}
    else:
        scripts = {adder: ["area", "balanced", "sized", "delay"] for adder in ("ripple", "brent_kung", "sklansky", "sparse")}
    multipliers = ["baugh_wooley", *(["booth"] if spec.lanes == 1 and min(fmt.width for fmt in spec.factors) >= 8 else [])]
    for adder, several in scripts.items():
        for multiplier in multipliers:
            for script in several:
                yield adder, multiplier, "single", script
    if has_near_path(spec):
        for adder in ("brent_kung", "sklansky"):
            for multiplier in multipliers:
                yield adder, multiplier, "near_far", "delay"


def mapped(spec: MacSpec, card: TechCard, yosys: Yosys, store: Store, without: str) -> dict[Way, tuple[float, float]]:
    """Return area and delay by way."""
    found = {}
    for way in ways(spec):
        *choices, script = way
        unit = emit(spec, Architecture(*choices), yosys=yosys)
        made = {"rtl": unit.manifest["sha256"], "without": without, "card": card.sha256, "script": script}
        key = key_of({"view": "peers", "made by": provenance("synth"), **made})
        kept = store.get(key)
        if kept is None:
            flat = map_flat(function_of(spec, unit, without, yosys), "core", card, yosys, objective=script)
            kept = json.dumps([flat.area_um2 - flat.sequential_area_um2, static_timing(flat, card).delay_ps]).encode()
            store.put({key: kept})
        area_um2, delay_ps = json.loads(kept)
        found[way] = (area_um2 / card.nand2.area_um2, delay_ps)
    return found


def compare(card: TechCard, column: int, names: list[str]) -> Table:
    """Return the table of one library; `column` is that of its figures in `PEERS`."""
    table = Table(title=f"Combinational area in gate equivalents and delay in ps on {card.name}, beside the best known peer's")
    for head in ("unit", "peer", "peer's", "ours, no slower", "ratio", "aim", "how", "ours, no larger", "Yosys's flow"):
        table.add_column(head)
    STORE.parent.mkdir(exist_ok=True)
    with Yosys() as yosys, Store(STORE) as store:
        for peer in PEERS:
            name, without, whose, aim, figure = *peer[:4], peer[column]
            if figure is None or (names and name not in names):
                continue
            found = mapped(MacSpec.parse(name), card, yosys, store, without)
            ours = {how: each for how, each in found.items() if how != PLAIN}
            area, how = min(((area, how) for how, (area, delay) in ours.items() if delay <= figure[1]), default=(float("nan"), None))
            fast, large = min(((delay, area) for area, delay in ours.values() if area <= figure[0]), default=(float("nan"), float("nan")))
            plain, slow = found[PLAIN]
            delay = ours[how][1] if how else float("nan")
            table.add_row(
                name + without,
                whose,
                f"{figure[0]} / {figure[1]}",
                f"{area:.0f} / {delay:.0f}",
                f"{area / figure[0]:.2f}",
                f"{aim:.2f}",
                ", ".join(how) if how else "",
                f"{large:.0f} / {fast:.0f}",
                f"{plain:.0f} / {slow:.0f}",
            )
            print(
                f"{name}{without} on {card.name}: {area / figure[0]:.2f} of the area; {fast / figure[1]:.2f} of the delay", file=sys.stderr
            )
    return table


def main() -> None:
    console = Console(width=190)
    console.print(compare(load_card("sky130hd"), 5, sys.argv[1:]))
    if NANGATE.exists():
        console.print(compare(import_liberty("nangate45", [NANGATE]), 4, sys.argv[1:]))
    else:
        console.print(f"NanGate 45 is left out: {NANGATE} is not there")


if __name__ == "__main__":
    main()
