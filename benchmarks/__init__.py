"""How fast it is, beside its peer on the same work: `python -m benchmarks.run`."""
