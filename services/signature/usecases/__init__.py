"""What can be done: one file per verb, one transaction each. No technology: what is needed of it is a port."""
