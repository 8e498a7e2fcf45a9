"""Digests of what computes a notebook's results: its modules, and the data files that those read."""

import pytest

from lcnec_utils.core import paths, provenance
from lcnec_utils.run import records, runs

PACKAGE = paths.ROOT / "lcnec_utils"
READ_BY = {
    "cohort/columns.yaml": "cohort.dictionary",
    "cohort/words.yaml": "cohort.words",
    "cohort/drugs.yaml": "cohort.words",
    "cohort/consequences.yaml": "cohort.words",
    "omics/cell_markers.yaml": "omics.cell_markers",
    "omics/immunosign.yaml": "omics.immunosign",
    "omics/signatures.yaml": "omics.expression",
    "public/registry.yaml": "public.fetch",
    "studies/lcnec/therapeutic_model.yaml": "studies.lcnec.therapeutic_model",
}


TABLES_READ_BY = {
    "icb_table1.csv": "studies.icb_review.trials",
    "trial_hazard_ratios.csv": "studies.icb_review.trials",
    "icb_mechanisms.csv": "studies.icb_review.mechanisms",
    "icb_mechanism_answers.csv": "studies.icb_review.mechanisms",
}


def files_of(*modules: str) -> set[str]:
    paths_ = provenance.data_files([f"lcnec_utils.{module}" for module in modules])
    return {path.relative_to(PACKAGE).as_posix() for path in paths_ if path.is_relative_to(PACKAGE)}


@pytest.mark.parametrize(("file", "module"), TABLES_READ_BY.items())
def test_a_table_of_what_was_published_belongs_to_the_module_that_reads_it(file, module):
    assert paths.PUBLISHED / file in provenance.data_files([f"lcnec_utils.{module}"])
    assert paths.PUBLISHED / file not in provenance.data_files(["lcnec_utils.stats.survival"])


@pytest.mark.parametrize(("file", "module"), READ_BY.items())
def test_a_data_file_belongs_to_the_module_that_reads_it(file, module):
    assert file in files_of(module)


def test_every_data_file_of_the_package_has_its_module():
    """But those of the twins, of which a notebook sees the patients drawn."""
    there = {
        path.relative_to(PACKAGE).as_posix() for kind in ("yaml", "txt", "csv") for path in PACKAGE.rglob(f"*.{kind}")
    }
    assert {name for name in there if not name.startswith("twins/")} == set(READ_BY)


@pytest.mark.parametrize("file", ["omics/signatures.yaml", "studies/lcnec/therapeutic_model.yaml"])
def test_a_data_file_makes_the_notebooks_stale_whose_modules_read_it_and_no_other(monkeypatch, file):
    def digests() -> dict[str, str]:
        return {name: provenance.of_notebook(records.notebook_path(name)) for name in runs.notebooks()}

    module = f"lcnec_utils.{READ_BY[file]}"
    users = {name for name in runs.notebooks() if module in provenance.import_closure(records.notebook_path(name))}
    before, of_file = digests(), provenance.of_file
    monkeypatch.setattr(provenance, "of_file", lambda path: "edited" if path == PACKAGE / file else of_file(path))
    after = digests()
    assert {name for name in before if before[name] != after[name]} == users
    assert users and users != set(before)
