"""``hwmodel report``: the main job."""

from pathlib import Path

from .arguments import Card, Csv, Jobs, Json, OutFolder, find_card, parse_specs
from .claims import hold, mapped
from .compare import check_simulator, default_specs, draw
from .errors import mismatch_exits
from .files import output_file, output_folder
from .output import Form, form_of, progress


def report(out: OutFolder = Path("reports"), card: Card = "sky130hd", jobs: Jobs = 2, as_json: Json = False, as_csv: Csv = False) -> None:
    """Everything in reports/: formats and their error on data; INT8, FP8 and dot units mapped and estimated; charts; published claims."""
    form = form_of(as_json, as_csv)
    cells = find_card(card)
    check_simulator()
    folder = output_folder(out)
    from hwmodel.report.claims.page import files_in, write_claims
    from hwmodel.report.compare import TWO_FP8_FORMATS, files_of
    from hwmodel.report.dot_units import FORMATS, report_dot_units
    from hwmodel.report.dots import report_dots
    from hwmodel.report.sqnr import report_sqnr
    from hwmodel.report.zoo import report_formats

    drawn = report_formats(folder / "formats") + report_sqnr(folder / "sqnr") + report_dots(folder / "dot-error")
    tables = [
        draw(default_specs(), cells, folder / "int8-vs-fp8", "INT8 versus FP8", form, prove=True, jobs=jobs, verilog=folder / "verilog")
    ]
    # What a machine reads is the one comparison above.
    shown = form is Form.TABLE
    stem, title = folder / "two-formats", "Two FP8 formats in one unit"
    tables += [draw(parse_specs(TWO_FP8_FORMATS), cells, stem, title, form, prove=True, jobs=jobs, shown=shown)]
    for file in (*files_of(folder / "dot-units"), *files_in(folder)):
        output_file(file)
    with mismatch_exits(), progress("dot units", len(FORMATS), at_end=True) as done:
        drawn += report_dot_units(cells, folder / "dot-units", jobs=jobs, progress=done)
    known = {row["spec"]: row for table in tables for row in table.to_dict("records")}
    drawn += write_claims(folder, *hold(cells, mapped(cells, known, jobs=jobs)), cells)
    if shown:
        print("\n".join(f"written: {file}" for file in drawn))
