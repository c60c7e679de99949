"""Published file formats, one file each with the same three names: `MEDIA_TYPE`, `EXTENSION` and `write(content)`.

A format decides how values are laid out, never which values leave: that is `domain/export.py`. Nothing here reads a
filing, opens a socket or keeps a file.
"""
