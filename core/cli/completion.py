"""The command `faceswap completion`: the script by which a shell completes commands, plugins and options."""

from __future__ import annotations

import click

from .completing import COMPLETE_VARIABLE, SHELLS

_WAYS = {
    "bash": (
        'eval "$(faceswap completion bash)"',
        "faceswap completion bash > ~/.local/share/bash-completion/completions/faceswap",
        "",
    ),
    "zsh": (
        'eval "$(faceswap completion zsh)"',
        "faceswap completion zsh > ~/.zfunc/_faceswap",
        "after mkdir -p ~/.zfunc; ~/.zshrc needs `fpath+=~/.zfunc` before `compinit`",
    ),
    "fish": (
        "faceswap completion fish | source",
        "faceswap completion fish > ~/.config/fish/completions/faceswap.fish",
        "",
    ),
}
"""Shell -> how to use its script in the running shell, how to keep it, and what that needs."""


def _how_to(shell: str) -> list[str]:
    now, always, needs = _WAYS[shell]
    return [f"in this shell: {now}", f"in all shells: {always}", *([f"  ({needs})"] if needs else [])]


def _examples() -> str:
    """What can be completed, and the ways of all shells."""
    shown = (
        "faceswap extract --detector <TAB>                        the installed detectors",
        "faceswap extract --detector mtcnn --detector.<TAB>       its options",
        "faceswap plugins info <TAB>                              kinds, then names",
    )
    ways = "\n\n".join("\b\n" + "\n".join([f"{shell}, {line}" for line in _how_to(shell)]) for shell in SHELLS)
    return "\b\n" + "\n".join(shown) + "\n\n" + ways


@click.command(epilog=_examples())
@click.argument("shell", type=click.Choice(list(SHELLS)))
def command(shell: str) -> None:
    """Print the script that lets SHELL complete commands, plugins and their options with the TAB key."""
    from .main import cli

    script = SHELLS[shell](cli, {}, "faceswap", COMPLETE_VARIABLE).source()
    click.echo("\n".join([script.rstrip(), "", *(f"# {line}" for line in _how_to(shell))]))
