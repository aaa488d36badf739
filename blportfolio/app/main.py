"""Entry of the dashboard, which `streamlit run` runs anew at each interaction."""

from blportfolio.app.shell import run

run()
