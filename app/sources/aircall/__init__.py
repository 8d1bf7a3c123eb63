"""Aircall."""
