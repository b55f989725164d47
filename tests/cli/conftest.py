"""Run the command line in this process."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hwmodel.cli import app

Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def own_calibrations(tmp_path, monkeypatch) -> Path:
    """Keep out what the user who runs the tests has learnt of own cards."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data" / "hwmodel" / "calibrations"


@pytest.fixture
def run() -> Run:
    """Run ``hwmodel ARGUMENT…`` on a terminal of 120 columns; an exception that is not an exit code is raised."""

    def call(*arguments: object, stdin: str | None = None, columns: int = 120) -> Result:
        texts = [str(argument) for argument in arguments]
        return CliRunner().invoke(app, texts, input=stdin, env={"COLUMNS": str(columns)}, catch_exceptions=False, prog_name="hwmodel")

    return call
