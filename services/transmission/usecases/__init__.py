"""What can be done: one file a verb, one transaction each. No technology and no rule of the trade is put here."""
