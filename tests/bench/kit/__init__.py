"""Measurements of BGP speakers side by side: see ../README.md."""
