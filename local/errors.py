"""What can go wrong with an AWS on a laptop; each message is one line that says what to do."""


class LocalError(Exception):
    """The root of the rest."""


class NotSetUp(LocalError):
    """Something that set-up brings is not there."""


class PortTaken(LocalError):
    """Another program listens where the embedded AWS was asked to."""


class DidNotStart(LocalError):
    """The embedded AWS ended, or did not answer in time."""


class StackFailed(LocalError):
    """CloudFormation could not create or delete the stack."""


class TemplateUnreadable(LocalError):
    """The template says something that is not understood here."""
