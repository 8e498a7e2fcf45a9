"""What makes a twin stale: the claims of the source that it is drawn from, and no other's."""

import shutil

import pytest

from lcnec_utils.core import paths
from lcnec_utils.twins import build


@pytest.mark.parametrize("source", sorted(set(build.SOURCES.values())))
def test_a_twin_hangs_on_the_claims_of_its_own_source(tmp_path, monkeypatch, source):
    published = tmp_path / "published"
    shutil.copytree(paths.PUBLISHED, published)
    monkeypatch.setattr(paths, "PUBLISHED", published)
    names = [name for name in build.names() if build.SOURCES[name] == source]
    before = {name: build._recipe(name) for name in names}
    for path in published.glob("*.yaml"):
        if path.stem != source:
            path.write_text(path.read_text(encoding="utf-8") + "# edited\n", encoding="utf-8")
    assert {name: build._recipe(name) for name in names} == before
    with (published / f"{source}.yaml").open("a", encoding="utf-8") as handle:
        handle.write("# edited\n")
    assert all(build._recipe(name) != before[name] for name in before)
