"""How the exchange is called: gRPC in. No business ``if`` here."""
