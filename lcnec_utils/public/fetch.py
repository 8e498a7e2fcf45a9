"""A public file on disk, its SHA-256 checked: from LCNEC_DATA_DIR, the cache, a mirror, or its pinned URL."""

import os
import warnings
from functools import cache
from pathlib import Path

from lcnec_utils.core import provenance
from lcnec_utils.core.errors import UserError

REGISTRY = Path(__file__).with_name("registry.yaml")
TIMEOUT_SECONDS = 30


class DownloadError(UserError):
    """A public file that cannot be had, or whose content is not what the registry says."""


@cache
def registry() -> dict:
    """The registry: `datasets` (files with SHA-256, base_url, urls of files elsewhere, licence) and their `cohorts`."""
    import yaml

    return yaml.safe_load(REGISTRY.read_text(encoding="utf-8"))


def _remedy(dataset: str, file: str) -> str:
    return f"connect, or put the file at {dataset}/{file} in a folder named by LCNEC_DATA_DIR"


def fetch(dataset: str, file: str) -> Path:
    """The path of a registered file with the registered content.

    Looks in `$LCNEC_DATA_DIR/<dataset>/<file>`, then in the cache ($LCNEC_CACHE_DIR or the user's), then downloads
    from `$LCNEC_MIRROR/<dataset>/<file>` or the registry's URL. Raises DownloadError in one line.
    """
    with warnings.catch_warnings():  # of a progress bar that a notebook lacks; nothing a reader can mend
        warnings.simplefilter("ignore")
        import pooch

    entry = registry()["datasets"][dataset]
    sha256 = entry["files"][file]
    if folder := os.environ.get("LCNEC_DATA_DIR"):
        path = Path(folder).expanduser() / dataset / file
        if path.exists():
            if provenance.of_file(path) != sha256:
                raise DownloadError(
                    f"{dataset}/{file} in LCNEC_DATA_DIR is not the registered file (its SHA-256 differs); "
                    "delete it and download again"
                )
            return path
    mirror = os.environ.get("LCNEC_MIRROR")
    url = (
        f"{mirror.rstrip('/')}/{dataset}/{file}"
        if mirror
        else entry.get("urls", {}).get(file, entry["base_url"] + file)
    )
    store = Path(os.environ.get("LCNEC_CACHE_DIR") or pooch.os_cache("lcnec-compendium")) / dataset
    pooch.get_logger().setLevel("WARNING")
    try:
        downloaded = pooch.retrieve(
            url=url,
            known_hash=f"sha256:{sha256}",
            fname=Path(file).name,
            path=(store / file).parent,
            downloader=pooch.HTTPDownloader(timeout=TIMEOUT_SECONDS),
        )
    except ValueError:
        raise DownloadError(
            f"{dataset}/{file} from {url} is not the registered file (its SHA-256 differs); try later, or "
            + _remedy(dataset, file)
        ) from None
    except Exception as error:  # requests raises a dozen kinds; each means that the file did not come
        reason = type(error).__name__
        raise DownloadError(f"{dataset}/{file} cannot be downloaded ({reason}); {_remedy(dataset, file)}") from None
    return Path(downloaded)
