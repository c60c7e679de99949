"""Pages and JSON: routes, templates, static files, sessions, and the one switch from failures to answers.

No figure is judged and no right is decided here; no message of the wire is known here either.
"""
