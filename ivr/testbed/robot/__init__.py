"""A scripted caller on a real SIP leg: demo, tests and benchmarks ring the real thing with it."""
