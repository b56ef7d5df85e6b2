"""The parts of the demo: its rendered footage, and the yardstick that only rendered footage has."""
