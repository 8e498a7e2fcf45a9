"""What tests of the site share: the site's sources as a fresh clone makes them, and the links and anchors of a page."""

import html.parser
import posixpath
from functools import cache
from pathlib import Path

import pytest

from lcnec_utils.core import paths
from lcnec_utils.site import evidence


class Links(html.parser.HTMLParser):
    """The addresses that a page links to, the names that can be linked to in it, and the elements that it holds."""

    def __init__(self, page: str):
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.elements: list[str] = []
        self._parts: list[str] = []
        self.feed(page)
        self.text = "".join(self._parts)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.elements.append(tag)
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if given.get("id"):
            self.anchors.add(given["id"])

    def handle_data(self, data):
        self._parts.append(data)


@cache
def read(source: Path, document: str) -> Links:
    """A generated document."""
    return Links((source / f"{document}.md").read_text(encoding="utf-8"))


def target(document: str, address: str) -> tuple[str, str]:
    """The document that an address of a page leads to, and the name in it."""
    page, _, name = address.partition("#")
    whole = posixpath.normpath(posixpath.join(posixpath.dirname(document), page)) if page else f"{document}.html"
    return whole.removesuffix(".html"), name


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """The evidence of what is tracked: figures and ledgers, without a run's records."""
    folder = tmp_path_factory.mktemp("clone")
    (folder / "figures").symlink_to(paths.ROOT / "figures")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LCNEC_OUTPUT_DIR", str(folder))
        yield evidence.gather()
