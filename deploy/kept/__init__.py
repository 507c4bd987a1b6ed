"""What `deploy.backup` writes and `deploy.restore` reads: a directory of compressed files, a manifest, digests."""
