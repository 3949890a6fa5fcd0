"""The journal of a call: its steps as values, and the form in which a store keeps them."""
