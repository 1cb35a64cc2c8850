"""What the user can put right."""


class Complaint(Exception):
    """One line that says what is wrong and what to do about it."""
