"""The main study: tables, findings by claim, and words of each notebook."""
