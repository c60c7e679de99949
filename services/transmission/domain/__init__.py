"""What is true of releases and deliveries: pure values and decisions. No socket, no SQL, no clock read here."""
