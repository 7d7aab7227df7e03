"""Real servers on loopback that tests talk to through real clients."""
