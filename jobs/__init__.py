"""What must happen, decided in plain Python: no AWS, no pixels."""
