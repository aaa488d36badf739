"""Where the packaged data, strategies and experiments live."""

from pathlib import Path

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
