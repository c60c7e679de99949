"""What can be done with people, partners and sessions: one file a verb, one transaction each. No technology here."""
