"""Frozen states: JSON that nobody can change."""

import copy
import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blportfolio.types import FrozenState

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)
DOCUMENTS = st.dictionaries(st.text(), VALUES, max_size=4)


@given(DOCUMENTS)
def test_a_state_is_equal_after_json_pickle_and_copies(document):
    state = FrozenState(document)
    for again in (
        FrozenState(json.loads(json.dumps(state))),
        pickle.loads(pickle.dumps(state)),  # noqa: S301, our own bytes
        copy.deepcopy(state),
        copy.copy(state),
        FrozenState(state),
    ):
        assert again == state
        assert type(again) is FrozenState
    assert json.loads(json.dumps(state)) == document


@given(DOCUMENTS)
def test_it_keeps_nothing_of_the_document_that_could_change(document):
    before = copy.deepcopy(document)
    state = FrozenState({"inside": document, "listed": [document]})
    document["new"] = 1
    assert state == FrozenState({"inside": before, "listed": [before]})


STATE = FrozenState({"a": 1, "b": {"c": [1, {"d": 2}]}})


@pytest.mark.parametrize("part", [STATE, STATE["b"], STATE["b"]["c"][1]], ids=["", "b", "d"])
@pytest.mark.parametrize(
    "change",
    [
        lambda s: s.__setitem__("a", 2),
        lambda s: s.__delitem__(next(iter(s))),
        lambda s: s.update(a=2),
        lambda s: s.update({"a": 2}),
        lambda s: s.setdefault("new", 2),
        lambda s: s.pop(next(iter(s))),
        lambda s: s.popitem(),
        lambda s: s.clear(),
        lambda s: s.__ior__({"a": 2}),
    ],
    ids=["set", "del", "update", "update dict", "setdefault", "pop", "popitem", "clear", "ior"],
)
def test_it_cannot_be_changed_at_any_depth(part, change):
    before = copy.deepcopy(part)
    with pytest.raises(TypeError, match="cannot be changed"):
        change(part)
    assert part == before


def test_lists_in_it_are_tuples():
    assert STATE["b"]["c"] == (1, {"d": 2})
    with pytest.raises(TypeError):
        STATE["b"]["c"][0] = 5


def test_a_union_makes_a_plain_dict_and_leaves_the_state():
    before = copy.deepcopy(STATE)
    union = STATE | {"a": 2}
    assert union["a"] == 2
    assert before == STATE


def test_states_that_are_equal_hash_alike_whatever_the_order_of_their_entries():
    turned = FrozenState({"b": {"c": (1, {"d": 2})}, "a": 1})
    assert turned == STATE
    assert hash(turned) == hash(STATE)
    assert hash(FrozenState({"a": 2})) != hash(FrozenState({"a": 1}))
