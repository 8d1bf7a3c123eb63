"""The built-in live page and its event stream."""
