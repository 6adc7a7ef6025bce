"""What commands act through: the workspace, a place to print, and a way to ask."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from modelyard.errors import InvalidInput, NotAuthenticated, NotConnected

if TYPE_CHECKING:
    from modelyard.workspace import Workspace


class Session:
    """The state between commands.

    Parameters
    ----------
    connect: gives the workspace; called when a command first needs it.
    say: shows text.
    ask: shows a question and gives the answer; raises NotImplementedError where nobody can answer.
    prefix: how the user begins a command, for texts that teach the next step.
    """

    def __init__(
        self,
        connect: Callable[[], Workspace],
        say: Callable[[str], None],
        ask: Callable[[str], str],
        prefix: str = "%ml",
    ) -> None:
        self._connect = connect
        self._ask = ask
        self._workspace: Workspace | None = None
        self.say = say
        self.prefix = prefix

    @property
    def workspace(self) -> Workspace:
        """The workspace.

        Raises
        ------
        NotConnected, NotAuthenticated: see `Workspace`.
        """
        if self._workspace is None:
            self._workspace = self._connect()
        return self._workspace

    def forget(self, error: Exception) -> None:
        """Connect anew next time if the connection is what failed."""
        if isinstance(error, NotConnected | NotAuthenticated):
            self._workspace = None

    def confirm(self, question: str, *, yes: bool) -> bool:
        """Ask before something is destroyed; `yes` answers beforehand.

        Raises
        ------
        InvalidInput: nobody can be asked here.
        """
        if yes:
            return True
        try:
            answer = self._ask(f"{question} [y/N] ")
        except (NotImplementedError, EOFError):
            raise InvalidInput(
                "This asks before it destroys something, and nobody can answer here.",
                hint="Add --yes to go ahead without a question.",
                field="--yes",
            ) from None
        except KeyboardInterrupt:
            answer = ""
        agreed = answer.strip().lower() in ("y", "yes")
        if not agreed:
            self.say("Nothing was changed.")
        return agreed
