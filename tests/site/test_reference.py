"""The reference and the dictionary say what the code says. A second or two."""

import ast
import html
import inspect
import re

from lcnec_utils.cohort import dictionary, words
from lcnec_utils.site import dictionary_page, guide_pages, reference
from lcnec_utils.stats import cox


def test_the_reference_has_every_public_function_with_the_signature_that_python_sees():
    page = reference.page("stats/cox", reference.tree_of("stats/cox"), with_code=False)
    public = [name for name, value in inspect.getmembers(cox, inspect.isfunction)
              if value.__module__ == cox.__name__ and not name.startswith("_")]  # fmt: skip
    assert len(public) >= 4
    for name in public:
        assert f'id="{name}"' in page
    shown = reference.signature(next(n for n in ast.parse(inspect.getsource(cox.cox)).body))
    assert shown.startswith("cox(table: pd.DataFrame, *, covariates: list[str]")
    assert list(inspect.signature(cox.cox).parameters) == ["table", "covariates", "reference", "min_group"]


def test_every_module_has_a_page_and_a_line_in_the_index(tmp_path):
    written = reference.write(tmp_path, [])
    assert {f"reference/{name}" for name in reference.modules()} | {"reference/index"} == set(written)
    index = (tmp_path / "reference" / "index.md").read_text()
    assert all(f'href="{name}.html"' in index for name in reference.modules())


def test_an_example_is_shown_as_it_stands():
    text = 'A line with `code` & <signs>.\n>>> print("<a>")\n<a>'
    assert reference.prose(text) == (
        "<p>A line with <code>code</code> &amp; &lt;signs&gt;.</p>"
        '<pre class="example"><code>&gt;&gt;&gt; print("&lt;a&gt;")\n&lt;a&gt;</code></pre>'
    )


def test_the_dictionary_names_every_column_and_field_that_the_reader_knows(tmp_path):
    dictionary_page.write(tmp_path)
    page = (tmp_path / "dictionary.md").read_text()
    for columns in dictionary.COLUMNS.values():
        assert all(f'<code id="{name}">' in page for name in columns)
    assert all(f"<code>{name}</code>" in page for name in dictionary.STUDY_FIELDS)
    assert "Overall Survival (Months)" in page  # another spelling of OS_MONTHS, in the study view's download


def test_the_dictionary_shows_the_words_yes_and_no_as_words(tmp_path):
    """YAML reads `yes` and `no` as truth values; every word that is read stands on the page, and none besides."""
    dictionary_page.write(tmp_path)
    page = (tmp_path / "dictionary.md").read_text()
    part = page[page.index('id="words-yes_no"') :].partition("<h3")[0]
    assert "<code>yes</code>" in part and "<code>no</code>" in part
    assert "<code>True</code>" not in page and "<code>False</code>" not in page
    shown = {html.unescape(word).lower() for word in re.findall(r"<code>(.*?)</code>", part)}
    assert {word for word in words.vocabularies()["yes_no"] if " " not in word} <= shown


def test_how_to_cite_names_the_papers_and_the_data(tmp_path):
    assert "docs/cohorts" in guide_pages.write(tmp_path)
    page = (tmp_path / "cite.md").read_text()
    assert all(words in page for words in ("Nassar", "Nguyen et al., Cell 2022", "BSD-3-Clause"))
