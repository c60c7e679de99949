"""The control engine: text to tree, tree to Python over Decimal, and the verdict.

Pure: no clock, no network, no database, no generated code. The controls themselves are data in `formsets/`;
no control is a Python function here.
"""
