"""Business time: when people are there, and how much of it has passed."""
