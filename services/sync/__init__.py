"""Exchanges the shared facts of each body with the one peer server entitled to them.

Decides what may leave, to whom, in which order it arrived, whether two edits clash, and who must choose. It never
decides which value of a clash is right, never reads a filing, and never lets one federation see another.
"""
