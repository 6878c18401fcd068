"""What the service does by itself; each job may also be run by hand, twice at once, and be killed anywhere."""
