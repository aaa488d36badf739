"""The dashboard: Streamlit pages over the library."""
