"""Validation decides whether figures hold together: it computes derived cells and runs the official controls.

It never changes what a filer typed, never decides who may see a filing, and never blocks a save for a business
control: a failed control is a result, not an error. Of its own it keeps only justifications.
"""
