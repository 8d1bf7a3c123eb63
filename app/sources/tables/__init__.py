"""Tables that people hand in: customers, and what was open on the first day."""
