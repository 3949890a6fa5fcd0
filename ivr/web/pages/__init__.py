"""The pages, a module for each entry of the menu. How to add one: see the package ivr.web."""
