"""Tables for a reader in a notebook: whole, and where JupyterLab runs it to be searched and filtered.

What is stored in a notebook stays light and the same on every machine: whole tables as HTML alone, and of a table to be
searched one line that says where it is.
"""

import os

import pandas as pd

# JupyterLab names the notebook in the environment of each kernel that it starts; papermill and nbval name none
OF_JUPYTERLAB = "JPY_SESSION_NAME"
CLASS = "whole-table"
STYLE = f"<style>table.{CLASS} th, table.{CLASS} td {{ text-align: left !important; vertical-align: top; }}</style>"
FILTERED = ("source", "panel", "body", "origin", "verdict", "audit")


class Table(pd.DataFrame):
    """A table that a notebook shows with every row, and every cell in full; its plain text is as short as any other.

    >>> table = Table({"the source says": ["<b>" + "word " * 40]})
    >>> "&lt;b&gt;" in table._repr_html_(), table._repr_html_().count("word"), "..." in repr(table)
    (True, 40, True)
    """

    def _repr_html_(self) -> str:
        with pd.option_context("display.max_colwidth", None):
            return STYLE + self.to_html(classes=CLASS, border=0, max_rows=None, max_cols=None)


def searchable(table: pd.DataFrame, elsewhere: str):
    """A table to be searched and filtered where JupyterLab runs the notebook; everywhere else a line with its number of
    rows, and `elsewhere`, which says where they are to be had.

    Nothing is loaded from another host: DataTables, which itables brings, stands in the output.
    """
    from IPython.display import HTML, Markdown

    if not os.environ.get(OF_JUPYTERLAB):
        return Markdown(f"{len(table):,} rows, which JupyterLab (`make lab`) makes searchable here. {elsewhere}")
    return HTML(interactive_html(table))


def interactive_html(table: pd.DataFrame) -> str:
    """A table (its columns, without the index) as DataTables shows it, with a search and a list of values for each of
    the columns of FILTERED, and the library itself, so that it works without a network."""
    import itables
    import itables.options
    from itables.javascript import generate_init_offline_itables_html

    filtered = [place for place, name in enumerate(table.columns) if name in FILTERED]
    return generate_init_offline_itables_html(itables.options.dt_bundle) + itables.to_html_datatable(
        table,
        connected=False,
        showIndex=False,
        allow_html=False,
        maxBytes=0,
        classes="display compact",
        pageLength=10,
        layout={"top1": "searchPanes"},
        searchPanes={"columns": filtered, "initCollapsed": True, "cascadePanes": True, "layout": "columns-3"},
        select=True,
        style="width:100%;table-layout:auto",
    )
