"""What is fetched rather than sent: files that are followed, servers that are asked."""
