"""Any tool's JSON, by rules that an administrator wrote."""
