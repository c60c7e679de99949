"""Reads uploaded files behind walls: what is looked at before a reader opens the file, the readers, the disposable process.

Everything here but `pool.py` runs inside that process: it knows files and form sets, never a database or a filing.
"""

PDF = "pdf"
"""Asked of the disposable process instead of a form set, by who has a PDF to look into."""
