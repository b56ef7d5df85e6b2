"""The commands `faceswap consent`: recording who agreed to what, looking at it, and putting it beside a model."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import click

from ..errors import OptionError
from .completing import complete_path

_PATH = click.Path(path_type=Path)


@click.group()
def command() -> None:
    """Record who agreed to a swap.

    A record stays where you put it; what is written with it carries its hash, by which you can show later that you
    had it. It is your word: nothing here checks who somebody is.
    """


@command.command()
@click.argument("file", type=_PATH, shell_complete=complete_path)
@click.option("--who", multiple=True, required=True, metavar="NAME", help="Who agreed (repeatable).")
@click.option("--for", "purpose", required=True, metavar="TEXT", help="What for.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), metavar="YYYY-MM-DD", help="The last day.")
@click.option("--by", "recorded_by", required=True, metavar="NAME", help="Who records it.")
def new(file: Path, who: tuple[str, ...], purpose: str, until: datetime | None, recorded_by: str) -> None:
    """Write a record to FILE."""
    from ...lib.provenance.consent import Consent, consent_hash, write_consent

    last = until.date() if until else None
    if last and last < date.today():
        raise OptionError(f"--until {last} is over; give a day to come, or none")
    write_consent(file, Consent(who, purpose, recorded_by, last))
    click.echo(f"{file}: sha256 {consent_hash(file)}")


@command.command()
@click.argument("file", type=_PATH, shell_complete=complete_path)
def show(file: Path) -> None:
    """Tell what FILE records, and its hash."""
    from ...lib.hashes import hash_of
    from ...lib.provenance.consent import read_consent

    record = read_consent(file)
    end = f"{record.until}{' (over)' if record.ended() else ''}" if record.until else "no end"
    click.echo(f"who: {', '.join(record.who)}\nwhat for: {record.purpose}\nuntil: {end}")
    click.echo(f"recorded: {record.recorded} by {record.recorded_by}\nsha256: {hash_of(file)}")


@command.command()
@click.argument("file", type=_PATH, shell_complete=complete_path)
@click.argument("model_dir", type=_PATH, shell_complete=complete_path)
def attach(file: Path, model_dir: Path) -> None:
    """Copy FILE into MODEL_DIR, so that each conversion with that model carries its hash.

    --consent of `faceswap convert` and `swap` names records for one run instead.
    """
    from ...lib.provenance import consent
    from ..training.saved_model import read_record

    read_record(model_dir)
    click.echo(f"attached: {consent.attach(file, model_dir)}")
