"""Tables show figures as people write them."""

import json

from streamlit.testing.v1 import AppTest


def _draw():
    import pandas as pd
    import streamlit as st

    from blportfolio.app import show

    percent = st.column_config.NumberColumn(format="%.1f %%")
    frame = pd.DataFrame({"name": ["a", "b", "c", "d"], "x": [-0.04, -0.06, 0.04, None]})
    show.table(frame, columns={"x": percent}, key="t")


def test_a_table_has_no_minus_before_zero_and_nothing_where_no_figure_is():
    page = AppTest.from_function(_draw).run()
    assert not page.exception
    (table,) = page.dataframe
    assert table.value["x"].tolist()[:3] == [0.0, -0.06, 0.04]
    assert table.proto.placeholder == ""
    assert table.proto.HasField("placeholder")


def _chart():
    import altair as alt
    import pandas as pd

    from blportfolio.app import show

    drawn = alt.Chart(pd.DataFrame({"x": [1, 2], "y": ["a", "b"]})).mark_point().encode(y="y:N")
    show.chart(drawn, alt="Two names.")


def test_the_first_name_of_an_axis_stays_beside_its_row():
    page = AppTest.from_function(_chart).run()
    (chart,) = page.get("vega_lite_chart")
    assert json.loads(chart.proto.spec)["config"]["axisDiscrete"] == {"labelFlush": False}
