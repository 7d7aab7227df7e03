"""What can go wrong for a person, in words that name the cause and the remedy.

Every class here is shown as it is: on the page, on the command line and in a receipt.
Anything else that is raised is a fault of ours.
"""


class FootnoteError(Exception):
    """A fault a user can meet. `str(error)` names the cause and the next step."""


class WrongUsage(FootnoteError):
    """The call cannot be understood or is not allowed as asked (exit status 2)."""


class NotFound(FootnoteError):
    """A library, origin, document or page that is not there."""


class Taken(FootnoteError):
    """A name that is in use; `add` says so when a key is held by other content."""


class Unreadable(FootnoteError):
    """A file that gives no text: wrong type, damaged, empty, over a limit."""


class NeedsPassword(Unreadable):
    """An encrypted file; the password was not given or is wrong."""


class Unreachable(FootnoteError):
    """A web address that gives no page just now."""


class Gone(Unreachable):
    """A web address whose server says that there is no such page."""


class HomeBusy(FootnoteError):
    """Another process owns the home folder and cannot be reached."""


class DiskFull(FootnoteError):
    """No space left; nothing of the change was kept."""


class EmbedderDiffers(FootnoteError):
    """The library was built with another embedder than the one chosen now."""


class ModelUnavailable(FootnoteError):
    """A model (embedder, reader or chat model) that cannot be loaded or reached."""


class Cancelled(FootnoteError):
    """The person stopped the work."""
