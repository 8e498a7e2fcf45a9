"""Shared code of the LCNEC compendium's notebooks; docs/architecture.md draws the house on one page."""

__version__ = "0.1.0"
