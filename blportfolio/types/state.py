"""A frozen JSON document: what priors have learned, and tables of settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NoReturn


class FrozenState(dict[str, Any]):
    """A dict that `json.dumps` takes and nobody can change; lists in it become tuples.

    `FrozenState(json.loads(json.dumps(state)))` gives the state again.
    """

    def __init__(self, values: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> None:
        super().__init__({str(key): _frozen(value) for key, value in dict(values).items()})

    def __hash__(self) -> int:  # type: ignore[override]  # unlike a dict it cannot change
        """Hash the entries, whatever their order."""
        return hash(frozenset(self.items()))

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("This table cannot be changed; make a new one (a state: by `update`).")

    __setitem__ = __delitem__ = _refuse
    __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> tuple[type[FrozenState], tuple[dict[str, Any]]]:
        """Pickle as the dict it is made from."""
        return FrozenState, (dict(self),)


def _frozen(value: Any) -> Any:  # noqa: ANN401, any JSON value
    if isinstance(value, Mapping):
        return FrozenState(value)
    if isinstance(value, list | tuple):
        # Numbers, of which matrices are made, need no look.
        return tuple(value if set(map(type, value)) == {float} else map(_frozen, value))
    return value
