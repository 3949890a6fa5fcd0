"""The telephone: AGI, the manager of Asterisk, and the calls on them."""
