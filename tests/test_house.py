"""The house keeps its shape: floors, thin notebooks, one lock, light files, nothing of this or that machine."""

import ast
import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from lcnec_utils.core import params, paths
from lcnec_utils.run import records, runs, sweep

ROOT = paths.ROOT
NOTEBOOKS = runs.notebooks()
MODULES = sorted((ROOT / "lcnec_utils").rglob("*.py"))


def tracked() -> list[Path]:
    """The files git tracks; what a user lays into a clone of theirs is theirs."""
    command = ["git", "ls-files", "--cached"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [ROOT / name for name in names if (ROOT / name).exists()]


def cells(notebook: str) -> list[dict]:
    return json.loads(records.notebook_path(notebook).read_text())["cells"]


def code(notebook: str) -> list[dict]:
    return [cell for cell in cells(notebook) if cell["cell_type"] == "code"]


# --- floors


def test_a_module_imports_only_from_floors_under_its_own():
    from importlinter.cli import lint_imports

    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == 0


def test_the_architecture_page_draws_every_module():
    text = (ROOT / "docs" / "architecture.md").read_text()
    for module in MODULES:
        if module.name not in ("__init__.py",):
            assert f"`{module.relative_to(ROOT / 'lcnec_utils').as_posix()}`" in text, module


def test_the_architecture_page_leads_from_a_panel_to_functions_that_are_there_and_that_its_cell_calls():
    text = (ROOT / "docs" / "architecture.md").read_text()
    section = text[text.index("## From a panel to its code") : text.index("## Rooms and their caps")]
    named = re.findall(r"`([\w/]+\.py):\s+(\w+)`", section)
    assert len(named) >= 5
    for path, function in named:
        tree = ast.parse((ROOT / "lcnec_utils" / path).read_text())
        assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, (path, function)
    outcomes = "".join("".join(cell["source"]) for cell in code("02_outcomes"))
    assert all(function in outcomes for path, function in named if path.startswith(("studies", "stats", "cohort")))


# most lines of each room; docs/architecture.md gives the reasons
CAPS = {
    "core": 980, "cohort": 5_750, "stats": 5_950, "ledger": 3_650, "omics": 2_480, "imaging": 1_300, "plots": 5_700,
    "public": 2_150, "twins": 7_100, "studies": 12_350, "run": 6_000, "site": 3_600, "cli.py": 560,
}  # fmt: skip


def test_each_room_stays_within_its_cap():
    """A room that outgrows its cap is looked at, and the cap is raised with its reason or not at all."""
    lines = dict.fromkeys(CAPS, 0)
    for module in MODULES:
        room = module.relative_to(ROOT / "lcnec_utils").parts[0]
        if room != "__init__.py":
            lines[room] += len(module.read_text().splitlines())
    assert {room: n for room, n in lines.items() if n > CAPS[room]} == {}
    text = (ROOT / "docs" / "architecture.md").read_text()
    assert [room for room in CAPS if not re.search(rf"^\| `{room}/?` \| {CAPS[room]:,} \|", text, re.M)] == []


MOST_LINES = 80  # of a function


def test_no_function_is_longer_than_a_page():
    """Outside the parsing of arguments; of tests too."""
    for path in [*MODULES, *sorted((ROOT / "tests").rglob("*.py")), ROOT / "conftest.py"]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name != "_parser":
                assert node.end_lineno - node.lineno + 1 <= MOST_LINES, f"{path.name}: {node.name}"


KERNELS = ("core", "cohort", "stats", "omics", "imaging", "plots", "public")


def test_claim_ids_stand_in_studies_and_params_alone():
    """No kernel names a claim, whole or by the tail behind its panel."""
    from lcnec_utils.ledger import claims

    ids = list(claims.published())
    tails = {id.split(".", 2)[2] for id in ids if id.count(".") >= 3}
    for module in MODULES:
        if module.relative_to(ROOT / "lcnec_utils").parts[0] in KERNELS:
            for node in ast.walk(ast.parse(module.read_text())):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    assert node.value not in ids and node.value not in tails, f"{module.name}: {node.value}"


def test_no_module_knows_a_panels_name():
    ids = set(params.read_yaml(paths.PANELS))
    for module in MODULES:
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert node.value not in ids, f"{module.name}: {node.value}"


def test_no_module_re_exports():
    for module in MODULES:
        if module.name == "__init__.py":
            assert not [node for node in ast.walk(ast.parse(module.read_text())) if isinstance(node, ast.ImportFrom)]


# --- notebooks

MOST_STATEMENTS = 15  # of a cell; lines are ruff's business


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_a_notebook_is_thin(notebook):
    assert cells(notebook)[0]["cell_type"] == "markdown"
    assert "".join(cells(notebook)[0]["source"]).startswith("# ")
    assert "?" in "".join(cells(notebook)[0]["source"]).splitlines()[0], "the title is the question"
    for cell in code(notebook):
        source = "".join(cell["source"])
        nodes = list(ast.walk(ast.parse(source)))
        statements = sum(isinstance(node, ast.stmt) for node in nodes)
        assert statements <= MOST_STATEMENTS or "parameters" in cell["metadata"].get("tags", []), source
        assert max(map(len, source.splitlines())) <= 120
        assert not [node for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Lambda)]
        assert not source.rstrip().endswith(";")


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_a_notebook_is_stored_with_the_outputs_of_a_clean_run(notebook):
    book = json.loads(records.notebook_path(notebook).read_text())
    assert set(book["metadata"]) == {"kernelspec"}
    assert [cell["execution_count"] for cell in code(notebook)] == list(range(1, len(code(notebook)) + 1))
    for cell in cells(notebook):
        tags = cell["metadata"].get("tags", [])
        assert "injected-parameters" not in tags
        # JupyterLab folds the parameters, and nothing else
        folded = {"jupyter": {"source_hidden": True}} if "parameters" in tags else {}
        assert {key: value for key, value in cell["metadata"].items() if key != "tags"} == folded
    outputs = [output for cell in code(notebook) for output in cell["outputs"]]
    assert outputs and not [o for o in outputs if o["output_type"] == "error" or o.get("name") == "stderr"]
    assert "image/svg+xml" not in json.dumps(outputs)


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_a_notebook_draws_the_panels_it_declares_and_no_other(notebook):
    source = "\n".join("".join(cell["source"]) for cell in code(notebook))
    assert re.findall(r'page\.panel\("(\w+)"\)', source) == list(records.panels_of(notebook))


