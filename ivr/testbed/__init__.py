"""The test bed: a scripted caller, a private Asterisk and the benchmarks. Nothing of the product imports it."""
