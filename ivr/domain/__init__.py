"""Rules of the business, without input or output: accounts, meters, readings, periods."""
