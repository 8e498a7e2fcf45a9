"""The typed run: refusals in one line before any kernel starts, and notebooks that agree with params.py."""

import ast
import json
import typing

import pytest

from lcnec_utils.cohort.dictionary import CAVEAT_TOPICS
from lcnec_utils.core import params, paths
from lcnec_utils.run import records, runs

NOTEBOOKS = runs.notebooks()


def written(tmp_path, text, name="mine"):
    file = tmp_path / f"{name}.yaml"
    file.write_text(text)
    return file


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("run: mine\nchort: x\n", "unknown parameter 'chort' (did you mean 'cohort'?)"),
        ("run: mine\ntmb_high_per_mb: 1e1\n", "is text to YAML; write it with a point, as 1.0e+01"),
        ("run: mine\ntmb_high_per_mb: ten\n", "must be a number"),
        ("run: mine\nmin_group: 010\n", "octal"),
        ("run: mine\nmin_group: 5.5\n", "must be a whole number"),
        ("run: mine\nmin_group: -1\n", "min_group: -1 is refused"),
        ("run: mine\ncohort: NO\n", "is a yes/no to YAML; put the word in quotes"),
        ("run: mine\ncohort: a\ncohort: b\n", "row 3: 'cohort' is given twice"),
        ("run: mine\nhistology: [LUNE]\n", "histology: ['LUNE'] must be text"),
        ("run: mine\nhistolgy: LUNE\n", "did you mean 'histology'?"),
        ("run: mine\ndrivers: STK11\n", "must be a list"),
        ("run: mine\ndrivers: []\n", "must be a list that is not empty"),
        ("run: mine\npdl1_positive_percent: 0.0\n", "refused"),
        ("run: yours\n", "must hold the line `run: mine`"),
        ("cohort: x\n", "must hold the line `run: mine`"),
        ("- a\n- b\n", "must be `name: value` lines"),
        ("run: [\n", "is not YAML"),
    ],
)
def test_a_wrong_params_file_is_refused_in_one_line(tmp_path, text, says):
    with pytest.raises(params.ParameterError) as error:
        params.read_run(written(tmp_path, text))
    assert says in str(error.value)
    assert "mine.yaml" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_params_file_is_named(tmp_path):
    with pytest.raises(params.ParameterError, match="no such file"):
        params.read_run(tmp_path / "absent.yaml")


def test_shipped_runs_are_valid_and_named_by_their_file():
    assert [params.read_run(file).run for file in runs.shipped()] == [file.stem for file in runs.shipped()]
    assert params.RunParameters().run in [file.stem for file in runs.shipped()]


def test_a_role_that_is_written_is_kept_and_one_that_is_not_is_empty_beside_a_cohort_of_ones_own(tmp_path):
    run = params.read_run(written(tmp_path, "run: mine\ncohort: x\nsclc: twin_sclc\n"))
    filled = {role: getattr(run, role) for role in params.ROLES if getattr(run, role)}
    assert filled == {"cohort": "x", "sclc": "twin_sclc"}
    run = params.read_run(written(tmp_path, "run: mine\nicb: y\n"))
    assert [role for role in params.ROLES if getattr(run, role)] == ["icb"]
    run = params.read_run(written(tmp_path, "run: mine\nsclc: twin_sclc\n"))
    assert run.model_copy(update={"run": "twin"}) == params.RunParameters()


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_notebook_parameters_equal_params_py_in_name_type_and_default(notebook):
    cells = json.loads(records.notebook_path(notebook).read_text())["cells"]
    tagged = [cell for cell in cells if "parameters" in cell["metadata"].get("tags", [])]
    assert len(tagged) == 1
    source = "".join(tagged[0]["source"])
    assert "#" not in source
    fields = params.RunParameters.model_fields
    for node in ast.parse(source).body:
        assert isinstance(node, ast.AnnAssign), ast.unparse(node)
        field = fields[node.target.id]
        of_several = {"15_replication": "replication", "16_robustness": "robustness"}  # they have a run of their own
        own = of_several.get(notebook) if node.target.id == "run" else None
        assert ast.literal_eval(node.value) == (own or field.default), node.target.id
        shown = field.annotation.__name__ if typing.get_origin(field.annotation) is None else str(field.annotation)
        assert ast.unparse(node.annotation) == shown


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_our_reading_of_parameters_is_papermills(notebook):
    from papermill import inspect_notebook

    seen = inspect_notebook(str(records.notebook_path(notebook)))
    mine = records.declared_parameters(records.notebook_path(notebook))
    assert {name: ast.literal_eval(entry["default"]) for name, entry in seen.items()} == mine


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_a_notebook_that_reads_a_cohort_of_tumours_takes_its_histology(notebook):
    """`histology` keeps cohorts to LCNEC; where every role is one of lymphoma there is nothing to keep to."""
    taken = records.declared_parameters(records.notebook_path(notebook))
    assert ("histology" in taken) == bool((set(params.HISTOLOGIES) - set(params.LYMPHOMA_ROLES)) & set(taken))


@pytest.mark.parametrize("notebook", ["00_start_here", "14_claims"])
def test_a_notebook_on_every_cohort_takes_every_role(notebook):
    """papermill hands a notebook what it declares: a role that 14 does not take would lack in the ledger."""
    assert set(params.ROLES) <= set(records.declared_parameters(records.notebook_path(notebook)))


def test_every_parameter_is_taken_by_some_notebook():
    taken = {name for notebook in NOTEBOOKS for name in records.declared_parameters(records.notebook_path(notebook))}
    assert set(params.RunParameters.model_fields) == taken


def test_panels_name_their_notebook_source_and_roles():
    entries = params.read_yaml(paths.PANELS)
    for id, entry in entries.items():
        assert set(entry) <= {
            "notebook", "title", "source", "roles", "asks", "needs", "rests_on", "cannot", "planned", "aggregate"
        }, id  # fmt: skip
        assert set(entry.get("rests_on", [])) <= set(CAVEAT_TOPICS), id
        assert entry["title"] and entry["source"] and (entry["roles"] or entry["asks"]), id
        if not entry.get("planned"):
            assert entry["notebook"] in NOTEBOOKS, id
            assert {*entry["roles"], *entry.get("asks", [])} <= set(params.ROLES), id
            assert isinstance(entry["aggregate"], bool), id
