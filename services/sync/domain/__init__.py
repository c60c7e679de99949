"""What is true of the exchange: causality, streams, batches, entitlement, conflicts.

Not here: sockets, clocks, random numbers, SQL, protobuf. Time and randomness come in as arguments, signatures through
the two ports of ``signing``.
"""
