"""``python -m services.transmission``: this service alone in a process."""
