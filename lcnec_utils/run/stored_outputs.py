"""Outputs stored in the notebooks: nbval's reference, and what a reader sees."""

import base64
import io

from lcnec_utils.core import params, paths
from lcnec_utils.core.errors import UserError
from lcnec_utils.run import execution, records, runs

# In JupyterLab a notebook begins with its question and its figures: the cell of parameters opens at a click
FOLDED = {"source_hidden": True}
NOT_STORED = "Not stored here: every column of this figure is a patient. Run the notebook to see it."


def _not_stored() -> str:
    """A picture, base64, that stands in a stored notebook for one in which every mark is a real patient."""
    from PIL import Image, ImageDraw

    picture = Image.new("P", (560, 44), 255)
    picture.putpalette([tone for level in range(256) for tone in (level, level, level)])
    ImageDraw.Draw(picture).text((10, 16), NOT_STORED, fill=90)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    return base64.b64encode(buffer.getvalue()).decode()


def refresh(notebook: str) -> None:
    """Run a notebook with its own defaults and store the outputs in it: nbval's reference, and what a reader sees.

    One that reads several runs is run over those of its own run, which are brought up to date before.
    """
    import nbformat

    lines = runs.prepare(params.RunParameters())
    if lines:
        raise UserError(f"the default run cannot be stored without its cohorts: {lines[0]}")
    run, values = params.RunParameters(), None
    if notebook in records.READS_RUNS:
        # it has a run of its own, which rests on what those that it reads have answered by now
        run = params.read_run(next(file for file in runs.shipped() if params.read_run(file).runs))
        runs.batch([paths.PARAMS / f"{name}.yaml" for name in records.runs_read(run)])
        values = {name: getattr(run, name) for name in records.declared_parameters(records.notebook_path(notebook))}
    if notebook in records.READS_SWEEPS:
        run = next(run for run in map(params.read_run, runs.shipped()) if run.sweeps)
        values = {name: getattr(run, name) for name in records.declared_parameters(records.notebook_path(notebook))}
    source = records.notebook_path(notebook)
    target = paths.output_root() / "build" / "refresh" / f"{notebook}.ipynb"
    execution.papermill(source, target, paths.NOTEBOOKS, values)
    book = nbformat.read(target, as_version=4)
    record = records.read_record(run.run, notebook)
    simulated = bool(record and record["simulated"])
    book.cells = [cell for cell in book.cells if "injected-parameters" not in cell.metadata.get("tags", [])]
    book.metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    count = 0
    for index, cell in enumerate(book.cells):
        tags = cell.metadata.get("tags")
        cell.metadata = {"tags": tags} if tags else {}
        if "parameters" in (tags or []):
            cell.metadata["jupyter"] = FOLDED
        cell.id = f"cell-{index:02d}"
        if cell.cell_type == "code":
            count += 1
            cell.execution_count = count
            for output in cell.outputs:
                if "execution_count" in output:
                    output.execution_count = count
                if "metadata" in output:
                    panel = output.metadata.get("lcnec", {}).get("panel")
                    words = output.metadata.get("image/png", {}).get("alt")
                    if panel and not simulated and not records.panels_of(notebook)[panel].get("aggregate", False):
                        output.data["image/png"], words = _not_stored(), NOT_STORED
                    output.metadata = {"image/png": {"alt": words}} if words else {}
    nbformat.validate(book)
    nbformat.write(book, source)
