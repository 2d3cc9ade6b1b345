"""The parts of a structural model's result: `sem` and `cfa` put them together."""
