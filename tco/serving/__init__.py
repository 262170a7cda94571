"""
What one replica can do: from a measured profile, or estimated from data sheets where nobody measured.

``profile`` fits the work model to the points inside a service level, ``operating`` tells latency and watts as load rises,
``datasheets`` puts a model and a GPU into the numbers of the roofline, ``estimate`` solves it. May import case, inputs,
model, units and errors; opens no file.
"""
