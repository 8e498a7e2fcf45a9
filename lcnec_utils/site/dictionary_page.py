"""The data dictionary as a page, generated from what the reader of cohorts itself uses: columns.yaml and words.yaml."""

from html import escape
from pathlib import Path

from lcnec_utils.cohort import dictionary
from lcnec_utils.core import formats
from lcnec_utils.site.articles import article, scrolled_table
from lcnec_utils.site.files import write_if_changed

DOCUMENT = "dictionary"


def _texts(name: str) -> dict:
    """A file of the dictionary, every word as the text that it is: `no` is a word, and no truth value of YAML's."""
    import yaml

    path = Path(dictionary.__file__).with_name(name)
    return yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)


def _code(words: list[str]) -> str:
    return ", ".join(f"<code>{escape(str(word))}</code>" for word in words)


def _columns() -> list[tuple[str, str]]:
    """The columns of each file, a part each."""
    spellings, parts = _texts("columns.yaml")["aliases"], []
    for file, columns in dictionary.COLUMNS.items():
        rows = []
        for name, what in columns.items():
            lowest, highest, unit, _ = dictionary.NUMBERS.get(name, (None, None, "", ""))
            bounds = f"{lowest} to {highest} {unit}" if unit else ""
            vocabulary = dictionary.WORDS.get(name, "")
            words = f'<a href="#words-{vocabulary}">{vocabulary}</a>' if vocabulary else ""
            shown = f'<code id="{escape(name)}">{escape(name)}</code>'
            rows.append([shown, escape(what), escape(bounds) or words, _code(spellings.get(name, []))])
        head = ["column", "what it holds", "bounds or words", "other spellings that are read"]
        parts.append((file, scrolled_table(head, rows, file)))
    return parts


def _words() -> str:
    """The words of each vocabulary with the columns that it is of."""
    used: dict[str, list[str]] = {}
    for column, vocabulary in dictionary.WORDS.items():
        used.setdefault(vocabulary, []).append(column)
    parts = ["<p>A word that stands in no list is named and counted, and never taken for an answer.</p>"]
    for name, words in _texts("words.yaml").items():
        if name not in used or not isinstance(words, dict):
            continue
        rows = [[f"<code>{escape(str(meaning))}</code>", _code(spelled if isinstance(spelled, list) else [spelled])]
                for meaning, spelled in words.items()]  # fmt: skip
        parts.append(
            f'<h3 id="words-{name}">{escape(name)}</h3><p>Of {_code(used[name])}.</p>'
            f"{scrolled_table(['is read as', 'words'], rows, name)}"
        )
    return "".join(parts)


def write(source: Path) -> list[str]:
    """The document written."""
    columns = sum(map(len, dictionary.COLUMNS.values()))
    study = [[f"<code>{escape(name)}</code>", escape(what)] for name, what in dictionary.STUDY_FIELDS.items()]
    needs = [[escape(need), _code(any_of)] for need, any_of in dictionary.NEEDS.items()]
    introduction = (
        f"<p>{formats.count(columns, 'column')} that panels know, by file. Whatever else a study holds is kept and not "
        "used. This page is generated from the reader's own dictionary; <code>.venv/bin/lcnec cohort columns</code> "
        "prints the same.</p>"
    )
    parts = [
        ("", introduction),
        *_columns(),
        (
            dictionary.STUDY_FILE,
            f"<p>Fields of a cohort's own file.</p>{scrolled_table(['field', 'what it holds'], study, 'cohort.yaml')}"
            f"<p>A caveat is about one of: {escape(formats.listed(dictionary.CAVEAT_TOPICS))}.</p>",
        ),
        (
            "What a panel may need",
            "<p>Any one of the columns or files is enough.</p>"
            f"{scrolled_table(['need', 'is held by'], needs, 'What a panel may need')}",
        ),
        ("Words", _words()),
    ]
    write_if_changed(source / f"{DOCUMENT}.md", article("Data dictionary", parts))
    return [DOCUMENT]
