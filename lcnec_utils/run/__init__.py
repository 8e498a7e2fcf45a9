"""Notebooks executed: pages, records, runs, the ledger's tables."""
