"""The clocks of one contact: when they run, and how they are judged."""
