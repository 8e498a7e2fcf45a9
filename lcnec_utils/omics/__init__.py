"""Genomes and transcriptomes of a cohort."""
