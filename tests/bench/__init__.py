"""The benchmark: `python -m tests.bench` measures the running site; `docs/benchmarks.md` says how."""
