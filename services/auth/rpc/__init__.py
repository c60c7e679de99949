"""How this service is called over gRPC: decode, call one use case, encode. No rule may be put here."""
