"""The ZUMA-1 study of the tumour microenvironment and CAR T cells: one module per part of notebook 12."""
