"""What is known of a row, and what is still to be computed: rows to keys of the store, and outcomes back into it.

A mapped unit's key holds the hash of its Verilog. What hash a unit has is kept too, with the version of the generator that made it: as
long as that is the same nothing is emitted to look a unit up; after a change the circuit is emitted, and mapped only if it differs.
"""

import json
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from hwmodel.flow import TechCard, list_cards, load_card

from .plan import Plan
from .provenance import codebooks, everything, provenance
from .space import Row
from .store import Store, key_of
from .worker import Found, Outcome, Task

MAPPED = ("energy", "synth")
"""Views that start from a circuit; the first contains the second."""


class Desk:
    """Rows of one plan looked up in one store.

    Parameters
    ----------
    plan
        What is computed.
    store
        Where results are.
    """

    def __init__(self, plan: Plan, store: Store) -> None:
        self.store, self._compute = store, plan.compute
        self.options: dict[str, dict[str, Any]] = {}
        if plan.compute.synth is not None:
            self.options["synth"] = asdict(plan.compute.synth)
        if plan.compute.energy is not None:
            self.options["energy"] = self.options["synth"] | asdict(plan.compute.energy)
        if plan.compute.error is not None:
            self.options["error"] = asdict(plan.compute.error)
        self.estimates = plan.compute.estimate
        self.explores = plan.compute.synth is not None and plan.compute.synth.explore
        contained = ("synth",) if "energy" in self.options else ()
        self.views = tuple(view for view in ("error", *MAPPED) if view in self.options and view not in contained)
        self.cards: Mapping[str, TechCard] = {name: load_card(name) for name in plan.cards}
        self._files = {name: "" if name in list_cards() else b64encode(Path(name).read_bytes()).decode() for name in plan.cards}
        self._passing: dict[bytes, Found] = {}

    # Keys.

    def _unit(self, row: Row) -> dict[str, Any]:
        assert row.spec is not None
        return {"spec": str(row.spec), "codebooks": codebooks(row.spec)}

    def _rtl_key(self, row: Row) -> bytes:
        """Return the key of the hash of a unit's Verilog, whatever the generator's version."""
        return key_of({"view": "rtl", **self._unit(row), **row.architecture})

    def _named_key(self, row: Row, view: str) -> bytes:
        """Return the key of a result that is found by the unit's name: of errors, explored units, and circuits that cannot be made."""
        assert row.spec is not None
        material: dict[str, Any] = {"view": view, "options": self.options[view], "made by": provenance(view)}
        if view == "error":
            return key_of(material | self._unit(replace(row, spec=replace(row.spec, pipeline=0))))
        made = [provenance("explore" if self.explores else "rtl"), self.cards[row.card].sha256, row.objective]
        return key_of(material | self._unit(row) | {"made": made, **row.architecture})

    def _circuit_key(self, row: Row, view: str, rtl_sha256: str) -> bytes:
        """Return the key of a mapped unit by its Verilog, card, script and tools."""
        material: dict[str, Any] = {"view": view, "options": self.options[view], "made by": provenance(view), "rtl": rtl_sha256}
        if row.spec is not None and view == "energy":
            material["codebooks"] = codebooks(row.spec)  # operands are rounded to them
        return key_of(material | {"card": self.cards[row.card].sha256, "objective": row.objective})

    def claim(self, row: Row, view: str) -> bytes:
        """Return what tells two computations of one result apart from two results."""
        return self._named_key(row, view)

    # Looking up.

    def find(self, rows: Sequence[Row]) -> list[dict[str, Found]]:
        """Return for each row the views that are known; of one whose energy failed also ``synth``, if known."""
        named: list[dict[str, bytes]] = []
        for row in rows:
            named.append({view: self._named_key(row, view) for view in self._wanted()} if row.spec is not None else {})
        hashes = [self._rtl_key(row) if row.spec is not None and self._by_circuit else b"" for row in rows]
        known = self._get(key for keys in (*[each.values() for each in named], filter(None, hashes)) for key in keys)
        circuits: list[dict[str, bytes]] = []
        for row, key in zip(rows, hashes, strict=True):
            sha256 = self._current(known.get(key))
            circuits.append({view: self._circuit_key(row, view, sha256) for view in self._wanted() if view in MAPPED} if sha256 else {})
        known |= self._get(key for keys in circuits for key in keys.values())
        found: list[dict[str, Found]] = []
        for by_name, by_circuit in zip(named, circuits, strict=True):
            found.append({})
            for keys in (by_name, by_circuit):
                for view, key in keys.items():
                    if (each := self._passing.get(key)) or (each := _read(known.get(key))):
                        found[-1][view] = each
        return found

    def missing(self, found: Mapping[str, Found]) -> tuple[str, ...]:
        """Return the views that are still to be computed where `found` is known."""
        views = [view for view in self.views if view not in found]
        if "energy" in found and found["energy"].reason and "synth" not in found:
            views.append("synth")
        return tuple(views)

    def stale(self, row: Row) -> bool:
        """Whether the hash of a unit's Verilog is known from another version of the generator only."""
        if row.spec is None or not self._by_circuit:
            return False
        payload = self.store.get(self._rtl_key(row))
        return payload is not None and self._current(payload) is None

    @property
    def _by_circuit(self) -> bool:
        return not self.explores and any(view in MAPPED for view in self.views)

    def _wanted(self) -> tuple[str, ...]:
        return (*self.views, "synth") if "energy" in self.views else self.views

    def _get(self, keys: Iterable[bytes]) -> dict[bytes, bytes]:
        return self.store.get_all(key for key in keys if key not in self._passing)

    def _current(self, payload: bytes | None) -> str | None:
        """Return the hash of a unit's Verilog, if the generator is still the one that made it."""
        if payload is None:
            return None
        made_by, sha256 = json.loads(payload)
        return sha256 if made_by == provenance("rtl") else None

    # Work.

    def task(self, row: Row, views: Iterable[str]) -> Task:
        """Return what a worker must know to compute some views of a row."""
        assert row.spec is not None
        return Task(
            spec=str(row.spec),
            codebooks=codebooks(row.spec),
            card=row.card,
            card_sha256=self.cards[row.card].sha256,
            card_file=self._files[row.card],
            objective=row.objective,
            architecture=row.architecture,
            views={view: self.options.get(view, {}) for view in views},
            code=everything(),
        )

    def keep(self, row: Row, outcome: Outcome) -> None:
        """Put an outcome into the store; reasons that may pass are remembered for this run alone."""
        lasting: dict[bytes, bytes] = {}
        if outcome.rtl_sha256 and self._by_circuit:
            lasting[self._rtl_key(row)] = json.dumps([provenance("rtl"), outcome.rtl_sha256]).encode()
        for view, found in outcome.found.items():
            if view == "rtl":
                if found.reason:  # there is no circuit to map
                    for each in self._wanted():
                        if each in MAPPED:
                            self._keep_one(self._named_key(row, each), found, lasting)
                continue
            by_circuit = view in MAPPED and outcome.rtl_sha256 and not self.explores
            key = self._circuit_key(row, view, outcome.rtl_sha256) if by_circuit else self._named_key(row, view)
            self._keep_one(key, found, lasting)
        if lasting:
            self.store.put(lasting)

    def _keep_one(self, key: bytes, found: Found, lasting: dict[bytes, bytes]) -> None:
        if found.lasting:
            lasting[key] = json.dumps([dict(found.columns), found.reason]).encode()
        else:
            self._passing[key] = found


def _read(payload: bytes | None) -> Found | None:
    return None if payload is None else Found(*json.loads(payload))
