"""One figure type per file: a tidy table and an ax in, the ax out. Colours and sizes are in palette.py."""
