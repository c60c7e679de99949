"""How validation is called: decode, call a use case, encode. No rule of the business here."""
