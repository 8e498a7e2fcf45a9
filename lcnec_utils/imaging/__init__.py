"""Microscope pictures: nuclei, lymphocytes, positive cells."""
