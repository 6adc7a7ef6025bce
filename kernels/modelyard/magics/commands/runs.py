"""`%ml runs …` and the description of `%%ml run`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelyard.display import SHORT_ID, Column, Grid, Listing, ago, lasted, number
from modelyard.errors import InvalidInput, NotFound
from modelyard.magics.command import Argument, Command, Option, Parsed
from modelyard.magics.session import Session

if TYPE_CHECKING:
    from modelyard.tracking.run import Run

_SHOWN_METRICS = 3

_COLUMNS: list[Column[Run]] = [
    Column("Id", lambda r: r.id[:SHORT_ID]),
    Column("Name", lambda r: r.name),
    Column("Status", lambda r: r.info.status),
    Column("Experiment", lambda r: r.info.experiment),
    Column("Metrics", lambda r: _metrics(r)),
    Column("Began", lambda r: ago(r.info.created)),
    Column("Took", lambda r: lasted(r.info.started, r.info.ended)),
]


def _metrics(run: Run) -> str:
    found = [f"{key} {number(m.last)}" for key, m in sorted(run.info.metrics.items())]
    more = len(found) - _SHOWN_METRICS
    return ", ".join(found[:_SHOWN_METRICS]) + (f", {more} more" if more > 0 else "")


def find(session: Session, wanted: str) -> Run:
    """The run with that id, or the only one whose id begins with it.

    Raises
    ------
    NotFound: there is none.
    InvalidInput: several begin so.
    """
    if len(wanted) == 32:
        return session.workspace.runs.get(wanted)
    near = [r for r in session.workspace.runs.list(q=wanted) if r.id.startswith(wanted)]
    if not near:
        raise NotFound(
            f"No run's id begins with '{wanted[:60]}'.", hint=f"Look at: {session.prefix} runs list"
        )
    if len(near) > 1:
        raise InvalidInput(
            f"{len(near)} runs' ids begin with '{wanted}'.", hint="Give more of it.", field="ID"
        )
    return near[0]


def show_all(session: Session, args: Parsed) -> Listing[Run]:
    """Runs, newest first unless ordered otherwise."""
    found = session.workspace.runs.list(
        experiment=args.text("experiment") or None,
        q=args.text("filter"),
        order_by=args.text("order-by", "created"),
        descending=not args.flag("ascending"),
        limit=args.number("limit", 20),
    )
    empty = "No runs here yet. Make one: begin a cell with %%ml run --experiment my-experiment"
    return Listing(found, _COLUMNS, empty=empty)


def show(session: Session, args: Parsed) -> Run:
    """One run."""
    return find(session, args.text("id"))


def compare(session: Session, args: Parsed) -> Grid:
    """Parameters and metrics of several runs, side by side."""
    wanted = args.many("id")
    if len(wanted) < 2:
        raise InvalidInput(
            "Comparing takes at least two runs.",
            hint=f"For example: {session.prefix} runs compare 1f3a 9c2b",
            field="ID",
        )
    infos = [find(session, word).info for word in wanted]
    rows = [["status", *(info.status for info in infos)]]
    for key in sorted({key for info in infos for key in info.params}):
        rows.append([f"param {key}", *(info.params.get(key, "") for info in infos)])
    for key in sorted({key for info in infos for key in info.metrics}):
        values = (info.metrics.get(key) for info in infos)
        rows.append([f"metric {key}", *("" if v is None else number(v.last) for v in values)])
    return Grid(["", *(f"{info.name} ({info.id[:SHORT_ID]})" for info in infos)], rows)


def delete(session: Session, args: Parsed) -> None:
    """Delete a run, after asking; it can be restored, unless it goes for ever."""
    run = find(session, args.text("id"))
    if args.flag("forever"):
        question = f"Remove run '{run.name}' ({run.id[:SHORT_ID]}) and its files for ever?"
        if session.confirm(question, yes=args.flag("yes")):
            session.workspace.runs.delete(run.id, forever=True)
            session.say(f"Removed run '{run.name}' for ever.")
        return
    question = f"Delete run '{run.name}' ({run.id[:SHORT_ID]})? It can be restored."
    if session.confirm(question, yes=args.flag("yes")):
        session.workspace.runs.delete(run.id)
        session.say(f"Deleted run '{run.name}'; ws.runs.restore('{run.id}') brings it back.")


_ID = Argument("id", "a run's id, or how it begins")

RUN = Command(
    ("run",),
    "run the cell as a tracked run (begin the cell with it)",
    None,
    options=(
        Option("--experiment", "the experiment's name", required=True, names="experiments"),
        Option("--name", "the run's name; one is chosen without it"),
        Option("--tag", "a tag; may be given again", "pair"),
        Option("--param", "a parameter; may be given again", "pair"),
    ),
    examples=(
        "run --experiment breast-cancer",
        "run --experiment breast-cancer --name logreg --tag team=a --param C=1.0",
    ),
)

COMMANDS = [
    RUN,
    Command(
        ("runs", "list"),
        "runs, newest first",
        show_all,
        options=(
            Option("--experiment", "only those of this experiment", names="experiments"),
            Option("--filter", "only those that match, such as 'metrics.accuracy > 0.9'"),
            Option("--order-by", "created, name, metric.KEY or param.KEY; highest first"),
            Option("--ascending", "lowest, or oldest, first", "flag"),
            Option("--limit", "how many (default 20)", "int"),
        ),
        examples=(
            "runs list --experiment breast-cancer --order-by metric.accuracy",
            "runs list --filter 'metrics.accuracy > 0.9' --order-by metric.loss --ascending",
        ),
    ),
    Command(("runs", "show"), "one run", show, (_ID,), examples=("runs show 1f3a",)),
    Command(
        ("runs", "compare"),
        "parameters and metrics of several runs, side by side",
        compare,
        (Argument("id", "runs' ids, or how they begin", many=True),),
        examples=("runs compare 1f3a 9c2b",),
    ),
    Command(
        ("runs", "delete"),
        "delete a run; it can be restored, unless with --forever",
        delete,
        (_ID,),
        (
            Option("--forever", "with its files; it cannot be restored", "flag"),
            Option("--yes", "do not ask", "flag"),
        ),
        ("runs delete 1f3a", "runs delete 1f3a --forever"),
    ),
]
