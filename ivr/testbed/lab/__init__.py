"""A private Asterisk for demo and tests: own configuration, loopback only, built where none is installed."""
