"""The business rules: pure, synchronous, standard library only; every number is a field of the plan."""
