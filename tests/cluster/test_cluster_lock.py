"""The lock of clusters stands beside the default one: same versions, hashes, no address, and the plugin in it alone."""

import re

from lcnec_utils.core import paths


def versions(text: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9._-]+)(?:\[[^\]]*\])?==([^ ;\\]+)", text, re.M))


def test_the_lock_of_clusters_agrees_with_the_default_one():
    text = (paths.ROOT / "requirements-cluster.lock").read_text()
    own, default = versions(text), versions(paths.LOCK.read_text())
    assert {name: own[name] for name in own if name in default and own[name] != default[name]} == {}
    assert {"snakemake-executor-plugin-slurm", "snakemake-executor-plugin-slurm-jobstep"} == set(own) - set(default)
    assert all("--hash=sha256:" in entry for entry in re.split(r"\n(?=[a-z0-9])", text.strip()))
    assert not re.search(r"https?://|--index|--find-links|file:", text)
