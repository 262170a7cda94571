"""
Notebook screens: read a control, ask ``solve``, hand the Answer to ``present``. No arithmetic, no state of their own.

May import everything but ``cli``; ipywidgets and anywidget from outside.
"""
