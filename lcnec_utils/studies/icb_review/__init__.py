"""The review of resistance to checkpoint blockade."""
