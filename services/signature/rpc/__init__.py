"""How it is called: gRPC messages in and out. No rule of the trade is put here."""
