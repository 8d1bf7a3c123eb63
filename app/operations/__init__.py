"""What the service does, read top to bottom; the only opener of transactions."""
