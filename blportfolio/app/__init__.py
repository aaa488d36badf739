"""The dashboard: pages over the library, with no finance of their own."""
