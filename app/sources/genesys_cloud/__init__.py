"""Genesys Cloud."""
