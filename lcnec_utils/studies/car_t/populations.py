"""Cell populations of the study's stained panels, by the signs of their markers, and the times of its biopsies."""

T_CELLS = "CD3+"
CYTOTOXIC = "CD3+ CD8+"
HELPER = "CD3+ CD8- FOXP3-"
REGULATORY = "CD3+ CD8- FOXP3+"
BASELINE, EARLY, RELAPSE = "baseline", "early", "relapse"
# of T cells with and without immune checkpoints (PD-1, LAG-3, TIM-3), and with TOX, which the second panel stains
CHECKPOINTS = ("PD1", "LAG3", "TIM3")
NO_CHECKPOINT = " ".join(f"{marker}-" for marker in CHECKPOINTS)
EVERY_CHECKPOINT = " ".join(f"{marker}+" for marker in CHECKPOINTS)
MACROPHAGES, MONOCYTES, GRANULOCYTES = "CD68+", "CD11B+ CD14+ CD15-", "CD11B+ CD14- CD15+"
