"""JupyterLab as `make lab` and Binder open it: at the project's top, on the first notebook, contents beside."""

import shutil
from pathlib import Path

from jupyterlab_server.workspaces_handler import WORKSPACE_EXTENSION, slugify

HERE = Path(__file__).resolve().parent
NAME = "reading-room"
# JupyterLab writes over a workspace; each start begins with ours
WORKSPACES = HERE.parent / "build" / "lab" / "workspaces"
WORKSPACES.mkdir(parents=True, exist_ok=True)
shutil.copyfile(HERE / f"{NAME}.json", WORKSPACES / (slugify(NAME) + WORKSPACE_EXTENSION))

c = get_config()  # noqa: F821
c.ServerApp.root_dir = str(HERE.parent)
c.ServerApp.tornado_settings = {"static_custom_path": [str(HERE / "custom")]}  # custom.css
c.LabApp.workspaces_dir = str(WORKSPACES)
c.LabApp.default_url = f"/lab/workspaces/{NAME}/tree/notebooks/00_start_here.ipynb"
c.LabApp.custom_css = True
