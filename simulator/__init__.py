"""A synthetic Zhejiang with ground truth, for demo, tests and benchmarks."""
