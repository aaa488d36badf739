"""The dashboard for `streamlit run app.py`, from any folder; `blportfolio app` is the same."""

from blportfolio.app.shell import run

run()
