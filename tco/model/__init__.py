"""
The arithmetic: pure functions of floats or arrays with unit names. No files, clocks, logging or inputs classes.

May import ``units`` and numpy, and nothing else; every function is the same for a point, a sweep and ten thousand draws.
"""
