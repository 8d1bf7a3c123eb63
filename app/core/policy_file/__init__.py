"""The policy as a manager writes it: read, checked, described."""
