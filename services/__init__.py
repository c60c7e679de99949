"""What the system does: one package a service, the same rooms in each (see README.md here)."""
