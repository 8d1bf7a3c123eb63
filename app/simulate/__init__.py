"""A contact centre in miniature: drives the demo and the load."""
