"""What survey platforms write: the layouts csat knows, how one is recognised, and how it is read."""
