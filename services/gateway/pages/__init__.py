"""Pages for staff and for everybody: rendered here, over what the services already do."""
