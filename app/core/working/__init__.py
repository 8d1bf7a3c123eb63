"""Every deadline shows its working: figures, and sentences that people read."""
