"""What is true of a signature: canonical bytes, manifest, intent, receipt, log. Pure: no key, no file, no socket."""
