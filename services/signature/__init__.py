"""Signature: makes a frozen filing provable. It binds bytes, a person and a time, and can prove the binding to outsiders.

It decides who may sign what (step-up, freshness, one signature per filing version and role), writes the intent down
before any key is used, seals exactly the bytes that were shown, and logs every seal in an append-only Merkle tree.

It never computes an amount, never decides who receives a filing, and imports nothing of another service: an auditor
reads this folder, the protobuf contract and the chassis, and nothing else.
"""
