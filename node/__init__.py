"""One running process that hosts one, several or all services of a stack."""
