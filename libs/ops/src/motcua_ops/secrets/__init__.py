"""The Secrets that the charts name by `existingSecret`: made here or brought by the operator, never by the charts."""
