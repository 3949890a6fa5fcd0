"""What is stored, and how: a folder for each topic."""
