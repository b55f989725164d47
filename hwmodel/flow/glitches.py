"""Timed simulation of a mapped netlist: toggles with the glitches that unequal delays make.

What a net does after one clock edge follows from the settled values before and after it, which the zero-delay run knows. So no
transition waits for another, and all transitions of all streams are bits of one Python integer. Net by net in topological
order, a waveform is kept: the times at which the net changes, and at each the bits that do.

Delays are inertial, with the rules of Verilog's continuous assignments (IEEE 1364-2005, 6.1.3): when what a cell computes comes to
differ from its output, a change of the output is due one delay later, that of the edge it makes; when it comes to equal it again
before that, the change is dropped. So a pulse shorter than the delay of its first edge is swallowed, one just as long passes. Inputs
that change in the same step change at once. What passes counts as a full swing.

The clock is taken to be slow enough for everything to settle.
"""

import math
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from functools import cache

import numpy as np

from .activity import Activity
from .boolean import expression
from .delays import Delay, Delays
from .netlist import UNCONNECTED, Netlist

_Wave = list[tuple[int, int]]
"""Times, rising, and the bits that change at each."""

_Table = Callable[..., int]
"""What a cell computes: (ones, *values of its inputs)."""

_TIMED_BITS = 1 << 15
"""Bits that are simulated together: enough to spread Python's own time thin; more make no difference and take more memory."""


def timed_toggles(activity: Activity, delays: Delays) -> np.ndarray:
    """Return how often each net changes in a run, glitches included.

    Parameters
    ----------
    activity
        The run, from `simulate`.
    delays
        Of its netlist.

    Returns
    -------
    ndarray of int64, (batches, nets)
        Summed over a batch's streams and the transitions that `activity` counted. Clocks do not count.
    """
    trace = activity.trace
    packing, netlist = trace.packing, trace.netlist
    toggles = np.zeros((packing.batches, netlist.nets), dtype=np.int64)
    for count, settled in trace.changes(activity.warm_up, _TIMED_BITS):
        ones, size = packing.ones(count), packing.row_bytes
        before = [rows & ones for rows in settled]
        after = [rows >> 8 * size for rows in settled]
        for net, wave in _waves(netlist, delays, before, after, ones):
            if wave:
                toggles[:, net] += packing.count([bits for _, bits in wave], count)
    return toggles


def _waves(netlist: Netlist, delays: Delays, before: Sequence[int], after: Sequence[int], ones: int) -> Iterator[tuple[int, _Wave]]:
    """Yield each net with its waveform, which is forgotten once all cells that it drives have been run."""
    waves: dict[int, _Wave] = {}
    left = Counter(net for instance in netlist.combinational for net in instance.inputs)
    for net, delay in delays.sources.items():
        waves[net] = _launched(before[net] ^ after[net], after[net], delay)
        yield net, waves[net]
    for instance in netlist.combinational:
        values = [before[net] for net in instance.inputs]
        for table, net in zip(instance.cell.tables, instance.outputs, strict=True):
            if net != UNCONNECTED:
                delay = delays.cells[net]
                arrivals = [
                    (time + lag, pin, bits)
                    for pin, (source, lag) in enumerate(zip(instance.inputs, delay.lags, strict=True))
                    for time, bits in waves.get(source, ())
                ]
                arrivals.sort()
                waves[net] = _inertial(_function(table, len(values)), values.copy(), arrivals, delay, ones)
                yield net, waves[net]
        for net in instance.inputs:
            left[net] -= 1
            if not left[net]:
                waves.pop(net, None)


def _launched(changed: int, after: int, delay: Delay) -> _Wave:
    """Return the waveform of a source: one change, a rising or a falling one."""
    rising = changed & after
    return _merged([(delay.rise, rising)], [(delay.fall, changed ^ rising)])


def _inertial(function: _Table, values: list[int], arrivals: Sequence[tuple[int, int, int]], delay: Delay, ones: int) -> _Wave:
    """Return the waveform of an output.

    Parameters
    ----------
    function
        What the cell computes: (ones, *values).
    values
        Of the inputs before anything changes.
    arrivals
        (time, input, bits that change), by time.
    """
    computed = function(ones, *values)
    due = 0  # bits whose output is to change: those where it differs from what is computed
    rising, falling = _Queue(delay.rise), _Queue(delay.fall)
    at, count = 0, len(arrivals)
    while at < count:
        now = arrivals[at][0]
        while at < count and arrivals[at][0] == now:
            _, pin, bits = arrivals[at]
            values[pin] ^= bits
            at += 1
        last, computed = computed, function(ones, *values)
        flipped = computed ^ last
        if not flipped:
            continue
        due ^= rising.fire(now) | falling.fire(now)
        dropped = due & flipped
        if dropped:
            fell = dropped & last  # what was to rise
            rising.drop(fell)
            falling.drop(dropped ^ fell)
        due ^= flipped
        new = flipped ^ dropped
        up = new & computed
        if up:
            rising.put(now, up)
        if new != up:
            falling.put(now, new ^ up)
    for queue in (rising, falling):
        queue.fire(math.inf)
    return _merged(rising.changes, falling.changes)


class _Queue:
    """Changes of an output to one value, first in first out.

    What is dropped is only written down; a change is rid of it when it happens. That needs all that was dropped since the change was
    put in, in one integer: `_since` for the drops up to `_middle`, which is made for many changes in one pass back from there, and
    `_later` for those after.
    """

    def __init__(self, delay: int) -> None:
        self.delay = delay
        self.changes: list[tuple[int, int]] = []  # that have happened
        self._due: deque[tuple[int, int, int]] = deque()  # time, bits, how many drops there were before
        self._dropped: list[int] = []
        self._middle = 0
        self._since: list[int] = []  # the last is that from the first drop that still counts
        self._later = 0

    def put(self, now: int, bits: int) -> None:
        """Make `bits` change a delay after `now`."""
        self._due.append((now + self.delay, bits, len(self._dropped)))

    def drop(self, bits: int) -> None:
        """Take `bits` out of what is due."""
        self._dropped.append(bits)
        self._later |= bits

    def fire(self, now: float) -> int:
        """Return the bits that have changed since last asked, up to and with `now`."""
        fired = 0
        while self._due and self._due[0][0] <= now:
            time, bits, drops = self._due.popleft()
            if drops < len(self._dropped):
                bits ^= bits & self._dropped_since(drops)
            if bits:
                self.changes.append((time, bits))
                fired |= bits
        return fired

    def _dropped_since(self, drops: int) -> int:
        """Return what was dropped after the first `drops` drops; they never become fewer from one call to the next."""
        if drops >= self._middle:
            self._since, self._later = [0], 0
            for bits in reversed(self._dropped[drops:]):
                self._since.append(self._since[-1] | bits)
            self._middle = len(self._dropped)
        return self._since[self._middle - drops] | self._later


def _merged(rising: Sequence[tuple[int, int]], falling: Sequence[tuple[int, int]]) -> _Wave:
    """Return both kinds of changes as one waveform, without those of no bit."""
    wave: dict[int, int] = {}
    for time, bits in (*rising, *falling):
        if bits:
            wave[time] = wave.get(time, 0) | bits
    return sorted(wave.items())


@cache
def _function(table: int, inputs: int) -> _Table:
    """Return a truth table as a function of (ones, *values)."""
    names = [f"x{index}" for index in range(inputs)]
    return eval(f"lambda M, {', '.join(names)}: {expression(table, inputs).format(*names)}")  # text made here from a truth table only
