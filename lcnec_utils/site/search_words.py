"""A Sphinx extension: English search whose stems are kept over all pages, for a site says the same words on each."""

from sphinx.application import Sphinx
from sphinx.search.en import SearchEnglish


class English(SearchEnglish):
    """Sphinx's English, each word stemmed once."""

    def __init__(self, options: dict[str, str]) -> None:
        super().__init__(options)
        self._stems: dict[str, str] = {}

    def stem(self, word: str) -> str:
        """The stem of a word.

        >>> English({}).stem("Patients")
        'patient'
        """
        if word not in self._stems:
            self._stems[word] = super().stem(word)
        return self._stems[word]


def setup(app: Sphinx) -> dict[str, bool]:
    """What Sphinx is told of the extension."""
    app.add_search_language(English)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
