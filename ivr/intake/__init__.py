"""What the company does with a contact, whatever the channel: no prompt, no SQL, no telephone."""
