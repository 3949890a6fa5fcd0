"""What the company does with a contact, whatever the channel."""
