"""Statistics on anyone's tables; they know no claim, panel or cohort of this compendium."""
