"""What makes a twin stale: the claims of the source that it is drawn from, and no other's."""

import shutil

from lcnec_utils.core import paths
from lcnec_utils.twins import build


def test_a_twin_hangs_on_the_claims_of_its_own_source(tmp_path, monkeypatch):
    published = tmp_path / "published"
    shutil.copytree(paths.PUBLISHED, published)
    monkeypatch.setattr(paths, "PUBLISHED", published)
    for path in published.glob("*.yaml"):
        before = {name: build._recipe(name) for name in build.names()}
        path.write_text(path.read_text(encoding="utf-8") + "# edited\n", encoding="utf-8")
        stale = {name for name in before if build._recipe(name) != before[name]}
        assert stale == {name for name in before if build.SOURCES[name] == path.stem}, path.stem
