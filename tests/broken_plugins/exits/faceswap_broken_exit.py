"""Ends the program when it is imported."""

exit()
