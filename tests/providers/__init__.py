"""Ways of paying, against servers and files that behave as the real ones may."""
