"""Keys in files, for development and tests: a small authority of our own, made at first start.

Production puts a PKCS#11 or remote provider beside this folder, with the same two files.
"""
