"""
Questions: each asks ``evaluate`` many times and returns one Answer, a small frozen dataclass.

May import evaluate, case, inputs, options, model and units.
"""
