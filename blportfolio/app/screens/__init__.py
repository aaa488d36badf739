"""The pages of the dashboard, one module or package each, with a function `page`."""
