"""The commands, one file a domain."""
