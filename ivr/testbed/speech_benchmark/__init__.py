"""How well the line understands, and how fast: test sets, degradations, figures and the table of the model card."""
