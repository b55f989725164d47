"""Estimates made by several processes, each for its share of the units.

What units share is counted once by whoever has them: a share is all units of some pairs of formats that reach equally far, whose sums
are alike; where such pairs are few, all of some accumulators, and where these are few, too, of all three and lanes. It is the same
one's in every batch. While a batch is named, kept and written by one process the others count what the next will ask for.
"""

import contextlib
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, NamedTuple

import numpy as np

from hwmodel.collecting import nothing_collected
from hwmodel.cost import Estimator
from hwmodel.cost.calibration import Card
from hwmodel.spec import Operand

WORTH, WORTH_TIMED = 1 << 13, 1 << 10
"""Units that are shared out, and those of which delay and glitches are told; of fewer a process is not worth its start."""

_OWN, _HELPS = 2, 3
"""How many parts of the units a process has that names and writes all of them, and how many each helper has."""

Places = dict[str, np.ndarray]


class _CardName(NamedTuple):
    """What estimates ask of a card."""

    name: str
    sha256: str


class Shares:
    """`jobs` processes, this one among them. Use it as a context manager: when it is left the others end, wherever their work is."""

    def __init__(self, jobs: int) -> None:
        self.jobs = jobs
        self._helpers: list[_Helper] = []
        self._shared: SharedEstimator | None = None

    def __enter__(self) -> "Shares":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for helper in self._helpers:
            helper.end()

    def start(self) -> None:
        """Have the others started before they are needed: that takes them a while."""
        if not self._helpers:
            self._helpers = [_Helper() for _ in range(self.jobs - 1)]

    def of(self, estimator: Estimator) -> "SharedEstimator":
        """Return what estimates as `estimator` does."""
        self.start()
        if self._shared is None or self._shared.estimator is not estimator:
            for helper in self._helpers:
                helper.ask(None, estimator.pairs, estimator.accumulators)
            self._shared = SharedEstimator(estimator, self._helpers)
        return self._shared


class SharedEstimator:
    """An `Estimator` with helpers: its first share is counted here, and so is that of a helper that has died."""

    def __init__(self, estimator: Estimator, helpers: Sequence["_Helper"]) -> None:
        self.estimator, self._helpers = estimator, helpers
        self._reaches = _reaches(estimator.pairs)

    def columns(self, *, card: str | Card, objective: str, **places: np.ndarray) -> dict[str, np.ndarray]:
        """Return what `Estimator.columns` does."""
        return _joined(self._asked("columns", places, card=_named(card), objective=objective), len(places["acc"]))

    def timed_columns(self, *, cards: Sequence[str | Card], objective: str, **places: np.ndarray) -> list[dict[str, np.ndarray]]:
        """Return what `Estimator.timed_columns` does."""
        found = self._asked("timed_columns", places, cards=list(map(_named, cards)), objective=objective)
        return [_joined([(rows, columns[at]) for rows, columns in found], len(places["acc"])) for at in range(len(cards))]

    def faults(self, objective: str, **places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return what `Estimator.faults` does."""
        found = [(share[rows], tails) for share, (rows, tails) in self._asked("faults", places, objective=objective)]
        rows, tails = (np.concatenate(each) for each in zip(*found, strict=True))
        order = np.argsort(rows)
        return rows[order], tails[order]

    def ahead(self, objective: str, **places: np.ndarray) -> None:
        """Have helpers count their shares of units that will be asked for next; nobody waits for that."""
        for share, helper in enumerate(self._helpers, 1):
            rows = np.flatnonzero(self._share(places) == share)
            helper.ask("faults", objective=objective, **{name: at[rows] for name, at in places.items()})

    def _asked(self, method: str, places: Places, **rest: Any) -> list[tuple[np.ndarray, Any]]:
        """Return the rows of each share, and the answer to a question about them."""
        shares = [np.flatnonzero(self._share(places) == share) for share in range(1 + len(self._helpers))]
        own, *others = [{name: at[rows] for name, at in places.items()} | rest for rows in shares]
        answers = [helper.ask(method, **each) for helper, each in zip(self._helpers, others, strict=True)]
        found = [getattr(self.estimator, method)(**own)]
        for answer, each in zip(answers, others, strict=True):
            try:
                found.append(answer.result())
            except (EOFError, OSError, pickle.UnpicklingError):  # it has died
                found.append(getattr(self.estimator, method)(**each))
        return list(zip(shares, found, strict=True))

    def _share(self, places: Places) -> np.ndarray:
        """Return whose the units are: neighbours among reaches, accumulators, or all of these and lanes, are different ones'."""
        helpers = range(1, 1 + len(self._helpers))
        whose = np.array([each for turn in range(_HELPS) for each in (*helpers, *[0] * (turn < _OWN))])
        enough, accumulators = 2 * len(whose), len(self.estimator.accumulators)
        if max(self._reaches, default=0) >= max(accumulators, enough):
            at = self._reaches[places["pair"]]
        elif accumulators >= enough:
            at = places["acc"]
        else:
            at = self._reaches[places["pair"]] + places["acc"] + places["lanes"]
        return whose[at % len(whose)]


def _named(card: str | Card) -> "str | _CardName":
    return card if isinstance(card, str) else _CardName(card.name, card.sha256)


def _joined(shares: Sequence[tuple[np.ndarray, dict[str, np.ndarray]]], length: int) -> dict[str, np.ndarray]:
    """Return the columns of all rows from those of each share."""
    found: dict[str, np.ndarray] = {}
    for rows, columns in shares:
        for name, values in columns.items():
            found.setdefault(name, np.empty(length, values.dtype))[rows] = values
    return found


def _reaches(pairs: Sequence[tuple[Operand, Operand]]) -> np.ndarray:
    """Return of each pair a rank among those that reach less far or farther, by the sum of its formats' ranks, (pairs,) int64."""
    ends = [[fmt.max_magnitude.bit_length() + fmt.lsb_exponent for fmt in pair] for pair in pairs]
    _, ranks = np.unique(ends, return_inverse=True)
    return np.unique(ranks.reshape(-1, 2).sum(axis=1), return_inverse=True)[1]


class _Helper:
    """A process that holds an `Estimator`, and a thread that waits for its answers."""

    def __init__(self) -> None:
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        command = [sys.executable, "-P", "-m", "hwmodel.sweep.shares"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ | threads)
        self._waiting = ThreadPoolExecutor(1)

    def ask(self, method: str | None, *values: Any, **named: Any) -> Any:
        """Return a future of the answer; the method None makes the estimator."""
        return self._waiting.submit(self._answer, (method, values, named))

    def _answer(self, question: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        pickle.dump(question, self._process.stdin, protocol=5)
        self._process.stdin.flush()
        answer = pickle.load(self._process.stdout)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def end(self) -> None:
        """End the process, and wait for that."""
        self._process.kill()
        self._process.wait()
        self._waiting.shutdown()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


def serve() -> None:
    """Answer questions from stdin on stdout; end when whoever asks has gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; who asks decides when to end
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing else writes between the answers
    estimator: Estimator | None = None
    with nothing_collected(), contextlib.suppress(EOFError, BrokenPipeError):
        while True:
            method, values, named = pickle.load(sys.stdin.buffer)
            answer: Any = None
            try:
                if method is None:
                    estimator = Estimator(*values)
                else:
                    answer = getattr(estimator, method)(**named)
            except Exception as error:  # it is raised where the question was asked
                answer = error
            pickle.dump(answer, answers, protocol=5)
            answers.flush()


if __name__ == "__main__":
    serve()
