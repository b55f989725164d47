"""Verilog and a card -> mapped gates: area by part, the flat unit beside it, delay, and the netlists for energy.

Yosys elaborates, ABC maps. The unit's parts stay modules of their own, so that their areas add up to the total; the
same unit is mapped once more as one flat module, which is what other people's flat figures compare with.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import fsum
from pathlib import Path

from hwmodel.files import scratch_folder
from hwmodel.yosys import Yosys

from .adders import STUBS, adder_kind, techmap_bits, techmap_cells
from .card import TechCard, TechError
from .compact_liberty import to_liberty
from .netlist import DECODE, PARTS, Netlist, read_netlist
from .netlist_verilog import stubs
from .timing import Timing, clock_timing, static_timing

PARTS_KEPT = (DECODE, *PARTS)
_CLEAN = "strash; &get -n; &fraig -x -C 1000; &put; scorr; "
_SIZE = "topo; buffer; dnsize; stime -p"
# Without a limit of conflicts, what looks for signals that are equal may not end: where a library's adders are gates, at sums of many
# lanes; of int4-int4-posit8-x16 on sg13g2 it had not after half an hour. With it that takes two seconds, and 80 other units are mapped as
# without, to the cell.
# Chosen by measurement (six designs, two libraries). ABC's area mapper `amap` gives 16 to 30 % less area than Yosys's default
# `&nf` script, and does not look at delay tables, so that a card and its full Liberty file map alike. Rewriting and refactoring
# keep prefix adders as fast as they are, which `dc2` makes smaller and slower. Buffering and sizing then cost 1 to 5 % and save
# 10 to 30 % of delay; sizing up first, another 2 to 10 % for 4 to 13 %. The delay mapper `map` halves the delay for half as much area
# again.
SCRIPTS = {
    "area": _CLEAN + "dc2; dc2; strash; dch -f; amap -m; topo; stime -p",
    "balanced": _CLEAN + "rewrite -l; refactor -l; dch -f; amap -m; " + _SIZE,
    "sized": _CLEAN + "rewrite -l; refactor -l; dch -f; amap -m; topo; buffer; upsize; dnsize; stime -p",
    "delay": _CLEAN + "dch -f; FAST; topo; buffer; upsize; dnsize; stime -p",
    "yosys": "",  # the script that Yosys's `abc -liberty -constr` runs by default
}
# What FAST stands for, as the card says. Which mapper makes fast circuits depends on the library: on sky130hd, sg13g2 and NanGate 45 those
# of `map` take 17 to 22 % less time than those of `&nf`, for 11 to 15 % more area (seven and eight designs); on asap7 5 % less, for 24 %
# more area (129 designs), and there its areas jump from one width to the next.
_FAST = {"map": "map -B 0.9", "nf": "&get -n; &nf; &put"}


@dataclass(frozen=True, eq=False)
class Mapped:
    """A unit mapped to a card's cells.

    Attributes
    ----------
    parted
        The netlist with its parts kept apart: areas and energy by part.
    flat
        The netlist of the same unit mapped as one module.
    """

    top: str
    card: TechCard
    objective: str
    parted: Netlist
    flat: Netlist

    @cached_property
    def area_by_part_um2(self) -> dict[str, float]:
        """Area of mpy (decode included), alignadd and normacc; the sum is `area_um2`."""
        own = _area_by(self.parted)
        return {part: own.get(part, 0.0) + (own.get(DECODE, 0.0) if part == "mpy" else 0.0) for part in PARTS}

    @cached_property
    def area_um2(self) -> float:
        """Area of the unit with its parts kept apart."""
        return sum(self.area_by_part_um2.values())

    @cached_property
    def timing(self) -> Timing:
        """Static timing of the flat unit."""
        return static_timing(self.flat, self.card)

    @cached_property
    def parted_timing(self) -> Timing:
        """Static timing with the parts kept apart: it tells which part the longest path runs through."""
        return static_timing(self.parted, self.card)

    @cached_property
    def clock_path(self) -> Timing:
        """What limits the clock with the parts kept apart: the path, part by part. Raises `TechError` as `clock_timing` does."""
        return clock_timing(self.parted, self.card)

    @cached_property
    def clock_min_ps(self) -> tuple[float, str]:
        """The shortest clock period of the flat unit, or NaN and the reason why it cannot be told."""
        try:
            return clock_timing(self.flat, self.card).delay_ps, ""
        except TechError as error:
            return float("nan"), str(error)

    @cached_property
    def row(self) -> dict[str, float | int | str]:
        """The unit as one row of a table: areas in um2 and gate equivalents, counts, and delays in ps, all without wires.

        ``delay_ps`` is the longest combinational path of the flat unit, ``clock_min_ps`` the shortest clock period: clock to output, path
        and set-up. It is NaN where the card cannot tell, and ``clock_reason`` says why.
        """
        gate_um2 = self.card.nand2.area_um2
        flat_sequential, flat_total = self.flat.sequential_area_um2, self.flat.area_um2
        sequential = self.parted.sequential_area_um2
        by_part = self.area_by_part_um2
        delays = self.parted_timing.delay_by_part_ps
        path_part = max(delays, key=lambda part: delays[part], default="")
        kinds = [match[0] for instance in self.parted.combinational if (match := adder_kind(instance.cell)) is not None]
        return {
            "unit": self.top,
            "card": self.card.name,
            "objective": self.objective,
            **{f"area_{part}_um2": by_part[part] for part in PARTS},
            "area_decode_um2": _area_by(self.parted).get(DECODE, 0.0),
            "area_um2": self.area_um2,
            "area_sequential_um2": sequential,
            "area_combinational_um2": self.area_um2 - sequential,
            "area_ge": self.area_um2 / gate_um2,
            "area_flat_um2": flat_total,
            "area_flat_sequential_um2": flat_sequential,
            "area_flat_combinational_um2": flat_total - flat_sequential,
            "area_flat_combinational_ge": (flat_total - flat_sequential) / gate_um2,
            "delay_ps": self.timing.delay_ps,
            "clock_min_ps": self.clock_min_ps[0],
            "clock_reason": self.clock_min_ps[1],
            "delay_parted_ps": self.parted_timing.delay_ps,
            **{f"delay_{part}_ps": delays.get(part, 0.0) + (delays.get(DECODE, 0.0) if part == "mpy" else 0.0) for part in PARTS},
            "critical_part": "mpy" if path_part == DECODE else path_part,
            "cells": len(self.parted.instances),
            "flip_flops": len(self.parted.flip_flops),
            "full_adders": kinds.count("full"),
            "half_adders": kinds.count("half"),
        }


def _area_by(netlist: Netlist) -> dict[str, float]:
    areas: dict[str, list[float]] = {}
    for instance in netlist.instances:
        areas.setdefault(instance.part, []).append(instance.cell.area_um2)
    return {part: fsum(own) for part, own in areas.items()}


def synthesize(
    verilog: str,
    top: str,
    card: TechCard,
    yosys: Yosys | None = None,
    *,
    objective: str = "balanced",
    liberty: Sequence[str] = (),
) -> Mapped:
    """Map the module `top` of `verilog` to the cells of `card`.

    Parameters
    ----------
    verilog
        Source text. Submodules of `top` named ``decode…``, ``mpy…``, ``alignadd…`` and ``normacc…`` are its parts.
    top
        Name of the top module.
    card
        The cells to map to.
    yosys
        A running worker; without one, a worker is started for this call (about 0.3 s more).
    objective
        ``"area"``, ``"balanced"`` (default), ``"sized"`` (a little faster and larger), ``"delay"``, or ``"yosys"`` for Yosys's own
        default script.
    liberty
        Texts of the library's own Liberty files, for Yosys and ABC to read in place of what is written of the card.

    Raises
    ------
    hwmodel.yosys.YosysError
        If Yosys refuses the text.
    ValueError
        If `objective` is unknown.
    """
    _check_objective(objective)
    if yosys is None:
        with Yosys() as own:
            return synthesize(verilog, top, card, own, objective=objective, liberty=liberty)
    with scratch_folder("hwmodel-map-") as name:
        folder = Path(name)
        _write_files(folder, verilog, card, objective, liberty)
        apart = ["setattr -unset keep_hierarchy c:*", "flatten", "opt_clean -purge"]
        finish = _finish(card, files=len(liberty), script=bool(SCRIPTS[objective]))
        parted = _map(folder, "parted", top, card, yosys, [*finish, *apart], PARTS_KEPT)
        flat = _map(folder, "flat", top, card, yosys, finish)
    return Mapped(top, card, objective, parted, flat)


def map_flat(verilog: str, top: str, card: TechCard, yosys: Yosys, *, objective: str = "balanced") -> Netlist:
    """Return the netlist of the module `top` mapped as one module, ``synthesize(…).flat``, in half the time.

    Parameters and errors are those of `synthesize`.
    """
    _check_objective(objective)
    with scratch_folder("hwmodel-map-") as name:
        _write_files(Path(name), verilog, card, objective)
        return _map(Path(name), "flat", top, card, yosys, _finish(card, files=0, script=bool(SCRIPTS[objective])))


def _check_objective(objective: str) -> None:
    if objective not in SCRIPTS:
        raise ValueError(f"the objective {objective!r} is unknown; known: {', '.join(SCRIPTS)}")


def _map(folder: Path, name: str, top: str, card: TechCard, yosys: Yosys, finish: Sequence[str], kept: Sequence[str] = ()) -> Netlist:
    """Map the files in `folder`, the instances in `kept` apart, and return the netlist."""
    # In two runs: Yosys orders what it splits by where it lies in memory, and later the inputs of gates by the age of
    # their nets' names. Read back from a sorted file, the same design always has the same names of the same age.
    yosys.run([*_prepare(top, kept), *_bits(), f"write_rtlil -sort {name}.il"], folder)
    yosys.run([f"read_rtlil {name}.il", *_adders(), *finish, f"write_json {name}.json"], folder)
    return read_netlist((folder / f"{name}.json").read_text(encoding="utf-8"), top, card)


def _write_files(folder: Path, verilog: str, card: TechCard, objective: str, liberty: Sequence[str] = ()) -> None:
    """Write what Yosys and ABC read."""
    script = SCRIPTS[objective].replace("FAST", _FAST[card.fast_mapper])
    written = {"state.lib": to_liberty(card, logic=False), "logic.lib": to_liberty(card, flip_flops=False, senses=False)}
    files = {
        "unit.v": verilog,
        "stubs.v": STUBS + stubs(card),
        "bits.v": techmap_bits(),
        "cells.v": techmap_cells(card),
        "drive.constr": f"set_driving_cell {card.buffer.name}\nset_load {card.inverter.inputs[0].capacitance_ff}\n",
        "map.abc": script.replace("; ", "\n") + "\n",
        **({_full(number): text for number, text in enumerate(liberty)} or written),
    }
    for file, text in files.items():
        (folder / file).write_text(text, encoding="utf-8")


def _full(number: int) -> str:
    return f"full{number}.lib"


def _prepare(top: str, kept: Sequence[str]) -> list[str]:
    """Return the commands that elaborate `top` and flatten all but its instances whose names start with one of `kept`."""
    adders = [f"chtype -set $__hwmodel_{kind} t:*__{kind}" for kind in ("fa", "ha")]
    return [
        "read_verilog -sv unit.v",
        *adders,  # before their parameters are folded into names of modules
        f"hierarchy -top {top}",
        *adders,  # and again: `hierarchy` reads some modules anew, and their instances then have their old types
        "read_verilog -lib stubs.v",
        "proc",
        *(f"setattr -set keep_hierarchy 1 {top}/c:{part}*" for part in kept),
        "flatten",
    ]


def _bits() -> list[str]:
    """Return the commands that make one-bit adders, without constants, on nets of one bit."""
    simplify = ["techmap -map bits.v", "opt_expr -full", "opt_clean"]
    # Twice: constants that gates between adders passed on.
    return ["opt_expr", "opt_clean", *simplify, *simplify, "splitnets"]


def _adders() -> list[str]:
    """Return the commands that turn one-bit adders into cells of the card, those with an unused output into gates."""
    unused = []
    for adder in ("hwmodel_fa1", "hwmodel_ha1"):
        for port in ("X", "Y"):
            unused += [
                "select -set consumed c:* %ci1 w:* %i o:* %u",
                f"select -set used @consumed %ci*:+[{port}] t:{adder} %i",
                f"chtype -set {adder}_gates t:{adder} @used %d",
            ]
    return ["opt_clean", *unused, "techmap -map cells.v"]


def _finish(card: TechCard, *, files: int, script: bool) -> list[str]:
    """Return the commands that map: with what is written of the card, or with so many Liberty `files` but for the cells it leaves out."""
    whole = [*(f"-liberty {_full(number)}" for number in range(files)), *(f"-dont_use {cell}" for cell in sorted(card.excluded))]
    state, logic = (" ".join(whole),) * 2 if files else ("-liberty state.lib", "-liberty logic.lib")
    return [
        "synth -noabc -run coarse:check",
        f"dfflibmap {state}",
        f"abc {logic} -constr drive.constr" + (" -script map.abc" if script else ""),
        "opt_clean -purge",
    ]
