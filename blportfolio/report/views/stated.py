"""Views typed by a person, one a line, with errors that name the line."""

from __future__ import annotations

from collections.abc import Sequence

from blportfolio.errors import ConfigError
from blportfolio.priors import View
from blportfolio.priors.views import group_name
from blportfolio.validation import nearest_name

MOST_LINES = 100


def read_views(text: str, assets: Sequence[str]) -> tuple[View, ...]:
    """Read views, one a line, in the notation of `View.from_text`.

    Empty lines and what follows a `#` at the beginning of a line are passed over.

    Args:
        text: Lines such as "AAPL beats MSFT by 2% per year" or "NVDA = 10% per year ± 5%".
        assets: Labels that a view may name.

    Returns:
        The views in their order; none for a text without any.

    Raises:
        ConfigError: Naming the line, the position in it and what was expected, or the nearest name
            of an unknown asset; or if there are more lines than `MOST_LINES`.
    """
    lines = text.splitlines()
    if len(lines) > MOST_LINES:
        raise ConfigError(
            f"There are {len(lines)} lines of views, more than {MOST_LINES}; state fewer views."
        )
    views = []
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            view = View.from_text(line.rstrip())
        except ConfigError as error:
            raise ConfigError(f"Line {number}: {error}") from error
        for name in view.pick:
            if group_name(name) is not None:
                raise ConfigError(
                    f"Line {number} names the group {name}, and there are no groups here; write "
                    "its members out, such as 0.5*A + 0.5*B."
                )
            if name not in assets:
                raise ConfigError(
                    f"Line {number} names {name!r}, which has no place in this window. "
                    f"{nearest_name(name, assets)}"
                )
        views.append(view)
    return tuple(views)
