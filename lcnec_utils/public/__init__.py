"""Real public cohorts: where each file comes from (registry.yaml), how it is fetched, how it becomes a study folder."""
