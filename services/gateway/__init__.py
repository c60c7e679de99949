"""The web user interface and the partners' door: pages and JSON in, gRPC out.

It has no domain, no use case and no store, on purpose: it never judges a figure, never decides who may do what, and keeps
nothing but web sessions. What it shows is what a service answered.
"""
