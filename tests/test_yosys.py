"""The worker process: errors that can be caught, and an end that does not wait."""

import threading

import pytest

from hwmodel.yosys import Yosys, YosysError


def test_an_error_is_yosys_own_and_the_worker_lives_on():
    with Yosys() as yosys:
        with pytest.raises(YosysError, match="No such command: nonsense"):
            yosys.run(["nonsense"])
        assert "hello" in yosys.run(["log hello"])


def test_abort_ends_what_is_running():
    with Yosys() as yosys:
        yosys.run(["log started"])
        timer = threading.Timer(0.2, yosys.abort)
        timer.start()
        # Left alone, it would succeed after a minute.
        with pytest.raises(YosysError, match="the worker was aborted"):
            yosys.run(["exec -- sleep 60"])
        with pytest.raises(YosysError, match="the worker was aborted"):
            yosys.run(["log again"])
        timer.join()
