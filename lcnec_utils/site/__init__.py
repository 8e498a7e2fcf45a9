"""The site: pages a reader opens, made from executed notebooks and the ledger."""
