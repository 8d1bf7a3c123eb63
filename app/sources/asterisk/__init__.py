"""Asterisk."""
