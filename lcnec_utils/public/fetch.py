"""A public file on disk, its digest checked: from LCNEC_DATA_DIR, the cache, a mirror, or its pinned URL.

The digest is a SHA-256, or of larger files that nobody here has had the id that git gives their content.
"""

import hashlib
import os
import warnings
from functools import cache
from pathlib import Path

from lcnec_utils.core import provenance
from lcnec_utils.core.errors import UserError

REGISTRY = Path(__file__).with_name("registry.yaml")
TIMEOUT_SECONDS = 30
GIT = "git:"  # before a digest that is the id git gives a file's content, not a SHA-256


class DownloadError(UserError):
    """A public file that cannot be had, or whose content is not what the registry says."""


@cache
def registry() -> dict:
    """The registry: `datasets` (files with SHA-256, larger_files with git's id, base_url, urls of files elsewhere,
    licence) and their `cohorts`."""
    import yaml

    return yaml.safe_load(REGISTRY.read_text(encoding="utf-8"))


def _remedy(dataset: str, file: str) -> str:
    return f"connect, or put the file at {dataset}/{file} in a folder named by LCNEC_DATA_DIR"


def git_blob_id(path: Path) -> str:
    """The id that git gives a file's content: SHA-1 over its length and its bytes (as `git hash-object` prints it).

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "greeting.txt"
    ...     _ = path.write_bytes(b"hello world\\n")
    ...     git_blob_id(path)
    '3b18e512dba79e4c8300dd08aeb37f8e728b8dad'
    """
    digest = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with open(path, "rb") as handle:
        for block in iter(lambda: handle.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def _differs(path: Path, registered: str) -> str:
    """Which digest of a file is not the registered one; empty where it is."""
    if registered.startswith(GIT):
        return "" if git_blob_id(path) == registered.removeprefix(GIT) else "git blob id"
    return "" if provenance.of_file(path) == registered else "SHA-256"


def fetch(dataset: str, file: str) -> Path:
    """The path of a registered file with the registered content.

    Looks in `$LCNEC_DATA_DIR/<dataset>/<file>`, then in the cache ($LCNEC_CACHE_DIR or the user's), then downloads
    from `$LCNEC_MIRROR/<dataset>/<file>` or the registry's URL. Raises DownloadError in one line.
    """
    with warnings.catch_warnings():  # of a progress bar that a notebook lacks; nothing a reader can mend
        warnings.simplefilter("ignore")
        import pooch

    entry = registry()["datasets"][dataset]
    registered = (entry["files"] | entry.get("larger_files", {}))[file]
    if folder := os.environ.get("LCNEC_DATA_DIR"):
        path = Path(folder).expanduser() / dataset / file
        if path.exists():
            if digest := _differs(path, registered):
                raise DownloadError(
                    f"{dataset}/{file} in LCNEC_DATA_DIR is not the registered file (its {digest} differs); "
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
            known_hash=None if registered.startswith(GIT) else f"sha256:{registered}",
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
    if registered.startswith(GIT) and _differs(Path(downloaded), registered):  # pooch does not know this digest
        Path(downloaded).unlink()
        raise DownloadError(
            f"{dataset}/{file} from {url} is not the registered file (its git blob id differs); try later, or "
            + _remedy(dataset, file)
        )
    return Path(downloaded)
