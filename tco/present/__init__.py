"""
Answers out: a Ledger or an Answer becomes something to read. No arithmetic beyond what display needs.

May import model, solve, scenario, inputs, units and errors; pandas, kaleido and the like only inside the function that
needs them.
"""
