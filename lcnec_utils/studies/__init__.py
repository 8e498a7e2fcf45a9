"""One package per source, one module per notebook."""
