"""A cohort on disk: the one room that reads, judges and writes its files."""