# --- the lock


def locked() -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9._-]+)(?:\[[^\]]*\])?==([^ ;\\]+)", paths.LOCK.read_text(), re.M))


def direct() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    requirements = project["dependencies"] + extras["site"] + extras["dev"]
    return [re.match(r"[A-Za-z0-9_-]+", requirement)[0].lower() for requirement in requirements]


def test_the_lock_holds_one_hashed_version_per_package_and_no_address():
    text = paths.LOCK.read_text()
    names = re.findall(r"^([a-z0-9._-]+)(?:\[[^\]]*\])?==", text, re.M)
    assert len(names) == len(set(names))
    assert not re.search(r"https?://|--index|--find-links|file:", text)
    entries = re.split(r"\n(?=[a-z0-9])", text.strip())
    assert all("--hash=sha256:" in entry for entry in entries)
    assert set(direct()) <= set(names)


def test_environment_yml_lists_the_direct_dependencies_at_the_locks_versions():
    import yaml

    conda = yaml.safe_load((ROOT / "environment.yml").read_text())
    listed = dict(entry.split("::")[-1].split("=") for entry in conda["dependencies"])
    listed["matplotlib"] = listed.pop("matplotlib-base")  # conda's name of matplotlib without Qt
    listed["igraph"] = listed.pop("python-igraph")
    assert listed.pop("python") == "3.11"
    assert listed == {name: locked()[name] for name in direct()}
    assert conda["channels"] == ["conda-forge", "bioconda"]


