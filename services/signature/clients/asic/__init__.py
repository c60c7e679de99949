"""ASiC-E containers with detached CAdES signatures (ETSI EN 319 162-1 and EN 319 122-1, level B-B).

No XML is ever transformed or signed as XML: the signature covers the bytes of the manifest, the manifest names the
digest of every file. What a reader uses is exactly what was hashed.
"""
