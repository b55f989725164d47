"""Work side by side stops as one."""

import threading
import time

import pytest

from hwmodel.report.crew import side_by_side
from hwmodel.yosys import Yosys


def test_results_are_in_order():
    def work(item: int, yosys: Yosys) -> int:
        time.sleep(0.02 * (3 - item % 3))
        return 10 * item

    assert side_by_side(work, range(9), 3) == [10 * item for item in range(9)]
    assert side_by_side(work, [], 3) == []


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("differs")], ids=["interrupted", "failed"])
def test_the_first_that_ends_stops_the_others(error):
    """One is in Yosys, one in Python, a third ends it all: both are ended where they are, and no other is begun."""
    begun, ended, waiting = [], {}, threading.Barrier(3)

    def work(item: int, yosys: Yosys) -> None:
        begun.append(item)
        try:
            if item < 3:
                waiting.wait(30)  # nobody is ended before it is where its end is seen
            if item == 0:
                yosys.run(["exec -- sleep 60"])
            elif item != 2:
                for _ in range(6000):
                    time.sleep(0.01)
            else:
                raise error
        except BaseException as end:
            ended[item] = type(end).__name__
            raise

    with pytest.raises(type(error)):
        side_by_side(work, range(9), 3)
    assert len(begun) <= 4  # the third thread may have taken one more
    assert ended.pop(0) in ("YosysError", "KeyboardInterrupt")
    assert (ended[1], ended[2]) == ("KeyboardInterrupt", type(error).__name__)
