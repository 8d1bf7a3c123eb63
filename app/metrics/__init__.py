"""Every metric name in one module; a snapshot becomes exposition text."""
