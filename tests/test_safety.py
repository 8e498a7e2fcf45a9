"""Nothing that a cohort holds is executed: YAML is read safely, nothing is unpickled, evaluated or given to a shell,
archives are never unpacked to disk. Read off the code, about five seconds; what it does is held where it is done."""

import ast
import re
from pathlib import Path

import pytest

from lcnec_utils.core import paths

ROOT = paths.ROOT
PACKAGE = sorted((ROOT / "lcnec_utils").rglob("*.py"))
ALL = [*PACKAGE, *sorted((ROOT / "tests").rglob("*.py")), ROOT / "conftest.py"]
SAFE_LOADERS = {"SafeLoader", "CSafeLoader", "BaseLoader", "CBaseLoader"}
# Modules that make objects of bytes, and with them run what the bytes say
UNPICKLING = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "jsonpickle"}
FORMULAS = {"patsy", "formulaic", "statsmodels.formula", "numexpr"}  # their words are evaluated as Python
RUNNING = {"eval", "exec", "compile", "__import__", "breakpoint"}
SHELLS = {"os.system", "os.popen", "os.startfile", "subprocess.getoutput", "subprocess.getstatusoutput", "pty.spawn"}
UNPACKING = {"extractall", "unpack_archive"}


def dotted(node: ast.expr) -> str:
    """A name as it is written, `yaml.load`; of what is called on a result the last name, `.load`."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def unsafe_yaml(tree: ast.Module) -> list[int]:
    """The lines on which YAML is read by anything but a safe loader; a class derived from one is one."""
    safe = SAFE_LOADERS | {
        node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and node.bases
        and all(dotted(base).rpartition(".")[2] in SAFE_LOADERS for base in node.bases)
    }  # fmt: skip
    # `loader = type(…, (yaml.SafeLoader,), …)` and `loader = …SafeLoader`
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and re.search(r"\b(Safe|Base)Loader\b", ast.unparse(node.value)):
            safe |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    lines = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and re.search(r"^(Unsafe|Full|C?)Loader$|^(full|unsafe)_load", node.attr):
            lines.append(node.lineno)
        if isinstance(node, ast.Call) and dotted(node.func) in ("yaml.load", "yaml.load_all", "yaml.compose"):
            given = [*node.args[1:2], *(each.value for each in node.keywords if each.arg == "Loader")]
            if not given or dotted(given[0]).rpartition(".")[2] not in safe:
                lines.append(node.lineno)
    return lines


def runs_words(tree: ast.Module) -> list[int]:
    """The lines on which a text could be run: evaluated, given to a shell, unpickled, or unpacked to disk."""
    lines = []
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        if any(name == bad or name.startswith(f"{bad}.") for name in names for bad in UNPICKLING | FORMULAS):
            lines.append(node.lineno)
        if not isinstance(node, ast.Call):
            continue
        name, last = dotted(node.func), dotted(node.func).rpartition(".")[2]
        given = {each.arg: each.value for each in node.keywords}
        # pandas' .str.extract takes words apart
        unpacked = getattr(node.func, "attr", "") == "extract" and getattr(node.func.value, "attr", "") != "str"
        text = node.args and not isinstance(node.args[0], ast.Constant)  # words that stand in the code are ours
        if (
            name in RUNNING
            or name in SHELLS
            or last in ("read_pickle", "to_pickle")
            or last in UNPACKING
            or unpacked
            or (last in ("eval", "query") and text)
            or any(isinstance(given.get(key), ast.Constant) and given[key].value for key in ("shell", "allow_pickle"))
            or (name.startswith("subprocess.") and isinstance(node.args[0], ast.Constant | ast.JoinedStr))
        ):
            lines.append(node.lineno)
    return lines


@pytest.mark.parametrize(
    "code",
    [
        "import yaml\nyaml.load(text)",
        "import yaml\nyaml.load(text, yaml.Loader)",
        "import yaml\nyaml.load(text, Loader=yaml.FullLoader)",
        "import yaml\nyaml.unsafe_load(text)",
        "import yaml\nclass Own(yaml.UnsafeLoader):\n    pass\nyaml.load(text, Own)",
    ],
)
def test_a_loader_that_makes_objects_would_be_seen(code):
    assert unsafe_yaml(ast.parse(code))


@pytest.mark.parametrize(
    "code",
    [
        "eval(word)", "exec(word)", "os.system(word)", "import pickle", "from joblib import load", "read_pickle(path)",
        "np.load(path, allow_pickle=True)", "subprocess.run(f'ls {word}', shell=True)", "subprocess.run(f'ls {word}')",
        "table.query(word)", "table.eval(f'{word} + 1')", "zipfile.ZipFile(path).extractall(folder)",
        "shutil.unpack_archive(path)", "archive.extract(name)", "import statsmodels.formula.api as smf",
    ],
)  # fmt: skip
def test_a_text_that_is_run_would_be_seen(code):
    assert runs_words(ast.parse(code))


def test_yaml_is_read_by_safe_loaders_alone():
    texts = {path: text for path in ALL if path != Path(__file__) and "yaml" in (text := path.read_text("utf-8"))}
    read = {path: unsafe_yaml(ast.parse(text)) for path, text in texts.items()}
    assert {path.name: lines for path, lines in read.items() if lines} == {}
    assert sum("yaml." in texts.get(path, "") for path in PACKAGE) >= 8


def test_the_package_runs_no_text_unpickles_nothing_and_unpacks_no_archive_to_disk():
    run = {path: runs_words(ast.parse(path.read_text(encoding="utf-8"))) for path in PACKAGE}
    assert {path.relative_to(ROOT).as_posix(): lines for path, lines in run.items() if lines} == {}


def test_what_the_snakefile_gives_to_a_shell_is_quoted():
    """A run is named by letters, digits, _ and -; its file may lie in a folder of any name."""
    rule = (ROOT / "Snakefile").read_text(encoding="utf-8").partition("shell:")[2]
    placeholders = re.findall(r"\{([^}]*)\}", rule)
    assert len(placeholders) == 3 and all(name.endswith(":q") for name in placeholders)


def test_nothing_raises_the_bound_on_pictures():
    for path in PACKAGE:
        assert "MAX_IMAGE_PIXELS" not in path.read_text(encoding="utf-8"), path


# --- files of a cohort that carry a program


PAYLOAD = b"cos\nsystem\n(S'touch %s'\ntR."  # a pickle that calls os.system


def test_a_pickle_in_a_cohort_is_bytes_and_nothing_more(own_study, tmp_path):
    """Beside the tables, in place of one, in place of the expression, and as an opaque value inside an h5ad file, which
    anndata hands out as the bytes that it is: HDF5 has no objects of Python."""
    import anndata
    import h5py
    import numpy as np
    import pandas as pd

    from lcnec_utils.cohort import read

    mark = tmp_path / "ran"
    payload = PAYLOAD % str(mark).encode()
    (own_study / "data.pkl").write_bytes(payload)
    np.savez(own_study / "data.npz", a=np.array([{"b": 1}], dtype=object))
    cohort, problems = read.check_study(own_study)
    assert cohort is not None and not problems
    rows = pd.DataFrame(index=[f"S{place}" for place in range(1, 9)])
    genes = pd.DataFrame(index=["TP53", "RB1"])
    data = anndata.AnnData(np.ones((8, 2), "f4"), obs=rows, var=genes, uns={"scale": "TPM"})
    data.write_h5ad(own_study / "expression.h5ad")
    with h5py.File(own_study / "expression.h5ad", "r+") as file:
        file["uns"].create_dataset("object", data=np.void(payload))
        file["uns/object"].attrs.update({"encoding-type": "array", "encoding-version": "0.2.0"})
    held = read.read_study(own_study).expression()
    assert bytes(held.uns["object"].tobytes()) == payload
    (own_study / "expression.h5ad").write_bytes(payload)
    assert "is no AnnData file" in str(read.check_study(own_study)[1][0])
    (own_study / "expression.h5ad").unlink()
    (own_study / "data_mutations.txt").write_bytes(payload)
    assert read.check_study(own_study)[1]
    assert not mark.exists()


def test_numpy_refuses_objects(tmp_path):
    """Its own default, on which whoever reads a cohort's arrays can rely: nothing here asks for another (above)."""
    import numpy as np

    np.savez(tmp_path / "a.npz", a=np.array([{"b": 1}], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle"):
        np.load(tmp_path / "a.npz")["a"]


def test_an_r_file_is_parsed_and_no_call_in_it_is_run(rscript, tmp_path):
    """A function, a call and an attribute that is a call, each to touch a file: pyreadr's parser knows no calls."""
    import subprocess

    import pyreadr

    code = (
        'run <- quote(system("touch ran")); f <- function() system("touch ran"); table <- data.frame(a = 1:2); '
        'attr(table, "call") <- run; saveRDS(table, "table.rds"); saveRDS(run, "run.rds"); save(f, file = "f.rda")'
    )
    subprocess.run([rscript, "-e", code], cwd=tmp_path, check=True, capture_output=True)
    with pytest.warns(UserWarning, match="no readable objects"):
        assert [len(pyreadr.read_r(str(tmp_path / name))) for name in ("run.rds", "f.rda")] == [0, 0]
    assert pyreadr.read_r(str(tmp_path / "table.rds"))[None]["a"].tolist() == [1, 2]
    assert not (tmp_path / "ran").exists()


# --- links and archives


def test_a_cohorts_folder_leads_nowhere_else(own_study, tmp_path):
    """A file by `..` is not there, FIFOs, devices and loops of links are refused unread, a folder that links to itself
    is walked once."""
    import os

    from lcnec_utils.cohort import read

    (tmp_path / "secret.txt").write_text("PATIENT_ID\tOS_MONTHS\nSECRET-1\t1\n")
    (own_study / "meta_clinical_patient.txt").write_text(
        "cancer_study_identifier: x\ngenetic_alteration_type: CLINICAL\ndatatype: PATIENT_ATTRIBUTES\n"
        "data_filename: ../secret.txt\n"
    )
    problems = [str(problem) for problem in read.check_study(own_study)[1]]
    assert problems == [
        "meta_clinical_patient.txt: names ../secret.txt, which is not there; put it there, or delete the meta file"
    ]
    (own_study / "meta_clinical_patient.txt").unlink()
    os.mkfifo(own_study / "data_sv.txt")
    (own_study / "data_cna.txt").symlink_to("/dev/zero")
    (own_study / "data_timeline_loop.txt").symlink_to(own_study / "data_timeline_loop.txt")
    (own_study / "case_lists").symlink_to(own_study)
    _, problems = read.check_study(own_study)
    assert [problem.file for problem in problems] == ["data_cna.txt", "data_sv.txt", "data_timeline_loop.txt"]
    assert all("put the file itself there, or take it away" in problem.message for problem in problems)
    for problem in problems:
        (own_study / problem.file).unlink()
    cohort, problems = read.check_study(own_study)
    assert problems == [] and len(cohort.patients) == 8


def test_an_archives_names_lead_nowhere_for_it_is_read_in_memory(tmp_path):
    """A zip whose member is called ../evil, and one that is a link: what is read is the text of its first member."""
    import zipfile

    from lcnec_utils.public import gabriel2020

    counts, spans = tmp_path / "counts.zip", tmp_path / "spans.zip"
    for path, text in ((counts, "x"), (spans, "y")):
        with zipfile.ZipFile(path, "w") as archive:
            link = zipfile.ZipInfo("../../evil")
            link.external_attr = 0o120777 << 16
            archive.writestr(link, text)
    source = Path(gabriel2020.__file__).read_text(encoding="utf-8")
    assert source.count("zipfile.ZipFile(") == source.count("archive.open(") == 3
    with zipfile.ZipFile(counts) as archive, archive.open(archive.namelist()[0]) as handle:
        assert handle.read() == b"x"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["counts.zip", "spans.zip"]


def test_a_packed_table_that_unpacks_to_much_more_is_refused(own_study, monkeypatch):
    import gzip

    from lcnec_utils.cohort import read, tables

    monkeypatch.setattr(tables, "MOST_UNPACKED", 1_000_000)
    packed = gzip.compress(b"Tumor_Sample_Barcode\tHugo_Symbol\n" + b"S1\tTP53\n" * 1_000_000)
    (own_study / "data_mutations.txt").unlink()
    (own_study / "data_mutations.txt.gz").write_bytes(packed)
    assert len(packed) < 100_000
    [problem] = read.check_study(own_study)[1]
    assert str(problem) == "data_mutations.txt.gz: unpacks to over 0.001 GB; give the columns that are read"
