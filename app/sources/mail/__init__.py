"""Mail (RFC 5322): what one message, by its headers and addresses alone, tells of whose contact."""
