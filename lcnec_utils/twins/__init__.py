"""Simulated cohorts ("twins"): patients drawn at random, conditioned on what the sources print."""
