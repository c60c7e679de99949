"""Transmission: decides who may receive a signed filing, delivers it to them, and keeps who received what.

It never decides what a filing says, never signs, and never sends anything the signed release terms do not name.
"""
