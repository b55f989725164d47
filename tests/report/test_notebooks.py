"""The notebooks run, cell by cell, and say what their text says."""

import json
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


def run(notebook: Path) -> dict:
    """Execute the code cells in one namespace and return it."""
    space: dict = {}
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), str(notebook), "exec"), space)
    return space


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs(notebook):
    assert run(notebook)


def test_accumulators_swamp_as_the_text_says():
    sums = run(Path(__file__).parents[2] / "notebooks" / "accumulators.ipynb")["sums"]
    assert sums["fx"] == sums["fp32"] == sums["chunk64:fp16:fp16"] == 256.0
    assert sums["fp16"] == 128.0
