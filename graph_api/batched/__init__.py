"""Reads that answer many keys in one round trip: cards, pages, sales and teams of promoters; orders, products, plans."""
