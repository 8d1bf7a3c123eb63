"""Twilio: TaskRouter, Voice and Event Streams."""