def test_the_cards_packages_are_direct_dependencies():
    card = {"jupyterlab", "papermill", "pandas", "seaborn", "lifelines", "gseapy", "scanpy", "nbval"}
    assert card <= set(direct())


def test_the_environment_is_the_lock():
    """Whatever is tested here is what the lock says."""
    import importlib.metadata

    for name in direct():
        assert importlib.metadata.version(name) == locked()[name], name


# --- what is tracked


def test_tracked_files_are_light():
    sizes = {path: path.stat().st_size for path in tracked()}
    assert sum(sizes.values()) <= 24e6
    for path, size in sizes.items():
        if path.is_relative_to(ROOT / "figures"):
            assert size <= {".svg": 300_000, ".csv": 200_000}.get(path.suffix, 200_000), path


# answers by cohort and value, no patient among them
TABLES_OF_SWEEPS = [f"{name}{part}.csv" for name in sweep.shipped() for part in ("", ".variations")]


def test_of_a_real_cohort_only_aggregates_are_tracked():
    """No PNG, no step table of a curve, no figure in which a mark is a patient; and no sample's name anywhere."""
    entries = params.read_yaml(paths.PANELS)
    aggregate = {id for id, entry in entries.items() if entry.get("aggregate")}
    seen = set()
    for path in tracked():
        # every run but the twins' is on real patients
        if path.is_relative_to(ROOT / "figures") and not path.is_relative_to(ROOT / "figures" / "twin"):
            of_claims = path.name in ("claims.csv", "replication.csv", "robustness.csv", *TABLES_OF_SWEEPS)
            assert of_claims or (path.stem in aggregate and path.suffix in (".svg", ".csv")), path
            seen.add(path.stem if path.name not in TABLES_OF_SWEEPS else "robustness")
        if path.suffix in (".svg", ".csv", ".ipynb", ".json", ".yaml") and "tests" not in path.parts:
            assert not re.search(r"\bP-00\d{5}\b", path.read_text(encoding="utf-8")), path
    assert seen - {"claims", "replication", "robustness"} <= aggregate


# Columns with a row per patient, sample or lesion, and what patients and samples of public sources are called
OF_ONE = r"(PATIENT|SAMPLE|SUBJECT|LESION|CELL_LINE|USUBJID)(_?ID)?"
NAMES = r"\bP-00\d{5}\b|\bTCGA-\w\w-\w{4}\b|\bGSM\d{5,}\b|\bs_LS_\w+|\bDLBCL\d{4,}\b"


def test_no_tracked_table_of_real_patients_has_a_row_for_one_or_names_one():
    """By the heads of its columns and by what public sources call their patients; no second table of a panel, for those
    hold rows; and what notebooks store shows no picture in which a mark is a real patient (its place says so)."""
    import csv

    for path in tracked():
        real = path.is_relative_to(ROOT / "figures") and not path.is_relative_to(ROOT / "figures" / "twin")
        if real and path.suffix == ".csv":
            assert path.name.count(".") == 1 or path.name in TABLES_OF_SWEEPS, path
            with open(path, encoding="utf-8") as file:
                head = next(csv.reader(file.readlines()[1:2]))
            assert not [name for name in head if re.fullmatch(OF_ONE, name, re.I)], path
        if real or path.suffix == ".ipynb" or path.is_relative_to(ROOT / "docs"):
            assert not re.search(NAMES, path.read_text(encoding="utf-8")), path


def test_no_patient_of_a_cohort_that_is_built_here_is_named_in_a_tracked_file():
    """Identifiers of six characters or more that are no number; a shorter one is a word like any other."""
    from lcnec_utils.public import build

    words = set()
    for path in tracked():
        if path.suffix in (".svg", ".csv", ".ipynb", ".md", ".json", ".yaml") and "tests" not in path.parts:
            words.update(re.findall(r"[\w-]{6,}", path.read_text(encoding="utf-8")))
    for name in build.names():
        table = build.folder_of(name) / "data_clinical_patient.txt"
        if table.exists():
            rows = [line.split("\t")[0] for line in table.read_text(encoding="utf-8").splitlines()]
            ids = {one for one in rows[5:] if len(one) >= 6 and re.search(r"[A-Za-z]", one)}
            assert not ids & words, name


