"""What the systems are: pure definitions over any number type."""
