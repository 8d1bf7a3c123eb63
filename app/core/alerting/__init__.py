"""What alerts on, and who is told, as far as the policy decides it: plain values, no files."""