def test_nothing_tracked_names_a_machine_or_an_index():
    hosts = [
        r"files\.python" + "hosted",
        r"py" + r"pi\.org",
        r"deb\." + "debian",
        r"/wo" + r"rk/",
        "/root/" + r"\.",
    ]
    for path in tracked():
        if path.suffix in (".png",):
            continue
        text = path.read_text(encoding="utf-8")
        for host in hosts:
            assert not re.search(host, text), (path, host)


def test_no_public_data_or_gene_set_is_tracked():
    for path in tracked():
        assert path.suffix not in (".rda", ".gmt", ".gz", ".zip", ".h5ad", ".maf"), path
        assert not path.name.startswith(("data_mutations", "data_clinical")), path


def test_the_readme_is_short_and_its_links_lead_somewhere():
    for page_of_docs in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))):
        text = page_of_docs.read_text()
        assert page_of_docs.name != "README.md" or len(text.split()) <= 1000
        for link in re.findall(r"\]\(([^)#]+)\)", text):
            assert "://" in link or (page_of_docs.parent / link).exists(), (page_of_docs.name, link)


def test_the_ledgers_page_counts_what_the_ledger_counts():
    """The table of verdicts is the tracked claims.csv, counted."""
    import pandas as pd

    from lcnec_utils.ledger import audit, claims

    text = (ROOT / "docs" / "ledger.md").read_text()
    assert f"{len(claims.published())} printed figures" in text
    assert f"({len(audit.RULES)} rules)" in (ROOT / "docs" / "architecture.md").read_text()
    for run, body, words in (
        ("twin", "twin", "twins (simulated: proof of the pipeline, never support)"),
        ("msk_met", "msk_met_lcnec", "82 LCNEC of MSK-MET"),
        ("tu_lcnec", "tu_lcnec_2026", "107 LCNEC of Zhang 2026"),
        ("gabriel2020", "gabriel2020", "47 LCNEC of types I and II of Gabriel 2020"),
        ("msk_met", "nsclc_pd1_msk_2018", "240 NSCLC on PD-(L)1"),
        ("oak", "oak", "850 NSCLC of OAK"),
        ("poplar", "poplar", "287 NSCLC of POPLAR"),
        ("loris_chowell", "loris_chowell", "538 NSCLC of Chowell (LORIS)"),
        ("loris_ravi", "loris_ravi", "309 NSCLC of Ravi (LORIS)"),
        ("loris_shim", "loris_shim", "198 NSCLC of Shim (LORIS)"),
        ("loris_pradat", "loris_pradat", "37 NSCLC of Pradat (LORIS)"),
        ("checkmate_017", "checkmate_017", "272 NSCLC of CheckMate 017 (reconstructed)"),
        ("checkmate_057", "checkmate_057", "582 NSCLC of CheckMate 057 (reconstructed)"),
        ("keynote_024", "keynote_024", "305 NSCLC of KEYNOTE-024 (reconstructed)"),
        ("dlbcl_nci", "dlbcl_nci", "481 DLBCL of NCI, no CAR T cells"),
        ("dlbcl_duke", "dlbcl_duke", "708 DLBCL of Duke, no CAR T cells"),
    ):
        table = pd.read_csv(ROOT / "figures" / run / "claims.csv", comment="#")
        counts = table[f"{body}: verdict"].value_counts()
        numbers = [int(counts.get(word, 0)) for word in ("equal", "compatible", "contradicted", "inconclusive")]
        assert f"| {words} | {' | '.join(map(str, [sum(numbers), *numbers]))} |" in text
