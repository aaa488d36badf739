"""The Overview page without a browser."""

import pytest

from blportfolio.runs.stored import read_run, reference_run


def texts(page):
    parts = [*page.markdown, *page.caption, *page.info, *page.warning, *page.header]
    return "\n".join(part.value for part in parts)


def test_at_first_the_packaged_run_is_shown_and_called_an_example(open_page):
    page = open_page("overview")
    shown = texts(page)
    assert "Example run, packaged" in shown
    assert "Survivorship" in shown
    assert "investment advice" in shown
    assert not page.error


def test_the_table_holds_every_strategy_and_the_run_s_own_figures(open_page):
    page = open_page("overview")
    table = page.dataframe[0].value
    run = read_run(reference_run())
    names = [name.removesuffix(" ◆") for name in table["Strategy"]]
    assert names == [record["name"] for record in run.summary["strategies"]]
    assert "Equal weight" in names
    for row, record in zip(table.itertuples(), run.summary["strategies"], strict=True):
        assert row[2] == pytest.approx(record["net_annualised_return"], rel=1e-12)
        assert row[4] == pytest.approx(record["sharpe_ratio"], rel=1e-12)


def test_it_says_to_when_its_data_go_which_run_and_which_commit(open_page):
    manifest = read_run(reference_run()).manifest
    shown = texts(open_page("overview"))
    assert "Data to 2022-12-28" in shown
    assert manifest["git_commit"][:7] in shown


def test_a_shorter_period_changes_the_figures(open_page):
    everything = open_page("overview").dataframe[0].value
    latest = open_page("overview", state={"period": "1Y"}).dataframe[0].value
    assert list(latest["Strategy"]) == list(everything["Strategy"])
    assert (latest["Growth"] != everything["Growth"]).all()


def test_gross_figures_are_higher_than_net_ones(open_page):
    net = open_page("overview").dataframe[0].value
    page = open_page("overview", state={"costs": "gross"})
    assert (page.dataframe[0].value["Growth"] > net["Growth"]).all()
    assert "before costs" in texts(page)


def test_without_any_run_it_says_what_to_do(open_page, no_runs):  # noqa: ARG001
    page = open_page("overview")
    assert "There is no run to show" in texts(page)
    assert "blportfolio backtest" in texts(page)
    assert not page.dataframe


def test_a_damaged_run_is_a_sentence_and_the_rest_of_the_page_stands(open_page, damaged_run):
    page = open_page("overview")
    label = next(name for name in page.selectbox(key="run").options if "copied" in name)
    page.selectbox(key="run").set_value(label).run()
    assert not page.exception
    assert any("damaged" in error.value for error in page.error), damaged_run
    assert "What to do next" in texts(page)
