"""Ground floor: errors, paths, formats, parameters, provenance, findings."""
