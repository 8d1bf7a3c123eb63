"""Evenhand: who waits, against what was promised, and who is served first."""
