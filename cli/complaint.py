"""What the user can put right."""


class Complaint(Exception):
    """One line that says what is wrong and what to do about it."""


class Refused(Complaint):
    """The plan was shown, and the answer was no."""
