"""What several machines need beside the manifests: servers that others run, made ready for the services."""
