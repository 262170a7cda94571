"""
One chart a file. Each is a plain dict of plotly.js JSON, ``{"data": [...], "layout": {...}}``: quick to make, and the same
for the notebook, HTML, PNG, SVG and PDF. A chart shows and writes nothing.
"""
