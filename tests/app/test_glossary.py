"""Every term that a page explains has its sentence."""

import ast

import pytest
from helpers import ROOT

from blportfolio.app.glossary import GLOSSARY, NAMES, name_of, term
from blportfolio.app.glossary.figures import FIGURES
from blportfolio.app.glossary.forecasts import FORECASTS
from blportfolio.app.glossary.model import MODEL
from blportfolio.app.glossary.records import RECORDS

PAGES = sorted((ROOT / "blportfolio" / "app").rglob("*.py"))


def keys_in(path):
    """Keys that are given to `term` as they stand."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "term":
            yield from (
                leaf.value
                for leaf in ast.walk(node.args[0])
                if isinstance(leaf, ast.Constant) and isinstance(leaf.value, str)
            )


def test_every_term_that_a_page_asks_for_has_a_sentence():
    asked = {(path.name, key) for path in PAGES for key in keys_in(path)}
    assert len(asked) > 60
    assert {(file, key) for file, key in asked if key not in GLOSSARY} == set()


def test_no_term_is_explained_twice():
    parts = (MODEL, FIGURES, FORECASTS, RECORDS)
    keys = [key for part in parts for key in part]
    assert len(keys) == len(set(keys))
    assert set(NAMES) <= set(GLOSSARY)
    names = [name_of(key) for key in GLOSSARY]
    assert len(names) == len(set(names))


def test_terms_are_explained_in_short_sentences_that_markdown_shows_as_they_stand():
    for key, sentence in GLOSSARY.items():
        assert sentence.endswith((".", "?")), key
        assert len(sentence) <= 200, key
        assert not set(sentence) & set("*<>$#~[]"), key


def test_an_unknown_term_is_an_error_of_ours():
    with pytest.raises(KeyError):
        term("no such term")
