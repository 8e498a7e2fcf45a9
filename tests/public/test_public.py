"""Public data: the registered hash is checked whichever way a file comes; converted cohorts hold what is known."""

import functools
import http.server
import threading

import pytest

from lcnec_utils.cohort.read import read_study
from lcnec_utils.core import provenance
from lcnec_utils.public import build, fetch

FILE = ("nsclc_pd1_msk_2018", "LICENSE")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("LCNEC_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("LCNEC_DATA_DIR", raising=False)
    return tmp_path / "cache"


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """A server on this machine, the folder it serves, and the requests it got."""
    served = tmp_path / "served"
    served.mkdir()
    requests = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            requests.append(self.path)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(served)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("LCNEC_MIRROR", f"http://127.0.0.1:{server.server_port}")
    yield served, requests
    server.shutdown()


def put(folder, content: bytes):
    path = folder.joinpath(*FILE)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_a_download_is_checked_and_kept(data_dir, cache, mirror):
    served, requests = mirror
    content = data_dir.joinpath(*FILE).read_bytes()
    put(served, content)
    path = fetch.fetch(*FILE)
    assert path.read_bytes() == content and cache in path.parents
    fetch.fetch(*FILE)
    assert len(requests) == 1, "the second time the cache serves it"


def test_a_download_with_another_content_is_refused_and_not_kept(cache, mirror):
    served, _ = mirror
    put(served, b"something else")
    with pytest.raises(fetch.DownloadError, match="SHA-256 differs"):
        fetch.fetch(*FILE)
    assert not [path for path in cache.rglob("*") if path.is_file()]


def test_a_larger_file_is_checked_by_the_id_that_git_gives_it(tmp_path, cache, mirror, monkeypatch):
    """By git itself; a file of another content is refused and not kept, whichever way it comes."""
    import subprocess

    served, requests = mirror
    path = served / "set" / "folder" / "large.bin"
    path.parent.mkdir(parents=True)
    path.write_bytes(bytes(range(256)) * 9000)
    id = subprocess.run(["git", "hash-object", path], capture_output=True, text=True, check=True).stdout.strip()
    datasets = {"set": {"files": {}, "larger_files": {"folder/large.bin": f"git:{id}"}, "base_url": "nowhere/"}}
    monkeypatch.setattr(fetch, "registry", lambda: {"datasets": datasets})
    assert fetch.git_blob_id(path) == id
    kept = fetch.fetch("set", "folder/large.bin")
    assert cache in kept.parents and kept.read_bytes() == path.read_bytes()
    fetch.fetch("set", "folder/large.bin")
    assert len(requests) == 1
    kept.write_bytes(b"half of it")
    with pytest.raises(fetch.DownloadError, match="git blob id differs"):
        fetch.fetch("set", "folder/large.bin")
    assert not kept.exists()
    path.write_bytes(b"something else")
    with pytest.raises(fetch.DownloadError, match="git blob id differs"):
        fetch.fetch("set", "folder/large.bin")
    assert not [path for path in cache.rglob("*") if path.is_file()]
    monkeypatch.setenv("LCNEC_DATA_DIR", str(served))
    with pytest.raises(fetch.DownloadError, match="in LCNEC_DATA_DIR is not the registered file"):
        fetch.fetch("set", "folder/large.bin")


def test_a_cohort_of_larger_files_is_built_only_when_it_is_named(monkeypatch, capsys):
    from lcnec_utils import cli
    from lcnec_utils.twins import build as twins

    named = ["tu_lcnec_2026", "tu_lcnec_2026_omics", "gabriel2020_counts"]
    built = []
    monkeypatch.setattr(build, "names", lambda: named)
    monkeypatch.setattr(twins, "names", list)
    monkeypatch.setattr(build, "build", lambda name: built.append(name) or name)
    assert cli.main(["cohort", "build"]) == 0 and built == ["tu_lcnec_2026"]
    assert "cohort build gabriel2020_counts` downloads them" in capsys.readouterr().out
    assert cli.main(["cohort", "build", "tu_lcnec_2026_omics"]) == 0 and built[1:] == ["tu_lcnec_2026_omics"]


def test_no_network_is_one_line_with_a_remedy(cache, monkeypatch):
    monkeypatch.setenv("LCNEC_MIRROR", "http://127.0.0.1:9")
    with pytest.raises(fetch.DownloadError) as error:
        fetch.fetch(*FILE)
    assert "\n" not in str(error.value) and "LCNEC_DATA_DIR" in str(error.value)


def test_the_folder_of_files_goes_first_and_its_hash_is_checked_too(tmp_path, cache, monkeypatch, data_dir):
    content = data_dir.joinpath(*FILE).read_bytes()
    monkeypatch.setenv("LCNEC_DATA_DIR", str(tmp_path))
    path = put(tmp_path, content)
    assert fetch.fetch(*FILE) == path
    put(tmp_path, content + b" ")
    with pytest.raises(fetch.DownloadError, match="not the registered file"):
        fetch.fetch(*FILE)


def test_the_registry_pins_commits_and_hashes():
    for name, entry in fetch.registry()["datasets"].items():
        assert entry["licence"] and entry["citation"], name
        assert any(len(part) == 40 and set(part) <= set("0123456789abcdef") for part in entry["base_url"].split("/"))
        assert all(len(digest) == 64 for digest in entry["files"].values())
        assert all(len(digest.removeprefix(fetch.GIT)) == 40 for digest in entry.get("larger_files", {}).values())
        assert all(digest.startswith(fetch.GIT) for digest in entry.get("larger_files", {}).values())


def test_the_registry_holds_the_files_that_are_there(data_dir):
    for name, entry in fetch.registry()["datasets"].items():
        for file, digest in entry["files"].items():
            assert provenance.of_file(data_dir / name / file) == digest


@pytest.mark.parametrize(
    ("name", "patients", "with_time", "deaths"),
    [
        ("msk_met_lcnec", 82, 82, 44),
        ("msk_met_sclc", 286, 285, 184),
        ("msk_met_luad", 3918, 3896, 1614),
        ("msk_met_lusc", 533, 532, 283),
    ],
)
def test_msk_met_cohorts_have_their_patients_and_deaths(public_cohort, name, patients, with_time, deaths):
    cohort = read_study(public_cohort(name))
    table = cohort.survival("OS")
    assert (len(cohort.patients), len(table), int(table["event"].sum())) == (patients, with_time, deaths)
    assert table.attrs["dropped"] == patients - with_time
    assert cohort.os_origin == "unknown" and not cohort.simulated
    assert cohort.words == {} == cohort.refused  # every word of a public cohort is understood


def test_each_impact_panel_is_seen_nearly_whole_in_msk_met(public_cohort):
    """A gene counts as covered where anyone carries a mutation of it: that must come close to the panels' sizes."""
    cohort = read_study(public_cohort("msk_met_lcnec"))
    sizes = {name: len(genes) for name, genes in cohort.panel_genes.items()}
    assert set(sizes) == {"IMPACT341", "IMPACT410", "IMPACT468"}
    for name, size in sizes.items():
        assert abs(size - int(name.removeprefix("IMPACT"))) <= 0.05 * size, (name, size)


def test_the_checkpoint_cohort_is_the_study_unchanged(public_cohort, data_dir):
    folder = public_cohort("nsclc_pd1_msk_2018")
    for path in (data_dir / "nsclc_pd1_msk_2018").rglob("*.txt"):
        assert provenance.of_file(path) == provenance.of_file(
            folder / path.relative_to(data_dir / "nsclc_pd1_msk_2018")
        )
    cohort = read_study(folder)
    assert int(cohort.column("PDL1_SCORE", "PD-L1").notna().sum()) == 86
    assert cohort.words == {} == cohort.refused


def test_193_of_the_240_checkpoint_patients_are_in_msk_met(public_cohort, data_dir):
    """By the source's own file: the sampled patients of all tumour types, not only the converted ones."""
    import pyreadr

    clinical = next(iter(pyreadr.read_r(str(data_dir / "msk_met" / "MSK_clinical_data.rda")).values()))
    treated = read_study(public_cohort("nsclc_pd1_msk_2018")).patients.index
    assert len(treated) == 240 and len(treated.intersection(clinical["sample"])) == 193


def test_gabriel_2020_has_expression_and_no_event(public_cohort):
    import anndata

    folder = public_cohort("gabriel2020")
    cohort = read_study(folder)
    expression = anndata.read_h5ad(folder / "expression.h5ad")
    assert expression.n_obs == len(cohort.samples) == 238
    assert (cohort.samples["HISTOLOGY"] == "LCNEC").sum() == 56
    assert (cohort.samples["HISTOLOGY_SIMPLIFIED"] == "LCNEC").sum() == 69
    assert {"DLL3", "ASCL1", "YAP1", "LAG3"} <= set(expression.var_names)
    assert not {"FGL1", "SPINK1", "NEUROD1", "POU2F3"} & set(expression.var_names)
    lcnec = cohort.samples[cohort.samples["HISTOLOGY_SIMPLIFIED"] == "LCNEC"]["EXPRESSION_CLUSTER"].value_counts()
    assert [lcnec[name] for name in ("LCNEC/TypeI", "LCNEC/TypeII", "LCNEC/SCLC-like")] == [30, 25, 11]
    assert "OS_MONTHS" not in cohort.patients and cohort.words == {} == cohort.refused


def test_a_cohort_is_built_once(public_cohort, monkeypatch):
    public_cohort("msk_met_lcnec")
    monkeypatch.setattr(build, "fetch", lambda *_: pytest.fail("fetched again"))
    build.build("msk_met_lcnec")
