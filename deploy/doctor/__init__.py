"""Looks at a deployment from outside: the gateway as anybody reaches it, the two servers as the operator."""
