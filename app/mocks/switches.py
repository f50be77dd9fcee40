"""Switches of a mock: named values that can be read and changed while it runs."""

from collections.abc import Mapping

from app.mocks.wire import Malformed

Value = bool | float | str


class Switches:
    """A partner's switches; each keeps the kind of value it was made with."""

    def __init__(
        self, values: Mapping[str, Value], choices: Mapping[str, tuple[str, ...]] | None = None
    ) -> None:
        self._values = dict(values)
        self._choices = dict(choices or {})

    def is_on(self, name: str) -> bool:
        """Read a switch that is on or off."""
        return bool(self._values[name])

    def number(self, name: str) -> float:
        """Read a switch that holds a number."""
        return float(self._values[name])

    def word(self, name: str) -> str:
        """Read a switch that holds one of several words."""
        return str(self._values[name])

    def all(self) -> dict[str, Value]:
        """Return every switch with its value."""
        return dict(self._values)

    def change(self, wanted: Mapping[str, object]) -> None:
        """Set the named switches, all or none."""
        changed = {name: self._checked(name, value) for name, value in wanted.items()}
        self._values.update(changed)

    def _checked(self, name: str, value: object) -> Value:
        if name not in self._values:
            raise Malformed(f"Không có công tắc {name}; có: {', '.join(self._values)}")
        kind = type(self._values[name])
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if type(value) is not kind or (isinstance(value, float) and not value >= 0):
            raise Malformed(f"Giá trị của {name} phải là {kind.__name__} hợp lệ")
        if name in self._choices and value not in self._choices[name]:
            raise Malformed(f"{name} phải là một trong {', '.join(self._choices[name])}")
        return value
