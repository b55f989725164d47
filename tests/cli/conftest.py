"""Run the command line in this process."""

from collections.abc import Callable

import pytest
from typer.testing import CliRunner, Result

from hwmodel.cli import app

Run = Callable[..., Result]


@pytest.fixture
def run() -> Run:
    """Run ``hwmodel ARGUMENT…`` on a terminal of 120 columns; an exception that is not an exit code is raised."""

    def call(*arguments: object, stdin: str | None = None, columns: int = 120) -> Result:
        texts = [str(argument) for argument in arguments]
        return CliRunner().invoke(app, texts, input=stdin, env={"COLUMNS": str(columns)}, catch_exceptions=False, prog_name="hwmodel")

    return call
