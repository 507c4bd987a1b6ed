"""Who decided what, when and from what facts: every ledger's entries, in one hash chain a service."""
