"""Where the packaged data, strategies and experiments live, and the cache of prices."""

import os
from pathlib import Path

import platformdirs

from blportfolio.errors import DataError


def packaged_folder(kind: str) -> Path:
    """Return the folder of packaged `data`, `strategies` or `backtests`.

    A wheel carries them inside the package; a checkout or an editable install has them beside it.

    Raises:
        DataError: If neither place has the folder.
    """
    package = Path(__file__).resolve().parents[1]
    for root in (package / "_packaged", package.parent):
        if (root / kind).is_dir():
            return root / kind
    raise DataError(f"The packaged folder {kind!r} is missing; reinstall blportfolio.")


def cache_folder() -> Path:
    """Return the folder of cached prices: BLPORTFOLIO_CACHE, else the user's own cache folder."""
    chosen = os.environ.get("BLPORTFOLIO_CACHE", "").strip()
    if chosen:
        return Path(os.path.expanduser(chosen))
    return platformdirs.user_cache_path("blportfolio") / "prices"
