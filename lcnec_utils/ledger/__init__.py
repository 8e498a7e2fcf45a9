"""What the sources print, and how a finding answers it."""
