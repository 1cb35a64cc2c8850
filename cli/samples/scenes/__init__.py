"""What there is to photograph, and what it is drawn with."""
