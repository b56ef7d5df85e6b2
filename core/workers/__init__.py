"""Local worker processes: a pool in the parent, a loop in the child, lines of JSON between them."""
