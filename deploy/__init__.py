"""Running Evenhand: its PostgreSQL, its demo, its rules for Prometheus and Alertmanager."""
