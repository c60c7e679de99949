"""Five servers on one machine: start them, load sample bodies, tell the story. Never for production."""
