"""What every plugin kind shares."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict


class PluginOptions(BaseModel):
    """Base of every plugin's options: frozen, validated, unknown names refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Refuses option names that hide a pydantic attribute, which would break the option silently."""
        hidden = sorted(name for name in cls.model_fields if hasattr(BaseModel, name))
        if hidden:
            raise TypeError(f"Option '{hidden[0]}' of {cls.__qualname__} hides a pydantic attribute; rename it.")
        super().__pydantic_init_subclass__(**kwargs)


class Plugin:
    """What all kinds share.

    Args:
        options: The plugin's options; its defaults when None.

    Raises:
        TypeError: `options` is not of the plugin's own `Options` class.
    """

    class Options(PluginOptions):
        """The plugin has no options."""

    kind: ClassVar[str] = ""
    backend: ClassVar[str | None] = None
    """The Keras backend that the plugin cannot do without; None when it has no wish."""

    options: PluginOptions

    def __init__(self, options: PluginOptions | None = None) -> None:
        if options is not None and not isinstance(options, self.Options):
            wanted = f"{type(self).__name__}.Options"
            raise TypeError(f"{wanted} was expected. Received: {type(options).__qualname__}")
        self.options = self.Options() if options is None else options

    @property
    def reads_weights(self) -> bool:
        """Whether `load` reads the files that the module declares in `WEIGHTS`; may depend on the options."""
        return True

    def load(self) -> None:
        """Does the heavy work (reads weights, imports frameworks); called once before the first call."""
