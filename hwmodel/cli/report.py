"""``hwmodel report``: the main job."""

from pathlib import Path

from .arguments import Card, Csv, Jobs, Json, OutFolder, find_card
from .compare import check_simulator, default_specs, draw
from .files import output_folder
from .output import Form, form_of


def report(out: OutFolder = Path("reports"), card: Card = "sky130hd", jobs: Jobs = 2, as_json: Json = False, as_csv: Csv = False) -> None:
    """Everything in reports/: the zoo of formats; INT8 and FP8 units emitted, proved, mapped and estimated, and the chart."""
    form = form_of(as_json, as_csv)
    cells = find_card(card)
    check_simulator()
    folder = output_folder(out)
    from hwmodel.report.zoo import report_formats

    zoo = report_formats(folder / "formats")
    draw(default_specs(), cells, folder / "int8-vs-fp8", "INT8 versus FP8", form, prove=True, jobs=jobs, verilog=folder / "verilog")
    if form is Form.TABLE:
        print("\n".join(f"written: {file}" for file in zoo))
